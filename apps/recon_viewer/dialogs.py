"""Windows in the window: files, errors, help, and the few questions that need typing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from open3d.visualization import gui

from recon import __version__
from recon.frames import FILE_AXES, Axes
from recon.options import Shape
from recon_viewer import shortcuts
from recon_viewer.taking import suffixes

_COLUMNS = 76
_PHOTOS = ".jpg .jpeg .png .heic .heif .webp .tif .tiff .mpo"
_SCENES = ".npz .ply .glb .obj .stl .pcd .xyz .las .laz .usdz"

_WAYS = {
    "swing": "to both sides and back",
    "turntable": "all around; one photo has no backs",
    "fly": "forward and back",
}
_FILMS = {".mp4": "6 s, the photo's size up to 1920 px", ".gif": "6 s, up to 640 px"}
_FILM_TAKES = (
    "It shows the scene as a mesh, from the photo's camera on, and takes a minute or more on a machine without a "
    "graphics card. Meanwhile one can go on; Esc gives it up."
)


@dataclass(frozen=True)
class ExportChoice:
    """What the export dialog says."""

    suffix: str
    shape: Shape | None
    changes: dict[str, Any]
    """Of the scene's options: axes, faces, voxel, fill, level."""


@dataclass(frozen=True)
class PictureChoice:
    """What the dialog for a picture of the view says."""

    width: int
    height: int
    overlays: bool


class Dialogs:
    """Shows one dialog at a time in a window."""

    def __init__(self, window: Any, closed: Callable[[], None]) -> None:
        self._window, self._closed = window, closed
        self._em = window.theme.font_size
        self.is_open = False
        self._enter: Callable[[], None] | None = None

    def key(self, name: str) -> bool:
        """Enter is the first button and Esc the last; True where the key was one of them."""
        if self.is_open and name == "escape":
            self.close()
            return True
        if self.is_open and name == "enter" and self._enter is not None:
            self._enter()
            return True
        return False

    def message(self, title: str, text: str) -> None:
        """A text and a button."""
        column = self._column(title)
        column.add_child(gui.Label(fill(text, _COLUMNS)))
        self._buttons(column, [("Close", self.close)])
        self._show(column)

    def help(self) -> None:
        """Every key and gesture."""
        column = self._column("Keys and mouse")
        scrolled = gui.ScrollableVert(0.2 * self._em)
        grid = gui.VGrid(2, 0.45 * self._em)
        for keys, what in shortcuts.help_lines():
            grid.add_child(gui.Label(keys))
            grid.add_child(gui.Label(what))
        scrolled.add_child(grid)
        column.add_child(scrolled)
        self._buttons(column, [("Close", self.close)])
        self._show(column)

    def about(self) -> None:
        """Version and licence."""
        self.message(
            "recon",
            f"recon {__version__}: one photograph to a metric 3D scene. Licence: Apache-2.0. The models have "
            "licences of their own: `recon models` lists them.",
        )

    def ask(self, title: str, text: str, hint: str, answer: Callable[[str], str | None]) -> None:
        """Asks for a line of text.

        Args:
            title: Of the dialog.
            text: What is asked for.
            hint: An example, in the empty field.
            answer: Gets what was typed; returns a sentence where that will not do, and the dialog stays.
        """
        column = self._column(title)
        column.add_child(gui.Label(fill(text, _COLUMNS)))
        field = gui.TextEdit()
        field.placeholder_text = hint
        column.add_child(field)
        problem = gui.Label("")
        problem.text_color = gui.Color(1.0, 0.5, 0.4)
        column.add_child(problem)

        def given(*_: Any) -> None:
            told = answer(field.text_value)
            if told is None:
                self.close()
            else:
                problem.text = fill(told, _COLUMNS)
                self._window.set_needs_layout()

        self._buttons(column, [("OK", given), ("Cancel", self.close)])
        self._show(column)

    def choose(self, title: str, text: str, choices: Sequence[str], chosen: Callable[[str], None]) -> None:
        """One of a list."""
        column = self._column(title)
        column.add_child(gui.Label(fill(text, _COLUMNS)))
        box = gui.Combobox()
        for choice in choices:
            box.add_item(choice)
        column.add_child(box)

        def given() -> None:
            self.close()
            chosen(box.selected_text)

        self._buttons(column, [("OK", given), ("Cancel", self.close)])
        self._show(column)

    def film(self, ways: Sequence[str], suffixes: Sequence[str], chosen: Callable[[str, str], None]) -> None:
        """The camera's way and the format; then the name is asked for."""
        column = self._column("Film")
        way = self._combo(column, "way", [f"{name}: {_WAYS.get(name, '')}" for name in ways])
        form = self._combo(column, "format", [f"{suffix}  ({_FILMS.get(suffix, '')})" for suffix in suffixes])
        column.add_child(gui.Label(fill(_FILM_TAKES, _COLUMNS)))

        def given() -> None:
            self.close()
            chosen(ways[way.selected_index], suffixes[form.selected_index])

        self._buttons(column, [("Choose the file...", given), ("Cancel", self.close)])
        self._show(column)

    def export(self, level: bool, chosen: Callable[[ExportChoice], None]) -> None:
        """Format and its options; then the name is asked for."""
        column, em = self._column("Export"), self._em
        forms = suffixes()
        form = self._combo(column, "format", [f"{suffix}  ({name})" for suffix, name in forms])
        form.selected_index = next(at for at, (suffix, _) in enumerate(forms) if suffix == ".glb")
        shape = self._combo(column, "as", ["the format's own", "points", "mesh"])
        axes_names: list[Axes] = list(FILE_AXES)
        axes = self._combo(column, "axes", [f"{name}: {FILE_AXES[name]}" for name in axes_names])
        faces, voxel = gui.NumberEdit(gui.NumberEdit.INT), gui.NumberEdit(gui.NumberEdit.DOUBLE)
        faces.set_limits(0, 100_000_000)
        voxel.set_limits(0, 10)
        for text, widget in (
            ("triangles at most (0: all)", faces),
            ("one point per cube of (m, 0: all)", voxel),
        ):
            row = gui.Horiz(0.5 * em)
            row.add_child(gui.Label(f"{text:<36}"))
            row.add_child(widget)
            column.add_child(row)
        fill_box, level_box = (
            gui.Checkbox("close the cuts of a mesh (invented)"),
            gui.Checkbox("stand upright"),
        )
        level_box.checked = level
        column.add_child(fill_box)
        column.add_child(level_box)

        def given() -> None:
            self.close()
            changes: dict[str, Any] = {"fill": fill_box.checked, "level": level_box.checked}
            changes["axes"] = axes_names[axes.selected_index]
            changes["voxel"] = voxel.double_value or None
            if faces.int_value:
                changes |= {"faces": max(4, faces.int_value), "error": None}
            shapes: tuple[Shape | None, ...] = (None, "cloud", "mesh")
            held = shapes[shape.selected_index]
            chosen(ExportChoice(forms[form.selected_index][0], held, changes))

        self._buttons(column, [("Choose the file...", given), ("Cancel", self.close)])
        self._show(column)

    def picture(self, size: tuple[int, int], chosen: Callable[[PictureChoice], None]) -> None:
        """Size of a picture of the view; then the name is asked for."""
        column = self._column("Picture of the view")
        fields = []
        for text, value in zip(("width (px)", "height (px)"), size, strict=True):
            field = gui.NumberEdit(gui.NumberEdit.INT)
            field.set_limits(16, 8192)
            field.int_value = value
            row = gui.Horiz(0.5 * self._em)
            row.add_child(gui.Label(f"{text:<14}"))
            row.add_child(field)
            column.add_child(row)
            fields.append(field)
        overlays = gui.Checkbox("with grid, camera and marks")
        overlays.checked = True
        column.add_child(overlays)

        def given() -> None:
            self.close()
            chosen(PictureChoice(fields[0].int_value, fields[1].int_value, overlays.checked))

        self._buttons(column, [("Choose the file...", given), ("Cancel", self.close)])
        self._show(column)

    def open_file(self, folder: str | None, chosen: Callable[[Path], None], *, depth: bool = False) -> None:
        """Asks for a file to read."""
        dialog = gui.FileDialog(
            gui.FileDialog.OPEN, "Open measured depth" if depth else "Open", self._window.theme
        )
        if depth:
            dialog.add_filter(".png .exr .tif .tiff .npy .npz", "Depth (.png, .exr, .tif, .npy, .npz)")
        else:
            dialog.add_filter(f"{_PHOTOS} {_SCENES}", "Photos, scenes, exported files")
            dialog.add_filter(_PHOTOS, "Photos")
        dialog.add_filter("", "All files")
        self._file_dialog(dialog, folder, chosen)

    def save_file(self, folder: str | None, suffix: str, name: str, chosen: Callable[[Path], None]) -> None:
        """Asks for a file to write; the suffix is added where it was not typed."""
        dialog = gui.FileDialog(gui.FileDialog.SAVE, name, self._window.theme)
        dialog.add_filter(suffix, f"{name} ({suffix})")

        def named(path: Path) -> None:
            chosen(path if path.name.lower().endswith(suffix) else path.with_name(path.name + suffix))

        self._file_dialog(dialog, folder, named)

    def close(self) -> None:
        """Closes what is open."""
        self.is_open, self._enter = False, None
        self._window.close_dialog()
        self._closed()

    def _file_dialog(self, dialog: Any, folder: str | None, chosen: Callable[[Path], None]) -> None:
        if folder is not None and Path(folder).is_dir():
            dialog.set_path(folder)

        def done(path: str) -> None:
            self.close()
            chosen(Path(path))

        dialog.set_on_cancel(self.close)
        dialog.set_on_done(done)
        self.is_open = True
        self._window.show_dialog(dialog)

    def _combo(self, column: Any, text: str, choices: Sequence[str]) -> Any:
        box = gui.Combobox()
        for choice in choices:
            box.add_item(choice)
        row = gui.Horiz(0.5 * self._em)
        row.add_child(gui.Label(f"{text:<10}"))
        row.add_child(box)
        column.add_child(row)
        return box

    def _column(self, title: str) -> Any:
        em = self._em
        column = gui.Vert(0.6 * em, gui.Margins(em, em, em, em))
        heading = gui.Label(title)
        heading.text_color = gui.Color(0.55, 0.8, 1.0)
        column.add_child(heading)
        return column

    def _buttons(self, column: Any, buttons: Sequence[tuple[str, Callable[[], None]]]) -> None:
        self._enter = buttons[0][1]
        row = gui.Horiz(0.5 * self._em)
        row.add_stretch()
        for text, on_click in buttons:
            button = gui.Button(text)
            button.set_on_clicked(on_click)
            row.add_child(button)
        column.add_child(row)

    def _show(self, column: Any) -> None:
        dialog = gui.Dialog("recon")
        dialog.add_child(column)
        self.is_open = True
        self._window.show_dialog(dialog)
