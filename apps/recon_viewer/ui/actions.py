"""Actions of menu and keys that involve a dialog or the view; the controller handles the others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui

from recon.depth.registry import cards
from recon.errors import ReconError
from recon.options import Options
from recon.render.camera_paths import PathName
from recon.render.view_camera import ViewCamera, photo_camera, preset
from recon_viewer.background.outputs import FILM_PATHS, FILM_SUFFIXES
from recon_viewer.controller import Controller
from recon_viewer.drawing.plan_overlay import NO_PLAN
from recon_viewer.drawing.screenshot import PictureChoice, save_picture
from recon_viewer.drawing.view3d import View3D
from recon_viewer.model import commands
from recon_viewer.model.samples import samples
from recon_viewer.model.state import Box
from recon_viewer.ui import shortcuts
from recon_viewer.ui.dialogs import Dialogs
from recon_viewer.ui.file_dialogs import FileDialogs
from recon_viewer.ui.find_dialog import FindDialog
from recon_viewer.ui.forms import ExportChoice, Forms
from recon_viewer.ui.glide import Glide
from recon_viewer.ui.hover_and_pick import Linking
from recon_viewer.ui.mouse_and_keys import key_name
from recon_viewer.ui.side_panel import Panel
from recon_viewer.ui.size_bar import SizeBar

_LOOKS = ("photo-camera", "front", "top", "side", "fit")
_MODIFIERS = ("left_control", "right_control")


class Viewer(Protocol):
    """The parts of the window that actions use."""

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


class Actions:
    """Actions by name, as listed in ``recon_viewer.ui.shortcuts``."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._controller = viewer.controller
        self._keys = {action.key: action.name for action in shortcuts.ACTIONS if action.key}
        self._keys["slash"] = "find"
        self._ctrl = False
        self._down: set[str] = set()
        self._unturned: ViewCamera | None = None
        """The view from above while the floor plan, by which it is turned, is not painted yet."""

    def act(self, name: str) -> None:
        """Performs an action; errors are shown in the window."""
        self._viewer.glide.stop()
        if name in _LOOKS:
            self.look(name)
        elif name == "quit":
            self._quit()
        elif not self._controller.act(name):
            dialogs = {
                "open": self._open,
                "open-depth": self._open_with_depth,
                "save": self._save,
                "export": self._export,
                "screenshot": self._screenshot,
                "film": self._film,
                "page": self._page,
                "blender": self._controller.errands.open_in_blender,
                "csv": self._csv,
                "run-again": self._run_again,
                "sample": self._sample,
                "crop": self._crop,
                "remove-measured": self._remove_measured,
                "find": self._find,
                "help": self._viewer.dialogs.help,
                "about": self._viewer.dialogs.about,
            }
            dialogs[name]()
        self._viewer.linking.clear()
        self._viewer.listen()
        self._viewer.refresh()

    def key(self, name: str) -> bool:
        """Handles a key in the view; returns whether it has an action."""
        if self._viewer.dialogs.is_open or (not self._ctrl and self._viewer.size_bar.key(name)):
            return not self._viewer.dialogs.is_open
        action = self._keys.get(f"ctrl+{name}" if self._ctrl else name)
        if action is None:
            return False
        self.act(action)
        return True

    def window_key(self, event: Any) -> bool:
        """Handles Ctrl and function keys anywhere in the window; other keys may belong to a text field."""
        name = key_name(event)
        down = event.type == gui.KeyEvent.Type.DOWN
        if name in _MODIFIERS:
            self._ctrl = down
            return False
        if name == "escape":
            self._viewer.stay()
        # For a key handled by a text field, Open3D only reports its release.
        taken = not down and name in ("enter", "escape", "up", "down") and name not in self._down
        self._down = self._down | {name} if down else self._down - {name}
        if (down or taken) and self._viewer.dialogs.key(name):
            return True
        if taken and name == "enter" and self._viewer.size_bar.widget.visible:
            self._viewer.size_bar.enter()
            return True
        wanted = self._ctrl or name in ("f1", "escape")
        if not down or not wanted or self._viewer.dialogs.is_open:
            return False
        return self.key(name)

    def look(self, name: str) -> None:
        """Moves the view to one of the standard cameras."""
        self._controller.section.look_from(name)
        picture, view = self._controller.picture, self._viewer.view
        scene = self._controller.scene
        low, high = picture.bounds
        if name == "photo-camera" and scene is not None:
            known = scene.depth.z_m[::9, ::9][scene.depth.valid[::9, ::9]]
            target_m = float(np.median(known)) if known.size else 3.0
            view.look(photo_camera(scene.intrinsics, picture.world_T_cam, target_m, picture.vertical))
        else:
            name = "fit" if name == "photo-camera" else name
            plan = picture.plan if name == "top" else NO_PLAN
            low, high = plan.with_walls(low, high)
            view.look(preset(name, low, high, picture.vertical, view.size, plan.forward))
        self._unturned = view.camera if name == "top" and picture.plan is NO_PLAN else None

    def turn_to_plan(self) -> None:
        """Turns the view from above as soon as the floor plan is painted, unless the view was moved before."""
        known = self._controller.picture.plan is not NO_PLAN
        if known and self._unturned is not None and self._viewer.view.camera is self._unturned:
            self.look("top")

    def show_problem(self) -> None:
        """Shows the next problem in a dialog, if there is one and no dialog is open."""
        dialogs, controller = self._viewer.dialogs, self._controller
        if dialogs.is_open or not controller.problems:
            return
        problem = controller.problems.pop(0)
        # Not first: Enter, by which the size was typed, may be pressed twice.
        undo = [("Undo", lambda: self.act("undo"))] if problem.can_be_undone(controller.state) else []
        dialogs.message("Please check", problem.text, undo)

    def _quit(self) -> None:
        lost = self._controller.unsaved
        if lost is None:
            self._viewer.quit()
            return
        layer = self._controller.state.layer
        # A file without its photo cannot be saved again, but what was measured in it can.
        keeps, save = "A scene file (.npz) keeps all of it.", ("Save scene...", self._save)
        if layer is not None and layer.base is None:
            keeps, save = "A table (CSV) keeps the lengths.", ("Save table...", self._csv)
        self._viewer.dialogs.decide(
            "Quit without saving?",
            f"This is in no file yet: {lost}. {keeps}",
            [save, ("Quit without saving", self._viewer.quit)],
        )

    def _open(self) -> None:
        def chosen(paths: list[Path]) -> None:
            for path in paths:
                self._controller.open(path)

        self._viewer.files.open_files(self._controller.settings.folder, chosen)

    def _open_with_depth(self) -> None:
        files = self._viewer.files

        def photo_chosen(photos: list[Path]) -> None:
            def depth_chosen(depths: list[Path]) -> None:
                self._controller.open(photos[0], Options(depth=depths[0]))

            files.open_files(str(photos[0].parent), depth_chosen, depth=True)

        files.open_files(self._controller.settings.folder, photo_chosen)

    def _save_as(self, suffix: str, title: str, chosen: Callable[[Path], None]) -> None:
        layer = self._controller.state.layer
        source = None if layer is None else layer.source
        name = "scene" if source is None else source.stem
        self._viewer.files.save_file(self._controller.settings.folder, suffix, title, chosen, name=name)

    def _save(self) -> None:
        self._save_as(".npz", "recon scene", self._controller.errands.export)

    def _export(self) -> None:
        controller = self._controller
        layer = controller.state.layer
        if layer is None or layer.base is None:
            controller.say("nothing to export: open a photo or a scene first", problem=True)
            return

        def chosen(choice: ExportChoice) -> None:
            def named(path: Path) -> None:
                controller.errands.export(path, choice.shape, choice.changes)

            self._save_as(choice.suffix, "Export", named)

        self._viewer.forms.export(layer.options, controller.picture.is_level, chosen)

    def _screenshot(self) -> None:
        width, height = (int(side) for side in self._viewer.view.size)

        def chosen(choice: PictureChoice) -> None:
            def named(path: Path) -> None:
                self.save_picture(path, choice)

            self._save_as(".png", "Image", named)

        self._viewer.forms.picture((width, height), chosen)

    def save_picture(self, path: Path, choice: PictureChoice) -> None:
        """Writes an image of the view."""
        try:
            save_picture(self._viewer.view, self._controller.picture, path, choice)
        except ReconError as error:
            self._controller.say(str(error), problem=True, window=True)
            return
        self._controller.say(f"saved {path}")

    def _film(self) -> None:
        if self._controller.scene is None:
            self._controller.say("nothing to film: open a photo or a scene first", problem=True)
            return

        def chosen(way: PathName, suffix: str) -> None:
            self._save_as(suffix, "Film", lambda file: self._controller.errands.film(file, way))

        self._viewer.forms.film(FILM_PATHS, FILM_SUFFIXES, chosen)

    def _page(self) -> None:
        if self._controller.scene is None:
            self._controller.say("nothing to save: open a photo or a scene first", problem=True)
            return
        self._save_as(".html", "Web page", self._controller.errands.export)

    def _csv(self) -> None:
        if not self._controller.picture.readings:
            self._controller.say("nothing to save: measure something first")
            return
        self._save_as(".csv", "Measurements", self._controller.errands.save_csv)

    def _run_again(self) -> None:
        layer = self._controller.state.layer
        if layer is None or not layer.can_run_again:
            self._controller.say("a model can only be re-run on a photo: open the photo", problem=True)
            return
        names = ["auto", *(card.name for card in cards())]
        text = f"Depth model for {layer.name}:"
        self._viewer.dialogs.choose(
            "Run again", text, names, lambda name: self._controller.opening.run_again(model=name, depth=None)
        )

    def _sample(self) -> None:
        if not samples():
            self._controller.say("the sample data is not installed; open another photo", problem=True)
            return
        first = samples()[0]
        self._controller.open(first.photo, first.options)

    def _remove_measured(self) -> None:
        at = self._viewer.panel.selected_reading
        if at is None:
            self._controller.do(commands.clear_measured)
        else:
            self._controller.do(lambda state: commands.remove_measured(state, at))

    def _find(self) -> None:
        FindDialog(self._viewer.dialogs, self.act).show()

    def _crop(self) -> None:
        controller, picture = self._controller, self._controller.picture
        layer = controller.state.layer
        if layer is None or layer.base is None:
            controller.say("only a scene with its photo can be cropped", problem=True)
            return
        low, high = picture.upright_bounds
        if layer.crop is not None:
            low, high = np.array(layer.crop.low), np.array(layer.crop.high)

        def chosen(given: Box | None) -> None:
            controller.do(lambda state: commands.set_crop(state, given))

        self._viewer.forms.box(_point(low), _point(high), chosen)


def _point(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 2) for value in values)
    return x, y, z
