"""Actions that need a dialog or the view; ``recon_viewer.actions.by_name`` has the others."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recon.depth.registry import cards
from recon_viewer.actions.crop import NO_PHOTO
from recon_viewer.model import commands
from recon_viewer.model.samples import samples
from recon_viewer.model.state import Box
from recon_viewer.ui.file_actions import FileActions
from recon_viewer.ui.find_dialog import FindDialog
from recon_viewer.ui.standard_views import STANDARD_VIEWS, StandardViews
from recon_viewer.ui.viewer import Viewer


class Actions:
    """Actions by name, as listed in ``recon_viewer.ui.shortcuts``."""

    def __init__(self, viewer: Viewer, looks: StandardViews) -> None:
        self._viewer = viewer
        self._controller = viewer.controller
        self.files = FileActions(viewer)
        self.by_name: dict[str, Callable[[], None]] = {
            **{name: partial(looks.look, name) for name in STANDARD_VIEWS},
            "open": self.files.open,
            "open-depth": self.files.open_with_depth,
            "save": self.files.save,
            "export": self.files.export,
            "screenshot": self.files.screenshot,
            "film": self.files.film,
            "page": self.files.page,
            "csv": self.files.csv,
            "blender": viewer.controller.errands.open_in_blender,
            "run-again": self._run_again,
            "sample": self._sample,
            "crop": self._crop,
            "remove-measured": self._remove_measured,
            "find": lambda: FindDialog(viewer.dialogs, self.act).show(),
            "help": viewer.dialogs.help,
            "about": viewer.dialogs.about,
            "quit": self._quit,
        }
        """What each action does."""

    def act(self, name: str) -> None:
        """Performs an action; errors are shown in the window."""
        self._viewer.glide.stop()
        if not self._controller.act(name):
            self.by_name[name]()
        self._viewer.linking.clear()
        self._viewer.listen()
        self._viewer.refresh()

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
        keeps, save = "A scene file (.npz) keeps all of it.", ("Save scene...", self.files.save)
        if layer is not None and layer.base is None:
            keeps, save = "A table (CSV) keeps the lengths.", ("Save table...", self.files.csv)
        self._viewer.dialogs.decide(
            "Quit without saving?",
            f"This is in no file yet: {lost}. {keeps}",
            [save, ("Quit without saving", self._viewer.quit)],
        )

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

    def _crop(self) -> None:
        controller, picture = self._controller, self._controller.picture
        layer = controller.state.layer
        if layer is None or layer.base is None:
            controller.say(NO_PHOTO, problem=True)
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
