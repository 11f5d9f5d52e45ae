"""The dialog that finds a command: letters that are typed narrow the list; Enter or a click runs a command."""

from collections.abc import Callable
from functools import partial
from typing import Any

from open3d.visualization import gui

from recon_viewer.model.known_sizes import typed
from recon_viewer.ui.dialogs import Dialogs
from recon_viewer.ui.find_command import found
from recon_viewer.ui.shortcuts import Action

_ROWS = 10
_WIDTH_EM = 44.0
_CHOSEN, _OTHER = gui.Color(0.16, 0.44, 0.72), gui.Color(0.22, 0.22, 0.22)
_NOTHING = "Nothing is called that. Try another word, or F1 for all keys."


class FindDialog:
    """Open3D does not give a text field the keyboard unasked: the window's keys are typed into it."""

    def __init__(self, dialogs: Dialogs, act: Callable[[str], None]) -> None:
        self._dialogs, self._act = dialogs, act
        self._text, self._at = "", 0
        self._found: list[Action] = []
        em = dialogs.em
        self._column = dialogs.column("Find a command")
        self._field = gui.TextEdit()
        self._field.placeholder_text = "type what you want: cut ceiling, scale, screenshot, measure ..."
        self._field.set_on_text_changed(self._search)
        self._column.add_child(self._field)
        self._rows: list[tuple[Any, Any, Any]] = []
        grid = gui.VGrid(3, 0.35 * em)
        grid.preferred_width = int(_WIDTH_EM * em)
        for at in range(_ROWS):
            button = gui.Button("")
            # As high as a label: the rows of the columns are beside each other.
            button.horizontal_padding_em, button.vertical_padding_em = 0.4, 1 / 16
            button.set_on_clicked(partial(self._run, at))
            row = button, gui.Label(""), gui.Label("")
            for widget in row:
                grid.add_child(widget)
            self._rows.append(row)
        self._column.add_child(grid)
        self._note = gui.Label("")
        self._column.add_child(self._note)

    def show(self) -> None:
        """Opens it, with all commands."""
        self._dialogs.buttons(
            self._column, [("Run", lambda: self._run(self._at)), ("Close", self._dialogs.close)]
        )
        self._dialogs.on_key = self._key
        self._search("")
        self._dialogs.show(self._column)

    def _key(self, name: str) -> bool:
        if name in ("up", "down"):
            self._at = min(max(self._at + (1 if name == "down" else -1), 0), max(len(self._found) - 1, 0))
            self._put()
            return True
        text = typed(self._text, name)
        if text is None:
            return False
        self._field.text_value = text
        self._search(text)
        return True

    def _search(self, text: str) -> None:
        self._text, self._at = text, 0
        self._found = found(text)
        self._put()

    def _put(self) -> None:
        """Shows what was found, from the page that the chosen one is on."""
        first = self._at // _ROWS * _ROWS
        for at, (button, key, sentence) in enumerate(self._rows, first):
            action = self._found[at] if at < len(self._found) else None
            button.visible = action is not None
            button.text = "" if action is None else action.text.rstrip(".")
            button.background_color = _CHOSEN if at == self._at else _OTHER
            key.text = "" if action is None else f" {action.key_text}  "
            sentence.text = "" if action is None else action.help
        more = len(self._found) - first - _ROWS
        self._note.text = f"{more} more: type, or press the down key" if more > 0 else ""
        if not self._found:
            self._note.text = _NOTHING
        self._dialogs.lay_out()

    def _run(self, row: int) -> None:
        at = self._at // _ROWS * _ROWS + row % _ROWS
        if at < len(self._found):
            self._dialogs.close()
            self._act(self._found[at].name)
