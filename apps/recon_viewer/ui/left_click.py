"""Left clicks on pictures that act as buttons."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui


def on_left_click(act: Callable[[], None]) -> Callable[[Any], Any]:
    """A mouse callback that calls ``act`` when the left button is pressed and released over the same widget.

    Open3D reports a release to the widget under the pointer, whichever button it is and wherever it was pressed.
    """
    pressed = False

    def mouse(event: Any) -> Any:
        nonlocal pressed
        kinds = gui.MouseEvent.Type
        if event.type == kinds.BUTTON_DOWN:
            pressed = event.is_button_down(gui.MouseButton.LEFT)
        elif event.type == kinds.BUTTON_UP and pressed:
            pressed = False
            act()
        elif event.type == kinds.MOVE:  # with no button: the release was elsewhere
            pressed = False
        return gui.Widget.HANDLED

    return mouse
