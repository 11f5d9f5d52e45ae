"""The row of labelled icons under the menu."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from open3d.visualization import gui

from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.icons import text_px, tile
from recon_viewer.model.state import State
from recon_viewer.ui.left_click import on_left_click
from recon_viewer.ui.shortcuts import ACTIONS

GROUPS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("open", "Open"), ("undo", "Undo"), ("redo", "Redo")),
    (("photo-camera", "Photo view"), ("front", "Front"), ("side", "Side"), ("top", "Top"), ("fit", "Fit")),
    (("distance", "Measure"), ("known length", "Set length"), ("rectangle", "Crop")),
    (("cloud", "Points"), ("mesh", "Mesh"), ("depth-colours", "Depth colours")),
    (("export", "Export"), ("film", "Film"), ("page", "Page")),
    (("pictures", "Photo"), ("panel", "Controls")),
)
"""Actions with their labels."""
_GROUND, _ON, _INK = (46, 50, 57), (38, 92, 140), (222, 228, 236)
_HEIGHT_EM, _EDGE_EM, _GAP_EM, _BETWEEN_EM = 2.95, 0.45, 0.35, 0.9
"""Of a tool; free beside its label; between tools; more between groups."""


@dataclass(frozen=True, eq=False)
class _Tool:
    name: str
    text: str
    widget: Any
    """A picture: of a button, Open3D loses a click that begins and ends between two frames."""
    width_px: int
    starts_group: bool


class Toolbar:
    """Calls ``act`` with an action's name; what does not fit into a narrow window is in the menu."""

    def __init__(self, window: Any, act: Callable[[str], None]) -> None:
        self._act, self._em = act, window.theme.font_size
        self._gap = int(_GAP_EM * self._em)
        self.widget = gui.Horiz(self._gap, gui.Margins(self._gap, self._gap, self._gap, 0))
        self.widget.background_color = _colour(_GROUND)
        self._tools = [
            self._made(name, label, at == 0) for group in GROUPS for at, (name, label) in enumerate(group)
        ]
        self._on: frozenset[str] = frozenset()
        window.add_child(self.widget)

    @property
    def height_px(self) -> int:
        """Height of the row."""
        return int(_HEIGHT_EM * self._em) + 2 * self._gap

    def lay_out(self, x: int, y: int, width: int, *, visible: bool) -> int:
        """Shows the tools that fit; returns the height of the row, 0 if it is hidden."""
        self.widget.visible = visible
        self.widget.frame = gui.Rect(x, y, width, self.height_px)
        needed = 2 * self._gap
        for tool in self._tools:
            needed += tool.width_px + self._gap + (self._between if tool.starts_group else 0)
            tool.widget.visible = needed <= width
        return self.height_px if visible else 0

    def frame_of(self, text: str) -> Any | None:
        """Where the tool with that label is shown; None: nowhere."""
        seen = (tool.widget for tool in self._tools if tool.text == text and tool.widget.visible)
        return next((widget.frame for widget in seen if self.widget.visible), None)

    def show(self, state: State) -> None:
        """Highlights the current tool, geometry, colours and what is shown beside the view."""
        view = state.view
        on = {state.tool, view.shown_as, "depth-colours" if view.colours == "depth" else ""}
        on |= {name for name in ("pictures", "panel") if getattr(view, name)}
        changed, self._on = self._on ^ frozenset(on), frozenset(on)
        for tool in self._tools:
            if tool.name not in changed:
                continue
            ground = _ON if tool.name in on else _GROUND
            tool.widget.update_image(self._picture(tool.name, tool.text, tool.width_px, ground))

    @property
    def _between(self) -> int:
        return int(_BETWEEN_EM * self._em)

    def _made(self, name: str, text: str, starts_group: bool) -> _Tool:
        if starts_group:
            self.widget.add_fixed(self._between)
        action = next(one for one in ACTIONS if one.name == name)
        tip = f"{action.text.rstrip('.')}: {action.help}" + (f" ({action.key_text})" if action.key else "")
        width = text_px(text, self._em) + 2 * int(_EDGE_EM * self._em)
        picture = gui.ImageWidget(self._picture(name, text, width, _GROUND))
        picture.set_on_mouse(on_left_click(lambda: self._act(name)))
        picture.tooltip = tip
        self.widget.add_child(picture)
        return _Tool(name, text, picture, width, starts_group)

    def _picture(self, name: str, text: str, width: int, ground: tuple[int, int, int]) -> Any:
        size = width, int(_HEIGHT_EM * self._em)
        return open3d_geometry.image(tile(name, text, size, self._em, _INK, ground))


def _colour(rgb: tuple[int, int, int]) -> Any:
    return gui.Color(*(value / 255 for value in rgb))
