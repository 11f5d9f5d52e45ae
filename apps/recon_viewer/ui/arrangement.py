"""Where everything in the window is: toolbar, pictures, view, controls, status lines, the pages before a scene."""

from typing import Any, Protocol

from open3d.visualization import gui

from recon_viewer.controller import Controller
from recon_viewer.drawing.photo_panel import PhotoColumn
from recon_viewer.drawing.ui_scale import column_px
from recon_viewer.drawing.view3d import View3D
from recon_viewer.ui.beside import Beside
from recon_viewer.ui.opening_page import OpeningPage
from recon_viewer.ui.pane_border import PaneBorder
from recon_viewer.ui.side_panel import Panel
from recon_viewer.ui.size_bar import SizeBar
from recon_viewer.ui.status_lines import StatusLines
from recon_viewer.ui.toolbar import Toolbar
from recon_viewer.ui.welcome import PROGRESS_EM, Progress, Welcome

_PANEL_EM = 23.0


class Parts(Protocol):
    """What is arranged."""

    controller: Controller
    window: Any
    toolbar: Toolbar
    photos: PhotoColumn
    border: PaneBorder
    view: View3D
    beside: Beside
    size_bar: SizeBar
    panel: Panel
    status: StatusLines
    welcome: Welcome
    opening: OpeningPage
    progress: Progress


class Arrangement:
    """Places the parts whenever the window's size or what it shows has changed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def lay_out(self, *, empty: bool, opens: bool) -> None:
        """Places everything.

        Args:
            empty: Whether there is no scene to show.
            opens: Whether the first one is being opened; its picture has the place that the scene will have.
        """
        parts, view = self._parts, self._parts.controller.state.view
        rect, em = parts.window.content_rect, parts.window.theme.font_size
        top = rect.y + parts.toolbar.lay_out(rect.x, rect.y, rect.width, visible=not empty)
        top += parts.toolbar.height_px if opens else 0
        doing = ("drawing ...",) if parts.controller.is_drawing else ()
        notes = (*doing, *parts.controller.picture.notes)
        bottom = parts.status.lay_out(rect.x, rect.width, rect.get_bottom(), notes)
        height = bottom - top
        panel = int(_PANEL_EM * em) if view.panel and (opens or not empty) else 0
        parts.panel.widget.visible = panel > 0 and not empty
        parts.panel.widget.frame = gui.Rect(rect.get_right() - panel, top, panel, height)
        column = self._column_px(rect.width, panel) if view.pictures and (opens or not empty) else 0
        if not parts.photos.lay_out(rect.x, top, 0 if empty else column, height, em) and not opens:
            column = 0
        border = parts.border.lay_out(rect.x + column, top, height, visible=column > 0 and not empty)
        column += parts.border.width_px if opens and column else border
        middle = gui.Rect(rect.x + column, top, max(rect.width - column - panel, 1), height)
        parts.beside.lay_out(middle, visible=not empty)
        parts.size_bar.lay_out(middle)
        parts.welcome.widget.visible = empty and not opens
        parts.welcome.widget.frame = middle
        box = parts.progress.widget.frame = _under(middle, rect, em)
        whole = gui.Rect(rect.x, rect.y, rect.width, bottom - rect.y)
        parts.opening.lay_out(whole, middle, box, visible=opens, dark=view.dark)
        parts.view.project()

    def drag_border(self, x: int) -> None:
        """Moves the border of the pictures: its left edge shall be at x, px of the window."""
        parts, view = self._parts, self._parts.controller.state.view
        rect, em = parts.window.content_rect, parts.window.theme.font_size
        panel = int(_PANEL_EM * em) if view.panel else 0
        aside = rect.get_right() - panel - x - parts.border.width_px if view.swapped else x - rect.x
        parts.controller.view(aside_em=column_px(rect.width, panel, aside / em, em) / em)
        parts.view.look(parts.view.camera)

    def _column_px(self, width: int, panel: int) -> int:
        """Width of the column of pictures."""
        parts, view = self._parts, self._parts.controller.state.view
        aside = column_px(width, panel, view.aside_em, parts.window.theme.font_size)
        return width - panel - aside - parts.border.width_px if view.swapped and aside else aside


def _under(middle: Any, rect: Any, em: float) -> Any:
    """The frame of the progress display: at the bottom of the middle, inside the window."""
    width, height = (int(side * em) for side in PROGRESS_EM)
    width = min(width, rect.width)
    left = min(max(middle.x + (middle.width - width) // 2, rect.x), rect.get_right() - width)
    return gui.Rect(left, middle.get_bottom() - height, width, height)
