"""Passes recon's progress on to the client, and collects its messages."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from anyio import from_thread
from mcp.server.mcpserver import Context

from recon.journal import Entry, Journal
from recon_mcp.words import for_agent

_LEAST_STEP = 0.05


class ProgressJournal(Journal):
    """Each stage is one step of the progress; used in a worker thread of the server."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._stages = 0

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Sends the name of the stage, and within a stage every 20th of it."""
        start, shown = float(self._stages), 0.0
        self._stages += 1
        self._send(start, name)

        def advance(done: float) -> None:
            nonlocal shown
            share = min(done / total, 0.99) if total else 0.0
            if share >= shown + _LEAST_STEP:
                shown = share
                self._send(start + share, name)

        yield advance

    def _send(self, progress: float, message: str) -> None:
        from_thread.run(self._context.report_progress, progress, None, message)

    def decisions(self, topics: Collection[str]) -> list[str]:
        """The decisions on these topics."""
        return self._messages(lambda entry: entry.kind == "decision" and entry.topic in topics)

    @property
    def warnings(self) -> list[str]:
        """All warnings, each once."""
        return self._messages(lambda entry: entry.kind == "warning")

    def _messages(self, chosen: Callable[[Entry], bool]) -> list[str]:
        # Options have other names here than on the command line.
        return list(dict.fromkeys(for_agent(entry.message) for entry in self.entries if chosen(entry)))
