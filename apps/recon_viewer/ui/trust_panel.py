"""The group of controls that says what the scale of a scene rests on, and lets each known size be left out."""

from collections.abc import Callable
from textwrap import fill
from typing import Any

from open3d.visualization import gui

from recon.constraints import Constraint
from recon_viewer.controller import Controller
from recon_viewer.drawing.picture import Picture
from recon_viewer.model import commands
from recon_viewer.model.trust import Trust, TrustLine, trust_of
from recon_viewer.ui.controls import Controls

_LETTERS = 44
_MOST_LINES = 12
_ADD = (
    ("Length...", "known length", "Click both ends of something whose length you know"),
    ("Rectangle...", "known rectangle", "Click the four corners of a door, a picture or a sheet"),
    ("Distance...", "known distance", "Click a point whose distance from the camera you know"),
    ("Height...", "camera height", "Enter how high the camera was above the floor"),
)


class TrustGroup:
    """One line with a check box for each known size: without its tick, the scene is fitted to the others."""

    def __init__(self, controls: Controls, controller: Controller) -> None:
        self._controls, self._controller = controls, controller
        em = controls.em
        self._group = controls.group("Scale")
        self._lines: Any = gui.WidgetProxy()
        self._group.add_child(self._lines)
        self._group.add_child(gui.Label("Add a known size:"))
        grid = gui.VGrid(4, 0.25 * em)
        for text, name, tip in _ADD:
            controls.button(grid, text, name, tip)
        self._group.add_child(grid)
        self._shown: Trust | None = None

    def show(self, picture: Picture) -> None:
        """Shows the account of the active layer."""
        layer = picture.state.layer
        if layer is None or picture.preview:
            return
        trust = trust_of(layer, picture.scenes.get(layer.key))
        if trust == self._shown:
            return
        self._shown = trust
        column = gui.Vert(0.15 * self._controls.em)
        column.add_child(gui.Label(fill(trust.summary, _LETTERS)))
        for line in trust.lines[:_MOST_LINES]:
            self._add(column, line)
        if len(trust.lines) > _MOST_LINES:
            column.add_child(gui.Label(f"and {len(trust.lines) - _MOST_LINES} more"))
        for doubt in trust.doubts:
            label = gui.Label(fill(doubt, _LETTERS))
            label.text_color = gui.Color(1.0, 0.7, 0.35)
            column.add_child(label)
        self._lines.set_widget(column)

    def _add(self, column: Any, line: TrustLine) -> None:
        known = line.known
        if known is None:
            column.add_child(gui.Label(fill(line.name, _LETTERS)))
        else:
            row = gui.Horiz(0.3 * self._controls.em)
            box = gui.Checkbox(line.name)
            box.checked = line.used
            box.tooltip = "Without the tick the scene is fitted to the others"
            box.set_on_checked(self._use(known))
            row.add_child(box)
            row.add_stretch()
            remove = gui.Button("x")
            remove.tooltip = "Removes this known size"
            remove.vertical_padding_em, remove.horizontal_padding_em = 0.0, 0.35
            remove.set_on_clicked(self._remove(known))
            row.add_child(remove)
            column.add_child(row)
        fit = gui.Label(fill(line.fit, _LETTERS, initial_indent="   ", subsequent_indent="   "))
        fit.text_color = gui.Color(0.7, 0.73, 0.78)
        column.add_child(fit)

    def _use(self, known: Constraint) -> Callable[[bool], None]:
        def ticked(used: Any) -> None:
            self._controller.do(lambda state: commands.use_known(state, known, bool(used)))

        return self._controls.heard(ticked)

    def _remove(self, known: Constraint) -> Callable[[], None]:
        def clicked() -> None:
            self._controller.do(lambda state: commands.remove_known(state, known))
            self._controls.done()

        return clicked
