"""Dialogs: errors, help, and questions."""

from collections.abc import Callable, Iterator, Sequence
from textwrap import fill
from typing import Any

from open3d.visualization import gui

from recon.version import __version__
from recon_viewer.ui import shortcuts

Answer = tuple[str, Callable[[], None]]
"""The text of a button, and what it does."""

COLUMNS = 76
"""Characters per line of a dialog's text."""


class Dialogs:
    """Shows one dialog at a time in a window."""

    def __init__(self, window: Any, closed: Callable[[], None]) -> None:
        self._window, self._closed = window, closed
        self.em = window.theme.font_size
        self.is_open = False
        self._enter: Callable[[], None] | None = None
        self._cancel: Callable[[], None] | None = None
        self.on_key: Callable[[str], bool] | None = None
        """What the open dialog does with keys besides Enter and Esc; returns whether it has used one."""

    def key(self, name: str) -> bool:
        """Enter presses the first button and Esc the last; returns whether the key was used."""
        if self.is_open and name == "escape":
            self.close()
            return True
        if self.is_open and name == "enter" and self._enter is not None:
            self._enter()
            return True
        return self.is_open and self.on_key is not None and self.on_key(name)

    def message(self, title: str, text: str, answers: Sequence[Answer] = ()) -> None:
        """Shows a text, and a button that closes it before those of the answers."""
        column = self.column(title)
        column.add_child(gui.Label(fill(text, COLUMNS)))
        self.buttons(column, [("Keep" if answers else "Close", self.close), *self._closing(answers)])
        self.show(column)

    def help(self) -> None:
        """Shows all keys and gestures."""
        column = self.column("Keys and mouse")
        scrolled = gui.ScrollableVert(0.2 * self.em)
        grid = gui.VGrid(2, 0.45 * self.em)
        for keys, what in shortcuts.help_lines():
            grid.add_child(gui.Label(keys))
            grid.add_child(gui.Label(what))
        scrolled.add_child(grid)
        column.add_child(scrolled)
        self.buttons(column, [("Close", self.close)])
        self.show(column)

    def about(self) -> None:
        """Shows version and licence."""
        self.message(
            "recon",
            f"recon {__version__}: one photograph to a metric 3D scene. Licence: Apache-2.0. The depth models have "
            "separate licences: see `recon models`.",
        )

    def decide(self, title: str, text: str, answers: Sequence[Answer]) -> None:
        """Asks what to do; Cancel does nothing."""
        column = self.column(title)
        column.add_child(gui.Label(fill(text, COLUMNS)))
        self.buttons(column, [*self._closing(answers), ("Cancel", self.close)])
        self.show(column)

    def choose(self, title: str, text: str, choices: Sequence[str], chosen: Callable[[str], None]) -> None:
        """Asks for one item of a list."""
        column = self.column(title)
        column.add_child(gui.Label(fill(text, COLUMNS)))
        box = gui.Combobox()
        for choice in choices:
            box.add_item(choice)
        column.add_child(box)

        def given() -> None:
            item = box.selected_text
            self.close()
            chosen(item)

        self.buttons(column, [("OK", given), ("Cancel", self.close)])
        self.show(column)

    def _closing(self, answers: Sequence[Answer]) -> Iterator[Answer]:
        """The answers, each of which closes the dialog first."""

        def answered(on_answer: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                self.close()
                on_answer()

            return run

        return ((name, answered(one)) for name, one in answers)

    def close(self) -> None:
        """Closes the open dialog."""
        cancel, self._cancel = self._cancel, None
        self.is_open, self._enter, self.on_key = False, None, None
        if cancel is None:
            self._window.close_dialog()
        else:
            cancel()
        self._closed()

    def lay_out(self) -> None:
        """Updates the layout after a text in an open dialog has changed."""
        self._window.set_needs_layout()

    def present(self, dialog: Any) -> None:
        """Opens a dialog of Open3D."""
        self.is_open = True
        self._window.show_dialog(dialog)

    def wait(self, cancel: Callable[[], None]) -> None:
        """Something outside of the window asks; closing, or Esc, cancels it."""
        self.is_open, self._cancel = True, cancel

    def problem(self, column: Any) -> Any:
        """Adds a line for an error message."""
        problem = gui.Label("")
        problem.text_color = gui.Color(1.0, 0.5, 0.4)
        column.add_child(problem)
        return problem

    def column(self, title: str) -> Any:
        """Creates the content of a dialog, with its title."""
        em = self.em
        column = gui.Vert(0.6 * em, gui.Margins(em, em, em, em))
        heading = gui.Label(title)
        heading.text_color = gui.Color(0.55, 0.8, 1.0)
        column.add_child(heading)
        return column

    def buttons(self, column: Any, buttons: Sequence[Answer]) -> None:
        """Adds a row of buttons; the first is the default, pressed by Enter."""
        self._enter = buttons[0][1]
        row = gui.Horiz(0.5 * self.em)
        row.add_stretch()
        for text, on_click in buttons:
            button = gui.Button(text)
            button.set_on_clicked(on_click)
            row.add_child(button)
        column.add_child(row)

    def show(self, column: Any) -> None:
        """Opens a dialog with this content."""
        dialog = gui.Dialog("recon")
        dialog.add_child(column)
        self.present(dialog)
