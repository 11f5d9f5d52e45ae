"""Asks a thread for pictures: quick ones while a slider is dragged, and the whole picture when it rests."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.picture import Picture
from recon_viewer.model.state import State

_SETTLED_S = 0.25
"""Delay after a slider's last move before the full scene replaces its preview, s; the drag may continue."""
_PATIENCE_S = 3.0
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Request:
    state: State
    preview: bool
    few: bool


class Painting:
    """Paints the newest state; nothing here blocks."""

    def __init__(self) -> None:
        painter = Painter()
        self._thread: Latest[_Request, Picture] = Latest(
            lambda asked: painter.paint(asked.state, preview=asked.preview, few=asked.few)
        )
        self._settle_at: float | None = None

    @property
    def is_drawing(self) -> bool:
        """Whether a picture is still being computed."""
        return not self._thread.idle

    @property
    def idle(self) -> bool:
        """Whether the last picture is there, and none follows it."""
        return self._settle_at is None and self._thread.idle

    def ask(
        self, state: State, *, preview: bool = False, few: bool = False, dragged: bool | None = None
    ) -> None:
        """Asks for the picture of a state.

        Args:
            state: The state to show.
            preview: Whether with few of the active layer's pixels; all follow.
            few: Whether with what is drawn while the camera moves.
            dragged: Whether a slider is dragged, so that the whole picture follows when it rests; None: as before.
        """
        if dragged is not None:
            self._settle_at = time.monotonic() + _SETTLED_S if dragged else None
        self._thread.ask(_Request(state, preview, few))

    def take(self, now: State) -> Picture | None:
        """The newest picture, if there is one; asks for a whole one if it is time for that.

        Args:
            now: The current state.
        """
        if self._settle_at is not None and time.monotonic() > self._settle_at:
            self._settle_at = None
            self.ask(now)
        painted = self._thread.take()
        if painted is None:
            return None
        is_preview = painted.preview and painted.problem is None and painted.state is now
        if is_preview and self._settle_at is None:
            self.ask(now)
        return painted

    def end(self) -> None:
        """Makes the thread end after its current work."""
        self._thread.end()


class Latest(Generic[T, R]):
    """A thread that processes the newest request; older requests that have not started are dropped."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work = work
        self._wake = threading.Condition()
        self._request: list[T] = []
        self._results: queue.SimpleQueue[R | BaseException] = queue.SimpleQueue()
        self._busy = self._ended = False
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def ask(self, request: T) -> None:
        """Queues a request, replacing one that has not started."""
        with self._wake:
            self._request = [request]
            self._wake.notify()

    @property
    def idle(self) -> bool:
        """Whether there is no request and no result to take."""
        with self._wake:
            return not self._request and not self._busy and self._results.empty()

    def take(self) -> R | None:
        """The newest result, or None. Raises exceptions of the work, which are bugs."""
        newest: R | BaseException | None = None
        while True:
            try:
                newest = self._results.get_nowait()
            except queue.Empty:
                break
        if isinstance(newest, BaseException):
            raise newest
        return newest

    def end(self) -> None:
        """Makes the thread end after its current work."""
        with self._wake:
            self._ended, self._request = True, []
            self._wake.notify()
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._request and not self._ended:
                    self._wake.wait()
                if self._ended:
                    return
                request = self._request.pop()
                self._busy = True
            try:
                made: Any = self._work(request)
            except BaseException as error:
                made = error
            with self._wake:
                self._busy = False
                self._results.put(made)
            del made, request
