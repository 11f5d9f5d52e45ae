"""Asks for files: in the system's dialog where there is one, else in Open3D's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from open3d.visualization import gui

from recon_viewer.background.system_dialog import FileQuestion, SystemDialog, programs
from recon_viewer.model.typed_path import typed_path
from recon_viewer.ui.dialogs import Dialogs

_PHOTOS = (".jpg", ".jpeg", ".png", ".heic", ".heif", ".webp", ".tif", ".tiff", ".mpo")
_SCENES = (
    ".npz", ".ply", ".glb", ".gltf", ".obj", ".stl", ".pcd", ".xyz", ".asc", ".pts", ".las", ".laz", ".spz", ".usd",
    ".usda", ".usdc", ".usdz",
)  # fmt: skip
_DEPTHS = (".png", ".exr", ".tif", ".tiff", ".npy", ".npz", ".pfm", ".pgm")
OPEN = (("Photos, scenes, exported files", (*_PHOTOS, *_SCENES)), ("Photos", _PHOTOS))
OPEN_DEPTH = (("Depth", _DEPTHS),)
Chosen = Callable[[list[Path]], None]


class FileDialogs:
    """One question at a time; ``tick`` collects the answer."""

    def __init__(self, window: Any, dialogs: Dialogs) -> None:
        self._window, self._dialogs = window, dialogs
        self._asked: tuple[FileQuestion, SystemDialog, Chosen] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a dialog of the system is open."""
        return self._asked is not None

    def open_files(self, folder: str | None, chosen: Chosen, *, depth: bool = False) -> None:
        """Asks for files to read."""
        title, filters = ("Open measured depth", OPEN_DEPTH) if depth else ("Open", OPEN)
        self._ask(FileQuestion(title, _existing(folder), filters=filters), chosen)

    def save_file(
        self, folder: str | None, suffix: str, title: str, chosen: Callable[[Path], None], *, name: str
    ) -> None:
        """Asks for a file to write, and suggests a name; adds the suffix if it is missing."""

        def named(paths: list[Path]) -> None:
            path = paths[0]
            if path.name.lower().endswith(suffix):
                chosen(path)
                return
            path = path.with_name(path.name + suffix)
            if not path.exists():
                chosen(path)
                return
            # The dialog has asked about the name without the suffix only.
            replaces = [("Replace it", lambda: chosen(path))]
            self._dialogs.decide("Replace the file?", f"{path} exists.", replaces)

        self._ask(FileQuestion(title, _existing(folder), True, name + suffix, ((title, (suffix,)),)), named)

    def tick(self) -> bool:
        """Passes on an answer; returns whether there was one."""
        if self._asked is None:
            return False
        question, dialog, chosen = self._asked
        paths = dialog.poll()
        if paths is None:
            return False
        self._dialogs.close()
        if dialog.failed:
            self._own(question, chosen)
        elif paths:
            chosen(paths)
        return True

    def _ask(self, question: FileQuestion, chosen: Chosen) -> None:
        found = programs(question)
        if not found:
            self._own(question, chosen)
            return
        self._asked = question, SystemDialog(found), chosen
        self._dialogs.wait(self.end)

    def end(self) -> None:
        """Closes the system's dialog, if one is open."""
        if self._asked is not None:
            _, dialog, _ = self._asked
            self._asked = None
            dialog.end()

    def _own(self, question: FileQuestion, chosen: Chosen) -> None:
        kind = gui.FileDialog.SAVE if question.save else gui.FileDialog.OPEN
        dialog = gui.FileDialog(kind, question.title, self._window.theme)
        for name, suffixes in question.filters:
            dialog.add_filter(" ".join(suffixes), name)
        dialog.add_filter("", "All files")
        dialog.set_path(question.folder)

        def done(path: str) -> None:
            self._dialogs.close()
            chosen([typed_path(path)])

        dialog.set_on_cancel(self._dialogs.close)
        dialog.set_on_done(done)
        self._dialogs.present(dialog)


def _existing(folder: str | None) -> str:
    """The folder where a dialog begins: the last one, or the user's pictures, or the home."""
    for path in (folder, Path.home() / "Pictures"):
        if path is not None and Path(path).is_dir():
            return str(path)
    return str(Path.home())
