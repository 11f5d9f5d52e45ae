"""The window with all its widgets, before anything happens in it."""

from abc import ABC, abstractmethod
from typing import Any

from open3d.visualization import gui

from recon_viewer.background.dropped_files import DropTarget, drop_target
from recon_viewer.controller import Controller
from recon_viewer.drawing.labels import Tags
from recon_viewer.drawing.photo_panel import PhotoColumn
from recon_viewer.drawing.view3d import View3D
from recon_viewer.drawing.widgets_view import simplify_widgets_view
from recon_viewer.ui.actions import Actions
from recon_viewer.ui.arrangement import Arrangement
from recon_viewer.ui.beside import Beside
from recon_viewer.ui.dialogs import Dialogs
from recon_viewer.ui.file_dialogs import FileDialogs
from recon_viewer.ui.forms import Forms
from recon_viewer.ui.glide import Glide
from recon_viewer.ui.hover_and_pick import Linking
from recon_viewer.ui.keys import Keys
from recon_viewer.ui.menu import build_menu
from recon_viewer.ui.opening_page import OpeningPage
from recon_viewer.ui.pane_border import PaneBorder
from recon_viewer.ui.side_panel import Panel
from recon_viewer.ui.size_bar import SizeBar
from recon_viewer.ui.standard_views import StandardViews
from recon_viewer.ui.status_lines import StatusLines
from recon_viewer.ui.toolbar import Toolbar
from recon_viewer.ui.welcome import TITLE_PX, Progress, Welcome
from recon_viewer.ui.what_opens import WhatOpens


class Parts(ABC):
    """What the window is made of; ``recon_viewer.window`` makes it live."""

    def __init__(self, controller: Controller, size: tuple[int, int]) -> None:
        """``size``: width and height, px."""
        self.controller = controller
        self._app = gui.Application.instance
        self._app.initialize()
        # A font that is added after the window was made is not drawn.
        title_font = self._app.add_font(gui.FontDescription(point_size=TITLE_PX))
        self.window: Any = self._app.create_window("recon", *size)
        self._add_widgets(title_font)
        build_menu(self.window, self.actions.act)

    @abstractmethod
    def stay(self) -> None:
        """Cancels a request to close the window."""

    @abstractmethod
    def quit(self) -> None:
        """Closes the window."""

    def refresh(self) -> None:
        """Requests a redraw of the window."""
        self.window.post_redraw()

    def listen(self) -> None:
        """Gives the keyboard focus to the 3D view, unless a dialog is open."""
        if not self.dialogs.is_open:
            self.window.set_focus_widget(self.view.widget)

    def _click_photo(self, pixel_px: tuple[float, float]) -> None:
        self.glide.stop()
        self.linking.click_photo(pixel_px)

    def _add_widgets(self, title_font: int) -> None:
        """In the order in which they are drawn."""
        self.arrangement: Arrangement = Arrangement(self)
        self.dialogs: Dialogs = Dialogs(self.window, self.listen)
        self.files: FileDialogs = FileDialogs(self.window, self.dialogs)
        self.forms: Forms = Forms(self.dialogs)
        self.view: View3D = View3D(self.window)
        simplify_widgets_view(self.window, self.view.open3d_scene)
        self.window.add_child(self.view.widget)
        self.linking: Linking = Linking(self.controller, self.view, self.refresh)
        self.glide: Glide = Glide(self.view)
        self.photos: PhotoColumn = PhotoColumn(
            self.window, self.linking.hover_photo, self._click_photo, self.listen
        )
        self.linking.photos = self.photos
        self.looks: StandardViews = StandardViews(self.controller, self.view)
        self.actions: Actions = Actions(self, self.looks)
        self.keys: Keys = Keys(self, self.actions.act)
        self.panel: Panel = Panel(self.window, self.controller, self.actions.act, self.listen)
        self._drops: DropTarget | None = drop_target()
        self.welcome: Welcome = Welcome(
            self.window,
            self.controller.settings.recent,
            self.actions.act,
            self.controller.reopen,
            title_font,
            self._drops is not None,
        )
        self.toolbar: Toolbar = Toolbar(self.window, self.actions.act)
        self.tags = Tags(self.window)
        self.view.use_tags(self.tags)
        # Not before the photos: Open3D draws their ground over them when a widget before them is hidden.
        self.border: PaneBorder = PaneBorder(
            self.window,
            self.arrangement.drag_border,
            lambda: self.controller.view(aside_em=None),
            self.listen,
        )
        self.beside: Beside = Beside(
            self.window, self.controller, self.view, self.linking, self.keys.in_view, self.glide
        )
        self.opening: OpeningPage = OpeningPage(self.window)
        self.size_bar: SizeBar = SizeBar(self.window, self.controller, self.refresh)
        self.progress: Progress = Progress(self.window, self.controller.cancel)
        self._opens: WhatOpens = WhatOpens(self.controller, self.opening, self.progress)
        # Areas without a widget would keep old pixels.
        self.status: StatusLines = StatusLines(self.window)
