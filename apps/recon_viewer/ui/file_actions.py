"""Actions that choose a file: opening, saving and exporting."""

from collections.abc import Callable
from pathlib import Path

from recon.errors import ReconError
from recon.options import Options
from recon.render.camera_paths import PathName
from recon_viewer.background.outputs import FILM_PATHS, FILM_SUFFIXES
from recon_viewer.drawing.screenshot import PictureChoice, save_picture
from recon_viewer.ui.forms import ExportChoice
from recon_viewer.ui.viewer import Viewer


class FileActions:
    """Asks for a file, and opens or writes it."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._controller = viewer.controller

    def open(self) -> None:
        """Opens files as layers."""

        def chosen(paths: list[Path]) -> None:
            for path in paths:
                self._controller.open(path)

        self._viewer.files.open_files(self._controller.settings.folder, chosen)

    def open_with_depth(self) -> None:
        """Opens a photo and its measured depth."""
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

    def save(self) -> None:
        """Saves the active layer as a scene file."""
        self._save_as(".npz", "recon scene", self._controller.errands.export)

    def export(self) -> None:
        """Exports the active layer; the format is chosen first."""
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

    def screenshot(self) -> None:
        """Saves an image of the view; its size is chosen first."""
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

    def film(self) -> None:
        """Saves a film; its path is chosen first."""
        if self._controller.scene is None:
            self._controller.say("nothing to film: open a photo or a scene first", problem=True)
            return

        def chosen(way: PathName, suffix: str) -> None:
            self._save_as(suffix, "Film", lambda file: self._controller.errands.film(file, way))

        self._viewer.forms.film(FILM_PATHS, FILM_SUFFIXES, chosen)

    def page(self) -> None:
        """Saves the active layer as a web page."""
        if self._controller.scene is None:
            self._controller.say("nothing to save: open a photo or a scene first", problem=True)
            return
        self._save_as(".html", "Web page", self._controller.errands.export)

    def csv(self) -> None:
        """Saves the measurements as a table."""
        if not self._controller.picture.readings:
            self._controller.say("nothing to save: measure something first")
            return
        self._save_as(".csv", "Measurements", self._controller.errands.save_csv)
