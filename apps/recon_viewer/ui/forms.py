"""Dialogs with several fields: export, image, film, crop box."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from open3d.visualization import gui

from recon.frames import FILE_AXES, Axes
from recon.options import Options, Shape
from recon.render.camera_paths import PathName
from recon_viewer.background.outputs import suffixes
from recon_viewer.drawing.screenshot import PictureChoice
from recon_viewer.model.state import Box
from recon_viewer.model.typed_number import typed_count, typed_length
from recon_viewer.ui.dialogs import COLUMNS, Dialogs

Point = tuple[float, float, float]
_ROWS_EM = 30.0
_BOX_MEANS = (
    "The region to keep, from and to, in m. Height is above the floor if visible, else above the camera."
)
_BOX_SIDES = ("x, to the right", "y, up", "z, towards the camera")
_WAYS = {
    "swing": "to both sides and back",
    "turntable": "full turn (back sides are not reconstructed)",
    "fly": "forward and back",
}
_FILMS = {".mp4": "6 s, size of the photo, up to 1920 px", ".gif": "6 s, up to 640 px"}
_FILM_TAKES = (
    "The film shows the scene as a mesh and starts at the photo's camera. It takes a minute or more without a "
    "graphics card. You can continue to work meanwhile; Esc cancels it."
)


@dataclass(frozen=True)
class ExportChoice:
    """The settings of the export dialog."""

    suffix: str
    shape: Shape | None
    changes: dict[str, Any]
    """Changes of the scene's options: axes, faces, voxel, fill, level."""


class Forms:
    """Dialogs with several fields, shown by ``Dialogs`` one at a time.

    Closing a dialog frees its fields: they are read before.
    """

    def __init__(self, dialogs: Dialogs) -> None:
        self._dialogs = dialogs

    def film(
        self, ways: Sequence[PathName], suffixes: Sequence[str], chosen: Callable[[PathName, str], None]
    ) -> None:
        """Asks for camera path and format; the caller then asks for the file."""
        column = self._dialogs.column("Film")
        rows = self._rows(column)
        way = _combo(rows, "path", [f"{name}: {_WAYS.get(name, '')}" for name in ways])
        form = _combo(rows, "format", [f"{suffix}  ({_FILMS.get(suffix, '')})" for suffix in suffixes])
        column.add_child(gui.Label(fill(_FILM_TAKES, COLUMNS)))

        def given() -> None:
            values = ways[way.selected_index], suffixes[form.selected_index]
            self._dialogs.close()
            chosen(*values)

        self._dialogs.buttons(column, [("Choose the file...", given), ("Cancel", self._dialogs.close)])
        self._dialogs.show(column)

    def box(self, low: Point, high: Point, chosen: Callable[[Box | None], None]) -> None:
        """Asks for a box in metres; None removes all crops."""
        column = self._dialogs.column("Crop box")
        column.add_child(gui.Label(fill(_BOX_MEANS, COLUMNS)))
        grid, fields = gui.VGrid(3, 0.5 * self._dialogs.em), []
        for text, values in zip(_BOX_SIDES, zip(low, high, strict=True), strict=True):
            grid.add_child(gui.Label(text))
            for value in values:
                field = gui.NumberEdit(gui.NumberEdit.DOUBLE)
                field.set_limits(-1e5, 1e5)
                field.decimal_precision = 2
                field.double_value = value
                grid.add_child(field)
                fields.append(field)
        column.add_child(grid)
        problem = self._dialogs.problem(column)

        def given() -> None:
            x0, x1, y0, y1, z0, z1 = (field.double_value for field in fields)
            try:
                box = Box((x0, y0, z0), (x1, y1, z1))
            except ValueError:
                problem.text = "In each row, the first number must be smaller than the second."
                self._dialogs.lay_out()
                return
            self._dialogs.close()
            chosen(box)

        def everything() -> None:
            self._dialogs.close()
            chosen(None)

        self._dialogs.buttons(
            column, [("Crop", given), ("Remove all crops", everything), ("Cancel", self._dialogs.close)]
        )
        self._dialogs.show(column)

    def export(self, options: Options, level: bool, chosen: Callable[[ExportChoice], None]) -> None:
        """Asks for format and options; the caller then asks for the file."""
        column, forms = self._dialogs.column("Export"), suffixes()
        rows = self._rows(column)
        form = _combo(rows, "format", [f"{suffix}  ({name})" for suffix, name in forms])
        form.selected_index = next(at for at, (suffix, _) in enumerate(forms) if suffix == ".glb")
        shape = _combo(rows, "geometry", ["default", "points", "mesh"])
        axes_names: list[Axes] = list(FILE_AXES)
        axes = _combo(rows, "axes", [f"{name}: {FILE_AXES[name]}" for name in axes_names])
        faces = _number(rows, "most triangles", "about 1 million")
        voxel = _number(rows, "voxel size (m)", "none: all points")
        fill_box, level_box = (
            gui.Checkbox("fill gaps behind foreground (synthetic)"),
            gui.Checkbox("align with gravity"),
        )
        fill_box.checked, level_box.checked = options.fill, level
        column.add_child(fill_box)
        column.add_child(level_box)

        problem = self._dialogs.problem(column)

        def given() -> None:
            try:
                most, edge_m = typed_count(faces.text_value), typed_length(voxel.text_value)
            except ValueError as error:
                problem.text = str(error)
                self._dialogs.lay_out()
                return
            changes: dict[str, Any] = {"fill": fill_box.checked, "level": level_box.checked}
            changes |= {"axes": axes_names[axes.selected_index], "voxel": edge_m}
            if most is not None:
                changes |= {"faces": max(4, most), "error": None}
            shapes: tuple[Shape | None, ...] = (None, "cloud", "mesh")
            choice = ExportChoice(forms[form.selected_index][0], shapes[shape.selected_index], changes)
            self._dialogs.close()
            chosen(choice)

        self._dialogs.buttons(column, [("Choose the file...", given), ("Cancel", self._dialogs.close)])
        self._dialogs.show(column)

    def picture(self, size: tuple[int, int], chosen: Callable[[PictureChoice], None]) -> None:
        """Asks for the size of an image of the view; the caller then asks for the file."""
        column = self._dialogs.column("Image of the view")
        rows, fields = self._rows(column), []
        for text, value in zip(("width (px)", "height (px)"), size, strict=True):
            field = gui.NumberEdit(gui.NumberEdit.INT)
            field.set_limits(16, 8192)
            field.int_value = value
            rows.add_child(gui.Label(text))
            rows.add_child(field)
            fields.append(field)
        overlays = gui.Checkbox("include grid, camera and markers")
        overlays.checked = True
        column.add_child(overlays)

        def given() -> None:
            choice = PictureChoice(fields[0].int_value, fields[1].int_value, overlays.checked)
            self._dialogs.close()
            chosen(choice)

        self._dialogs.buttons(column, [("Choose the file...", given), ("Cancel", self._dialogs.close)])
        self._dialogs.show(column)

    def _rows(self, column: Any) -> Any:
        """Two columns: labels and fields."""
        rows = gui.VGrid(2, 0.5 * self._dialogs.em)
        rows.preferred_width = int(_ROWS_EM * self._dialogs.em)
        column.add_child(rows)
        return rows


def _combo(rows: Any, text: str, choices: Sequence[str]) -> Any:
    box = gui.Combobox()
    for choice in choices:
        box.add_item(choice)
    rows.add_child(gui.Label(text))
    rows.add_child(box)
    return box


def _number(rows: Any, text: str, default: str) -> Any:
    field = gui.TextEdit()
    field.placeholder_text = default
    rows.add_child(gui.Label(text))
    rows.add_child(field)
    return field
