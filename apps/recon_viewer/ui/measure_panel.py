"""The group of controls for measurements: the tool, the list, and the name of the selected one."""

from textwrap import fill
from typing import Any

from open3d.visualization import gui

from recon_viewer.controller import Controller
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import commands
from recon_viewer.model.state import TOOLS
from recon_viewer.ui.controls import Controls

_LETTERS = 46
_WORDS = {"look": "look around", "rectangle": "crop"}


class MeasureGroup:
    """Selecting a measurement shows its error sources and lets it be named."""

    def __init__(self, controls: Controls, controller: Controller) -> None:
        self._controller, self._relayout = controller, controls.relayout
        group = controls.group("Measure")
        rows = controls.rows(group)
        self._tool = gui.Combobox()
        for name in TOOLS:
            self._tool.add_item(_WORDS.get(name, name))
        self._tool.set_on_selection_changed(controls.heard(lambda at: controller.use(TOOLS[at])))
        controls.row(rows, "tool", self._tool, "What a click in the view or on the photo measures")
        self._list = gui.ListView()
        self._list.set_max_visible_items(5)
        self._list.tooltip = "Select a measurement to name it and to see its error sources"
        self._list.set_on_selection_changed(self._clicked)
        group.add_child(self._list)
        self._name = gui.TextEdit()
        self._name.placeholder_text = "name of the selected measurement"
        self._name.tooltip = "Shown in the view, kept in scene files and CSV tables; Enter takes it"
        self._name.enabled = False
        self._name.set_on_value_changed(controls.heard(self._named))
        group.add_child(self._name)
        self._note = gui.Label("")
        group.add_child(self._note)
        row = gui.Horiz(0.25 * controls.em)
        controls.button(row, "Copy", "copy", "Copies the list to the clipboard (Ctrl+C)")
        controls.button(row, "CSV...", "csv", "Saves the list as a table")
        controls.button(row, "Remove", "remove-measured", "Removes the selected measurement, or all")
        group.add_child(row)

    @property
    def selected(self) -> int | None:
        """Index of the selected measurement, or None."""
        at = self._list.selected_index
        return at if 0 <= at < len(self._controller.state.measured) else None

    def show(self, picture: Picture) -> None:
        """Shows tool and measurements."""
        self._tool.selected_index = TOOLS.index(picture.state.tool)
        at = self._list.selected_index
        self._list.set_items([f"{one.title}: {one.short}" for one in picture.readings])
        if 0 <= at < len(picture.readings):
            self._list.selected_index = at
        else:
            self._name.enabled, self._name.text_value, self._note.text = False, "", ""

    def _clicked(self, text: str, double: bool) -> None:
        at, readings = self._list.selected_index, self._controller.picture.readings
        if 0 <= at < len(readings):
            self._note.text = fill(readings[at].errors, _LETTERS)
            self._name.enabled, self._name.text_value = True, readings[at].label
            self._relayout()

    def _named(self, name: Any) -> None:
        at = self.selected
        if at is not None:
            self._controller.do(lambda state: commands.name_measured(state, at, str(name)))
