"""The parts of the window that actions and keys use."""

from typing import Protocol

from recon_viewer.controller import Controller
from recon_viewer.drawing.view3d import View3D
from recon_viewer.ui.dialogs import Dialogs
from recon_viewer.ui.file_dialogs import FileDialogs
from recon_viewer.ui.forms import Forms
from recon_viewer.ui.glide import Glide
from recon_viewer.ui.hover_and_pick import Linking
from recon_viewer.ui.side_panel import Panel
from recon_viewer.ui.size_bar import SizeBar


class Viewer(Protocol):
    """``recon_viewer.ui.parts.Parts``, as actions see it."""

    controller: Controller
    dialogs: Dialogs
    files: FileDialogs
    forms: Forms
    view: View3D
    linking: Linking
    panel: Panel
    size_bar: SizeBar
    glide: Glide

    def listen(self) -> None:
        """Gives the keyboard focus to the 3D view."""
        ...

    def refresh(self) -> None:
        """Requests a redraw of the window."""
        ...

    def stay(self) -> None:
        """Cancels a request to close the window."""
        ...

    def quit(self) -> None:
        """Closes the window."""
        ...
