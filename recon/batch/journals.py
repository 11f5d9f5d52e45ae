"""Journals that forward progress and entries to the listener of a batch."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recon.batch.events import Event, Noted, Progress
from recon.journal import Entry, Journal

Emit = Callable[[Event], None]


class ItemJournal(Journal):
    """The journal of one photo: keeps its entries, and reports the stages of the network.

    Args:
        name: Name of the photo.
        emit: Receives the events.
        network: The thread of the network; stages in other threads run in parallel and are not reported.
    """

    def __init__(self, name: str, emit: Emit, network: threading.Thread) -> None:
        super().__init__()
        self._name, self._emit, self._network = name, emit, network

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Reports the stage, its progress and its end."""
        if threading.current_thread() is not self._network:
            yield lambda done: None
            return
        self._emit(Progress(self._name, name))
        yield lambda done: self._emit(Progress(self._name, name, done / total if total else None))
        self._emit(Progress(self._name, ""))


class SharedJournal(ItemJournal):
    """The journal for all photos: entries are reported immediately."""

    def __init__(self, emit: Emit, network: threading.Thread) -> None:
        super().__init__("", emit, network)

    def show(self, entry: Entry) -> None:
        """Reports the entry."""
        self._emit(Noted(entry))
