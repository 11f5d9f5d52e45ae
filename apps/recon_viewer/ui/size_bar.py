"""The strip over the view that asks for a known size: it leaves the points in sight, and keeps what is typed."""

from collections.abc import Callable
from typing import Any

from open3d.visualization import gui

from recon_viewer.controller import Controller
from recon_viewer.model.known_sizes import KNOWN, typed

_WIDTH_EM, _HEIGHT_EM, _FIELD_EM = 34.0, 4.7, 14.0
_GROUND = gui.Color(0.13, 0.29, 0.43)


class SizeBar:
    """Visible while a tool for known sizes is chosen; keys that are typed over the view go into its field."""

    def __init__(self, window: Any, controller: Controller, refresh: Callable[[], None]) -> None:
        self._window, self._controller, self._refresh = window, controller, refresh
        self._em = window.theme.font_size
        em = self._em
        self.widget = gui.Vert(0.3 * em, gui.Margins(0.8 * em, 0.4 * em, 0.8 * em, 0.4 * em))
        self.widget.background_color = _GROUND
        self._prompt = gui.Label("")
        self.field = gui.TextEdit()
        self.field.tooltip = "With a unit (m, cm, mm, ft, in) and, if you know it, its error: 2.03m ± 5mm"
        row = gui.Horiz(0.4 * em)
        row.add_child(self.field)
        for text, on_click, tip in (
            ("Set", self.enter, "Rescales the whole scene (Enter)"),
            ("Cancel", self._cancel, "Starts again, then ends (Esc)"),
        ):
            button = gui.Button(text)
            button.tooltip = tip
            button.vertical_padding_em = 0.1
            button.set_on_clicked(on_click)
            row.add_child(button)
        self.widget.add_child(self._prompt)
        self.widget.add_child(row)
        self.widget.visible = False
        window.add_child(self.widget)

    def lay_out(self, view: Any) -> None:
        """Shows the strip at the top of the view's frame, or hides it."""
        state = self._controller.state
        question = KNOWN.get(state.tool)
        visible = question is not None and state.layer is not None
        if not visible and self.widget.visible:
            self.field.text_value = ""
        self.widget.visible = visible
        if question is None:
            return
        self.field.placeholder_text = question.example
        ready = len(state.pending) >= question.clicks
        if ready and any(one.picks == state.pending for one in state.measured):
            prompt = "How long is the measured length? Or click one end of another."
        elif ready:
            prompt = f"{question.prompts[-1]} Type it, then press Enter."
        else:
            prompt = f"{question.prompts[len(state.pending)]}."
        self._prompt.text = prompt
        width, height = min(int(_WIDTH_EM * self._em), view.width), int(_HEIGHT_EM * self._em)
        self.widget.frame = gui.Rect(view.x + (view.width - width) // 2, view.y, width, height)

    def key(self, name: str) -> bool:
        """A key over the view: typed once all points are clicked; returns whether it was used."""
        question = KNOWN.get(self._controller.state.tool)
        if question is None or len(self._controller.state.pending) < question.clicks:
            return False
        if name == "enter":
            self.enter()
            return True
        text = typed(self.field.text_value, name)
        if text is None:
            return False
        self.field.text_value = text
        self._refresh()
        return True

    def enter(self) -> None:
        """Takes what was typed; a problem is said in the status line."""
        if self._controller.rescaling.add_known(self.field.text_value):
            self.field.text_value = ""
            self._controller.use("look")
        self._window.set_needs_layout()
        self._refresh()

    def _cancel(self) -> None:
        self._controller.cancel()
        self._window.set_needs_layout()
        self._refresh()
