"""The times of a video's frames, and what is odd about them."""

from typing import Any


class Timeline:
    """Counts times on where a file holds several recordings, one behind the other, and notes changes of size."""

    def __init__(self, name: str, rate: float, warnings: list[str]) -> None:
        """Takes the file's name, its frames per second, and the list that receives each warning once."""
        self.last_s = 0.0
        """Time of the latest frame, s from the start."""
        self._name, self._rate, self._warnings = name, rate, warnings
        self._start_s: float | None = None
        self._size: tuple[int, int] | None = None
        self._warned: set[str] = set()

    def add(self, frame: Any, index: int) -> float:
        """The time of the next decoded frame, s from the start; never before the one before it."""
        time_s = index / self._rate if frame.time is None else float(frame.time)
        if self._start_s is None:
            self._start_s = time_s
        if time_s - self._start_s < self.last_s:
            self._start_s = time_s - self.last_s - 1 / self._rate
            self._warn(
                "times",
                f"the times of the frames go back at {self.last_s:.1f} s, as in several recordings behind one "
                "another: they are counted on",
            )
        self.last_s = time_s - self._start_s
        size = (frame.width, frame.height)
        if self._size not in (None, size):
            self._warn(
                "size", f"the frames change their size to {size[0]}x{size[1]} px at {self.last_s:.1f} s"
            )
        self._size = size
        return self.last_s

    def _warn(self, what: str, message: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            self._warnings.append(f"{self._name}: {message}")
