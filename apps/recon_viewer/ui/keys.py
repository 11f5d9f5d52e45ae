"""Keys of the view and of the whole window: which action each of them performs."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon_viewer.ui import shortcuts
from recon_viewer.ui.mouse_and_keys import key_name
from recon_viewer.ui.viewer import Viewer

_MODIFIERS = ("left_control", "right_control")


class Keys:
    """Performs actions by the keys in ``recon_viewer.ui.shortcuts``."""

    def __init__(self, viewer: Viewer, act: Callable[[str], None]) -> None:
        """``act`` performs an action by its name."""
        self._viewer, self._act = viewer, act
        self._names = {action.key: action.name for action in shortcuts.ACTIONS if action.key}
        self._names["slash"] = "find"
        self._ctrl = False
        self._down: set[str] = set()

    def in_view(self, name: str) -> bool:
        """Handles a key in the view; returns whether it has an action."""
        if self._viewer.dialogs.is_open or (not self._ctrl and self._viewer.size_bar.key(name)):
            return not self._viewer.dialogs.is_open
        action = self._names.get(f"ctrl+{name}" if self._ctrl else name)
        if action is None:
            return False
        self._act(action)
        return True

    def in_window(self, event: Any) -> bool:
        """Handles Ctrl and function keys anywhere in the window; other keys may belong to a text field."""
        name = key_name(event)
        down = event.type == gui.KeyEvent.Type.DOWN
        if name in _MODIFIERS:
            self._ctrl = down
            return False
        if name == "escape":
            self._viewer.stay()
        # For a key handled by a text field, Open3D only reports its release.
        taken = not down and name in ("enter", "escape", "up", "down") and name not in self._down
        self._down = self._down | {name} if down else self._down - {name}
        if (down or taken) and self._viewer.dialogs.key(name):
            return True
        if taken and name == "enter" and self._viewer.size_bar.widget.visible:
            self._viewer.size_bar.enter()
            return True
        wanted = self._ctrl or name in ("f1", "escape")
        if not down or not wanted or self._viewer.dialogs.is_open:
            return False
        return self.in_view(name)
