"""Whether somebody works at the window: the moment to replace its process is when nobody does."""

import time
from collections.abc import Callable
from typing import Final

SHORT_S: Final = 1.0
"""Time after which the state may be sent to the process that prepares, which takes a moment, s."""
QUIET_S: Final = 3.0
"""Time without a change, a key or a movement of the mouse after which the window may be replaced, s."""


class Rest:
    """Remembers what was seen last, and since when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since = clock, clock()
        self._objects: tuple[object, ...] = ()
        self._place: tuple[object, ...] = ()

    def touch(self) -> None:
        """A key or a button of the mouse, whatever it did."""
        self._since = self._clock()

    @property
    def is_short(self) -> bool:
        """Whether nothing has happened for ``SHORT_S``, by what ``is_long`` was told."""
        return self._clock() > self._since + SHORT_S

    def is_long(self, objects: tuple[object, ...], place: tuple[object, ...]) -> bool:
        """Whether nothing has happened for ``QUIET_S``.

        Args:
            objects: What is replaced when it changes: state and camera.
            place: Values: position of the mouse and of the window.
        """
        same = len(objects) == len(self._objects) and all(
            a is b for a, b in zip(objects, self._objects, strict=True)
        )
        if not same or place != self._place:
            self._objects, self._place = objects, place
            self.touch()
        return self._clock() > self._since + QUIET_S
