"""When a window that nothing is known to have changed draws its widgets again.

A renderer that lags behind skips frames silently, the first one of the window too, and Open3D does not ask for the
second frame that a drop-down list needs to appear. But each frame takes the processor 0.1 s where no graphics card
draws: the frames become rarer, until the window rests.
"""

import time
from collections.abc import Callable

PULSE_S = 0.4
"""Shortest time between two such frames, s."""
_AWAKE_S = 12.0
"""Time after the last change or movement of the mouse for which there are such frames, s."""


def is_due(untouched_s: float, undrawn_s: float) -> bool:
    """Whether to draw again.

    Args:
        untouched_s: Time since the last change or movement of the mouse, s.
        undrawn_s: Time since the last such frame, s.
    """
    return untouched_s < _AWAKE_S and undrawn_s >= max(PULSE_S, untouched_s / 2)


class Redraws:
    """Remembers when something was touched or drawn last."""

    def __init__(
        self,
        pointer: Callable[[], tuple[int, int, int] | None],
        is_visible: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Touched now.

        Args:
            pointer: Gives position and buttons of the mouse; None: not known.
            is_visible: Whether the window can be seen.
            clock: Gives seconds.
        """
        self._ask_pointer, self._is_visible, self._clock = pointer, is_visible, clock
        self._asked_at = self._drawn_at = 0.0
        self._touched_at = clock()
        self.pointer: tuple[int, int, int] | None = None
        """Position and buttons of the mouse when it was asked last."""

    def tick(self, changed: bool) -> bool:
        """Called many times a second, with whether something has changed; returns whether to draw nevertheless."""
        now = self._clock()
        if changed:
            self._touched_at = now
        if now < self._asked_at + PULSE_S or not self._is_visible():
            return False
        self._asked_at = now
        pointer = self._ask_pointer()
        if pointer is None or pointer != self.pointer:
            self.pointer, self._touched_at = pointer, now
        if not is_due(now - self._touched_at, now - self._drawn_at):
            return False
        self._drawn_at = now
        return True
