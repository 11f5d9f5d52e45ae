"""A column of grouped controls that report changes by the user, but not by the program."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui


class Controls:
    """Base class of panels."""

    def __init__(
        self,
        window: Any,
        act: Callable[[str], None],
        done: Callable[[], None],
        is_lagging: Callable[[], bool],
    ) -> None:
        """Creates an empty column.

        Args:
            window: Provides the font size; the caller adds the column to it.
            act: Called with the name of a button's action.
            done: Called after using a control that does not need the keyboard afterwards.
            is_lagging: Whether the controls still show another layer than the active one.
        """
        self._act, self.done, self._is_lagging = act, done, is_lagging
        em = window.theme.font_size
        self.em = em
        self.relayout: Callable[[], None] = window.set_needs_layout
        """To be called after a text has grown."""
        self.widget = gui.ScrollableVert(0.25 * em, gui.Margins(0.5 * em, 0.5 * em, 0.8 * em, 0.5 * em))
        self.quiet = False
        """True while the program sets controls."""
        self._put_values: dict[int, float] = {}

    def group(self, title: str, *, open_: bool = True) -> Any:
        """Adds a collapsible group."""
        group = gui.CollapsableVert(title, 0.3 * self.em, gui.Margins(0.6 * self.em, 0, 0, 0.5 * self.em))
        group.set_is_open(open_)
        self.widget.add_child(group)
        return group

    def rows(self, group: Any) -> Any:
        """Adds two columns for labels and controls."""
        rows = gui.VGrid(2, 0.3 * self.em, gui.Margins(0, 0.2 * self.em, 0, 0.2 * self.em))
        group.add_child(rows)
        return rows

    def row(self, group: Any, text: str, widget: Any, tip: str) -> Any:
        """Adds a label and its control with a tooltip."""
        widget.tooltip = tip
        label = gui.Label(text)
        label.tooltip = tip
        group.add_child(label)
        group.add_child(widget)
        return widget

    def heard(self, on_value: Callable[[Any], None]) -> Callable[..., None]:
        """Wraps a control's callback to ignore changes by the program."""

        def heard(*values: Any) -> None:
            if not self.quiet:
                on_value(values[-1])
                self.done()

        return heard

    def slid(self, widget: Any, on_value: Callable[[float], None]) -> None:
        """Like ``heard`` for numbers, which Open3D rounds to float32 and reports as a change by the user."""

        def heard(value: float) -> None:
            put = self._put_values.get(id(widget))
            lagging = self._is_lagging()
            if not (self.quiet or lagging) and (put is None or abs(value - put) > 1e-5 * max(1.0, abs(put))):
                on_value(float(value))
                # A number field keeps the focus for typing; a slider gives it back, so that shortcuts work.
                if isinstance(widget, gui.Slider):
                    self.done()

        widget.set_on_value_changed(heard)

    def put(self, widget: Any, value: float) -> None:
        """Sets a number without triggering its callback."""
        self._put_values[id(widget)] = value
        widget.double_value = value

    def button(self, group: Any, text: str, name: str, tip: str) -> None:
        """Adds a button that calls an action."""
        button = gui.Button(text)
        button.tooltip = tip
        button.vertical_padding_em = 0
        button.horizontal_padding_em = 0.4
        button.set_on_clicked(lambda: self._act(name))
        group.add_child(button)
