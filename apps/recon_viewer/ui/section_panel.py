"""The group of controls for the section: two limits along each direction of the floor, and of the height."""

from functools import partial
from typing import Any, Literal

from open3d.visualization import gui

from recon_viewer.controller import Controller
from recon_viewer.drawing.picture import Picture
from recon_viewer.ui.controls import Controls

_ROWS = (
    ("across (m)", "Hides what is left of the first and right of the second, along the walls"),
    ("ahead (m)", "Hides what is nearer than the first and farther than the second, along the walls"),
    ("height (m)", "Hides what is below the first and above the second, over the floor grid"),
)
_ALL = ".\nAt its end, a slider hides nothing. Files and measurements keep everything"
_SIDES: tuple[Literal["low", "high"], ...] = ("low", "high")
_AT_END = 1e-3
"""Of a slider's length."""


class SectionGroup:
    """Sliders in metres; the box is drawn in the view."""

    def __init__(self, controls: Controls, controller: Controller) -> None:
        self._controls, self._controller = controls, controller
        group = controls.group("Section")
        grid = gui.VGrid(3, 0.3 * controls.em, gui.Margins(0, 0.2 * controls.em, 0, 0.2 * controls.em))
        self.sliders: list[tuple[Any, Any]] = []
        """The lower and the upper limit of each row."""
        for axis, (text, tip) in enumerate(_ROWS):
            label = gui.Label(text)
            # The sliders have none: it would cover the others during a drag.
            label.tooltip = tip + _ALL
            grid.add_child(label)
            pair = []
            for side in _SIDES:
                slider = gui.Slider(gui.Slider.DOUBLE)
                controls.slid(slider, partial(self._limit, axis, side))
                grid.add_child(slider)
                pair.append(slider)
            self.sliders.append((pair[0], pair[1]))
        group.add_child(grid)
        row = gui.Horiz(0.25 * controls.em)
        controls.button(row, "Cut off ceiling", "cut-ceiling", "Hides the ceiling, or shows it again")
        controls.button(row, "Show all", "whole", "Removes all limits")
        controls.button(
            row, "Crop to it", "crop-section", "Drops what is hidden from files, too (Ctrl+Z undoes it)"
        )
        group.add_child(row)

    def show(self, picture: Picture) -> None:
        """Sets the sliders without triggering them."""
        if picture.reach is None:
            return
        section = picture.state.view.section
        limits = zip(self.sliders, *picture.reach, section.low, section.high, strict=True)
        for (first, second), low, high, *values in limits:
            ends = float(low), float(high)
            for slider, end, value in zip((first, second), ends, values, strict=True):
                slider.set_limits(*ends)
                self._controls.put(slider, end if value is None else value)

    def _limit(self, axis: int, side: Literal["low", "high"], value_m: float) -> None:
        first = self.sliders[axis][0]
        low, high = first.get_minimum_value, first.get_maximum_value
        near = _AT_END * (high - low)
        section = self._controller.state.view.section
        # The other slider is pushed along: nothing would be left between them.
        other: Literal["low", "high"] = "high" if side == "low" else "low"
        there = getattr(section, other)[axis]
        if there is not None and (value_m > there if side == "low" else value_m < there):
            section = section.limited(axis, other, value_m)
        is_open = value_m <= low + near if side == "low" else value_m >= high - near
        self._controller.section.limit(
            section.limited(axis, side, None if is_open else value_m), dragged=True
        )
