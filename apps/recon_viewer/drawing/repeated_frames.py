"""Draws a view again after a change: a renderer that lags behind skips frames silently, perhaps the newest one."""

import time
from typing import Any

from recon.malloc_trim import trim_memory

_AGAIN_S = (0.4, 0.8, 2.0, 5.0)
"""After a change the view is drawn again, each time so long after the last."""


class RepeatedFrames:
    """Asks Open3D to draw a widget."""

    def __init__(self, window: Any, widget: Any) -> None:
        self._window, self._widget = window, widget
        self._again: list[float] = []
        """What is left of these delays."""
        self._drawn_at = 0.0

    def draw(self) -> None:
        """Draws it now, and again."""
        self._widget.force_redraw()
        self._window.post_redraw()
        self._drawn_at = time.monotonic()
        self._again = list(_AGAIN_S)

    def tick(self) -> bool:
        """Draws it once more if it is time for that; returns whether it did."""
        now = time.monotonic()
        if not self._again or now <= self._drawn_at + self._again[0]:
            return False
        del self._again[0]
        self._drawn_at = now
        self._widget.force_redraw()
        if len(self._again) < len(_AGAIN_S) - 1:
            # Drawing leaves what it freed in the heaps of several threads, 200 MB after seconds of movement; and
            # the renderer frees a layer's buffers only after it has drawn some pictures without it.
            trim_memory()
        return True
