"""The journal of a job: it forwards what happens, and is where a cancelled or late job stops."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recon.journal import Entry, Journal
from recon_serve.jobs import Event

_LEAST_STEP = 0.02
"""Of the share that is done, between two events."""


class Cancelled(BaseException):
    """Nobody wants the result any more; not an ``Exception``, so that no library catches it."""


class LateError(Cancelled):
    """The job has used up its time."""


class JobJournal(Journal):
    """Sends entries and progress to a job; raises ``Cancelled`` at the next step, or operation of a network."""

    def __init__(
        self, send: Callable[[Event], None], cancelled: threading.Event, *, most_s: float, folder: str
    ) -> None:
        """Takes a folder whose name is private: it is cut out of messages."""
        super().__init__()
        self._send, self._cancelled, self._folder = send, cancelled, folder
        self._end_s = time.monotonic() + most_s

    def check(self) -> None:
        """Stops a job that is cancelled or late."""
        if self._cancelled.is_set():
            raise Cancelled
        if time.monotonic() > self._end_s:
            raise LateError

    def show(self, entry: Entry) -> None:
        """Sends decisions and warnings."""
        self.check()
        if entry.kind != "detail":
            self._send(Event(entry.kind, without(self._folder, entry.message)))

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """Sends the start, and the progress in steps."""
        self.check()
        last = 0.0

        def done(amount: float) -> None:
            nonlocal last
            self.check()
            share = min(amount / total, 1.0) if total else None
            if share is not None and share - last >= _LEAST_STEP:
                last = share
                self._send(Event("progress", name, share))

        self._send(Event("stage", name, 0.0 if total else None))
        yield done
        self.check()


def without(folder: str, message: str) -> str:
    """A message without the folder of its files, which is private."""
    return (
        message.replace(f"{folder}/", "").replace(f"{folder}\\", "").replace(folder, "the service's folder")
    )
