"""The message, the notes and a notice under everything else, wrapped: nothing is cut."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from open3d.visualization import gui

_LINE_EM = 1.5
_LETTER_EM = 0.44
"""Mean character width of Open3D's font, em."""
_PROBLEM, _GOOD, _NOTES = gui.Color(1.0, 0.55, 0.45), gui.Color(0.75, 0.9, 0.75), gui.Color(0.75, 0.78, 0.82)


class StatusLines:
    """One widget for all: Open3D draws at least 32 px of ground behind each, over the line below."""

    def __init__(self, window: Any) -> None:
        self._em = window.theme.font_size
        edge = int(0.4 * self._em)
        self._ground = gui.Vert(0, gui.Margins(edge, 0, edge, 0))
        self._message, self._notes, self._notice = gui.Label(""), gui.Label(""), gui.Label("")
        self.notice = ""
        """Under both, as long as the window is open."""
        for label in (self._message, self._notes, self._notice):
            self._ground.add_child(label)
        self._notes.text_color = self._notice.text_color = _NOTES
        window.add_child(self._ground)
        self._shown: tuple[str, bool] = ("", False)

    def show(self, message: str, *, is_problem: bool) -> bool:
        """Sets the message; returns whether it is another one, which needs a new layout."""
        if self._shown == (message, is_problem):
            return False
        self._shown = message, is_problem
        self._message.text_color = _PROBLEM if is_problem else _GOOD
        return True

    def lay_out(self, x: int, width: int, bottom: int, notes: Sequence[str]) -> int:
        """Writes all at the bottom of the window; returns their upper edge, px."""
        letters = max(int(width / (_LETTER_EM * self._em)) - 2, 20)
        lines = 0
        message, notes_text = self._shown[0], "    ".join(notes)
        for label, text in ((self._message, message), (self._notes, notes_text), (self._notice, self.notice)):
            label.text = "\n".join(wrap(text, letters))
            label.visible = bool(text)
            lines += label.text.count("\n") + 1 if text else 0
        top = bottom - int(_LINE_EM * self._em) * max(lines, 1)
        self._ground.frame = gui.Rect(x, top, width, bottom - top)
        return top
