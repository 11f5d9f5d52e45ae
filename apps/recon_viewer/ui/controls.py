"""A column of controls in groups, which hear the user and not the program that sets them."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui


class Controls:
    """What panels are made of."""

    def __init__(
        self,
        window: Any,
        act: Callable[[str], None],
        done: Callable[[], None],
        is_lagging: Callable[[], bool],
    ) -> None:
        """An empty column.

        Args:
            window: For its font's size; who makes the column adds it.
            act: Gets the name of a button's action.
            done: Called after a control was used that does not go on wanting the keys.
            is_lagging: Whether what is shown is of another layer than the one that would be changed.
        """
        self._act, self.done, self._is_lagging = act, done, is_lagging
        em = window.theme.font_size
        self.em = em
        self.widget = gui.ScrollableVert(0.25 * em, gui.Margins(0.5 * em, 0.5 * em, 0.8 * em, 0.5 * em))
        self.quiet = False
        """While controls are set by the program."""
        self._put_values: dict[int, float] = {}

    def group(self, title: str, *, open_: bool = True) -> Any:
        """A part of the column that can be folded."""
        group = gui.CollapsableVert(title, 0.3 * self.em, gui.Margins(0.6 * self.em, 0, 0, 0.5 * self.em))
        group.set_is_open(open_)
        self.widget.add_child(group)
        return group

    def rows(self, group: Any) -> Any:
        """Two columns: what is set, and its control."""
        rows = gui.VGrid(2, 0.3 * self.em, gui.Margins(0, 0.2 * self.em, 0, 0.2 * self.em))
        group.add_child(rows)
        return rows

    def row(self, group: Any, text: str, widget: Any, tip: str) -> Any:
        """A label and its control, which fires nothing while ``show`` sets it."""
        widget.tooltip = tip
        label = gui.Label(text)
        label.tooltip = tip
        group.add_child(label)
        group.add_child(widget)
        return widget

    def heard(self, on_value: Callable[[Any], None]) -> Callable[..., None]:
        """For a control's callback: only what the user does is passed on."""

        def heard(*values: Any) -> None:
            if not self.quiet:
                on_value(values[-1])
                self.done()

        return heard

    def slid(self, widget: Any, on_value: Callable[[float], None]) -> None:
        """As ``heard`` for numbers: Open3D rounds them to float32, and tells of that as if the user had moved."""

        def heard(value: float) -> None:
            put = self._put_values.get(id(widget))
            lagging = self._is_lagging()
            if not (self.quiet or lagging) and (put is None or abs(value - put) > 1e-5 * max(1.0, abs(put))):
                on_value(float(value))
                # Whoever types a number goes on typing; a slider needs no keys, and the view's would be dead.
                if isinstance(widget, gui.Slider):
                    self.done()

        widget.set_on_value_changed(heard)

    def put(self, widget: Any, value: float) -> None:
        """Sets a number without its being heard."""
        self._put_values[id(widget)] = value
        widget.double_value = value

    def button(self, group: Any, text: str, name: str, tip: str) -> None:
        """Calls an action by its name."""
        button = gui.Button(text)
        button.tooltip = tip
        button.vertical_padding_em = 0
        button.horizontal_padding_em = 0.4
        button.set_on_clicked(lambda: self._act(name))
        group.add_child(button)
