"""The border between two panes: dragged with the mouse, and a double click puts it back."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui

from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.ui_scale import scale_of

WIDTH_PX = 8
"""On a standard screen."""
_DOUBLE_S = 0.4
"""Longest time between the two clicks of a double click, s; Open3D reports single ones only."""
_TREMBLE_PX = 2
_GROUND_RGB, _GRIP_RGB = (46, 50, 57), (140, 150, 162)
_DOTS, _DOT_PX, _DOT_STEP_PX = 5, 2, 8


class PaneBorder:
    """A thin strip.

    ``on_drag`` is called with where its left edge shall be, ``on_reset`` at a double click, ``done`` when it is let
    go.
    """

    def __init__(
        self,
        window: Any,
        on_drag: Callable[[int], None],
        on_reset: Callable[[], None],
        done: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scale = scale_of(window)
        self.width_px = round(WIDTH_PX * self.scale)
        self.widget = gui.ImageWidget(open3d_geometry.image(grip((self.width_px, 4), self.scale)))
        # Open3D draws at least 32 px of ground behind a widget, here over the view.
        self.widget.background_color = gui.Color(0, 0, 0, 0)
        self.widget.tooltip = "Drag to resize, double-click to reset"
        self.widget.set_on_mouse(self.mouse)
        self._on_drag, self._on_reset, self._done, self.clock = on_drag, on_reset, done, clock
        self._held_px: int | None = None
        """Where it is held, from its left edge."""
        self._clicked_at = -_DOUBLE_S
        self._height_px = 0
        window.add_child(self.widget)

    def lay_out(self, x: int, y: int, height: int, *, visible: bool) -> int:
        """Places it; returns its width, 0 if it is hidden."""
        self.widget.visible = visible
        if not visible:
            return 0
        self.widget.frame = gui.Rect(x, y, self.width_px, height)
        if height != self._height_px:
            self._height_px = height
            self.widget.update_image(open3d_geometry.image(grip((self.width_px, height), self.scale)))
        return self.width_px

    def mouse(self, event: Any) -> Any:
        """Handles an event on it, or a drag that began on it."""
        kinds = gui.MouseEvent.Type
        if event.type == kinds.BUTTON_DOWN:
            self._held_px = event.x - self.widget.frame.x
            now = self.clock()
            is_double, self._clicked_at = now - self._clicked_at < _DOUBLE_S, now
            if is_double:
                self._held_px = None
                self._on_reset()
        elif event.type == kinds.DRAG and self._held_px is not None:
            x = event.x - self._held_px
            # A hand that trembles in a double click does not drag.
            if self._clicked_at < 0 or abs(x - self.widget.frame.x) > _TREMBLE_PX * self.scale:
                self._clicked_at = -_DOUBLE_S
                self._on_drag(x)
        elif event.type == kinds.BUTTON_UP:
            self._held_px = None
            self._done()
        return gui.Widget.CONSUMED


def grip(size: tuple[int, int], scale: float = 1.0) -> NDArray[np.uint8]:
    """The strip's picture, (height, width, 3), of (width, height) px: dots in the middle show that it can be held."""
    width, height = size
    made = np.full((max(height, 1), width, 3), _GROUND_RGB, np.uint8)
    dot, step = round(_DOT_PX * scale), round(_DOT_STEP_PX * scale)
    left, top = (width - dot) // 2, (height - (_DOTS - 1) * step) // 2
    for at in range(top, top + _DOTS * step, step) if top > 0 else ():
        made[at : at + dot, left : left + dot] = _GRIP_RGB
    return made
