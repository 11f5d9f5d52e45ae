"""Mouse and keys in the 3D view: navigation, hovering, picking."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon_viewer.drawing.view3d import View3D

_CLICK_PX = 4
_TURN_RAD = 0.006
_STEP = 0.06
"""Step of an arrow key, relative to the distance of the target or, sideways, to the height of the view there."""
_WHEEL = 0.88


_NAMES = {
    int(key): name.lower()
    for name, key in vars(gui.KeyName).items()
    if isinstance(key, gui.KeyName) and name != "UNKNOWN"
}


def key_name(event: Any) -> str:
    """The name of a key event's key, as in ``recon_viewer.ui.shortcuts``."""
    return _NAMES.get(int(event.key), "")


def _is_plain(event: Any) -> bool:
    """Whether a drag uses only the left button, without modifiers."""
    keys = (gui.KeyModifier.CTRL, gui.KeyModifier.SHIFT)
    buttons = (gui.MouseButton.MIDDLE, gui.MouseButton.RIGHT)
    return not any(map(event.is_modifier_down, keys)) and not any(map(event.is_button_down, buttons))


class Steering:
    """Converts events to camera moves and clicks (press and release at the same position)."""

    def __init__(
        self,
        view: View3D,
        on_hover: Callable[[float, float], None],
        on_click: Callable[[float, float, bool], None],
        on_key: Callable[[str], bool],
        on_rectangle: Callable[[tuple[int, int], tuple[int, int], bool], bool],
        on_touch: Callable[[], None],
    ) -> None:
        self._view, self._on_hover, self._on_click, self._on_key = view, on_hover, on_click, on_key
        self._on_rectangle, self._on_touch = on_rectangle, on_touch
        self._from: tuple[int, int] | None = None
        self._last = (0, 0)
        self._travelled = 0
        self._framing = False
        view.widget.set_on_mouse(self._mouse)
        view.widget.set_on_key(self._key)

    def _mouse(self, event: Any) -> Any:
        kinds = gui.MouseEvent.Type
        if event.type in (kinds.BUTTON_DOWN, kinds.WHEEL):
            self._on_touch()
        if event.type == kinds.BUTTON_DOWN:
            self._from = self._last = (event.x, event.y)
            self._travelled = 0
            self._framing = False
        elif event.type == kinds.DRAG and self._from is not None:
            dx, dy = event.x - self._last[0], event.y - self._last[1]
            self._last = (event.x, event.y)
            self._travelled = max(self._travelled, abs(event.x - self._from[0]), abs(event.y - self._from[1]))
            if self._travelled > _CLICK_PX * self._view.scale:
                # With a modifier or another button, a drag navigates with any tool.
                self._framing = _is_plain(event) and self._on_rectangle(self._from, self._last, False)
                if not self._framing:
                    self._drag(event, dx, dy)
        elif event.type == kinds.BUTTON_UP:
            if self._from is not None and self._travelled <= _CLICK_PX * self._view.scale:
                self._on_click(event.x, event.y, event.is_modifier_down(gui.KeyModifier.CTRL))
            elif self._from is not None and self._framing:
                self._on_rectangle(self._from, (event.x, event.y), True)
            self._from = None
        elif event.type == kinds.WHEEL:
            self._view.look(self._view.camera.dolly(_WHEEL**event.wheel_dy))
        elif event.type == kinds.MOVE:
            self._on_hover(event.x, event.y)
        # Never pass events to Open3D's camera control, which would reset the principal point.
        return gui.SceneWidget.CONSUMED

    def _drag(self, event: Any, dx: int, dy: int) -> None:
        camera = self._view.camera
        # The same hand movement rotates by the same angle on a high-resolution screen.
        turn = _TURN_RAD / self._view.scale
        sideways = event.is_modifier_down(gui.KeyModifier.CTRL) or event.is_button_down(
            gui.MouseButton.MIDDLE
        )
        around = event.is_modifier_down(gui.KeyModifier.SHIFT) or event.is_button_down(gui.MouseButton.RIGHT)
        if sideways:
            # The target point follows the mouse.
            lens = camera.lens.fitted(*self._view.size)
            metres = camera.distance_m / lens.fx
            camera = camera.pan(-dx * metres, dy * metres)
        elif around:
            camera = camera.in_perspective().look_around(-dx * turn, dy * turn)
        else:
            camera = camera.in_perspective().orbit(dx * turn, dy * turn)
        self._view.look(camera)

    def _key(self, event: Any) -> Any:
        if event.type != gui.KeyEvent.Type.DOWN:
            return gui.Widget.IGNORED
        self._on_touch()
        camera = self._view.camera
        step, side = _STEP * camera.distance_m, _STEP * camera.span_m
        moves = {
            gui.KeyName.UP: lambda: camera.forward(step),
            gui.KeyName.DOWN: lambda: camera.forward(-step),
            gui.KeyName.LEFT: lambda: camera.pan(-side, 0.0),
            gui.KeyName.RIGHT: lambda: camera.pan(side, 0.0),
            gui.KeyName.PAGE_UP: lambda: camera.pan(0.0, side),
            gui.KeyName.PAGE_DOWN: lambda: camera.pan(0.0, -side),
        }
        for key, move in moves.items():
            if int(event.key) == int(key):
                self._view.look(move())
                return gui.Widget.CONSUMED
        return gui.Widget.CONSUMED if self._on_key(key_name(event)) else gui.Widget.IGNORED
