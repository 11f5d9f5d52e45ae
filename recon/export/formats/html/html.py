"""A self-contained web page: an orbit viewer with the scene and a ruler in metres.

The page needs only WebGL 2: no server, no network. Its program, including three.js, is bundled from ``web/src`` by
``python -m tools.page_program``.
"""

import base64
import html
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from math import floor, log2
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recon.export.checks import cloud_of, mesh_of
from recon.export.format import Content, Format
from recon.export.formats.html.packing import Packed
from recon.export.formats.html.page_data import UV_STEPS_PER_PX, file_name, page_data
from recon.export.texture import texture_jpeg
from recon.frames import apply
from recon.types import Intrinsics, Mesh, PointCloud

BUNDLE = "viewer.min.js"
_COARSEST_STEP_M = 2.0**-13
_LARGEST_INTEGER = 2**30


def write(content: Content, path: Path) -> None:
    """Writes the page; positions are rounded to ``position_step_m``.

    Raises:
        ExportError: nothing to write.
        ValueError: the mesh has no texture coordinates.
    """
    is_mesh = isinstance(content.geometry, Mesh)
    geometry = mesh_of(content) if is_mesh else cloud_of(content)
    points = geometry.vertices if isinstance(geometry, Mesh) else geometry.points
    step_m = position_step_m(points, content.intrinsics)
    arrays = _arrays(content, geometry, points, step_m)
    parts = {
        "title": html.escape(file_name(content)),
        "style": _asset("page.css"),
        "data": _json(page_data(content, points, arrays, step_m)),
        "program": _asset(BUNDLE),
    }
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for literal, name in _segments(_asset("page.html")):
            file.write(literal)
            if name == "arrays":
                _write_arrays(file, arrays)
            elif name == "photo":
                if is_mesh:
                    picture = base64.b64encode(texture_jpeg(content.photo)).decode("ascii")
                    source = f"data:image/jpeg;base64,{picture}"
                    file.write(f'<img id="photo" elementtiming="photo" alt="" src="{source}">')
            elif name:
                file.write(parts[name])


def position_step_m(points_cam: NDArray[np.float32], camera: Intrinsics) -> float:
    """Quantisation step of positions, m: a power of two, so that numbers in the page are exact.

    An eighth of a millimetre, or finer if the nearest surface needs it: rounding moves a point by less than a tenth
    of the pixel footprint there. Coarser only in scenes of over 100 km.
    """
    footprint_m = float(points_cam[:, 2].min()) / max(camera.fx, camera.fy)
    step = _COARSEST_STEP_M
    if footprint_m > 0:
        step = min(step, 2.0 ** floor(log2(0.1 * footprint_m)))
    largest = float(np.abs([points_cam.min(), points_cam.max()]).max())
    # A rotation increases a coordinate by at most a factor of sqrt(3).
    while 2 * largest / step >= _LARGEST_INTEGER:
        step *= 2
    return step


def _arrays(
    content: Content, geometry: PointCloud | Mesh, points: NDArray[np.float32], step_m: float
) -> dict[str, Packed]:
    """Arrays by name: ``position`` in steps; for a mesh ``uv`` in fractions of a pixel and ``face``; for a cloud
    ``rgb``."""
    scene_T_cam = content.file_T_cam

    def positions(rows: slice) -> NDArray[np.int32]:
        return np.rint(apply(scene_T_cam, points[rows]).astype(np.float64) / step_m).astype(np.int32)

    arrays = {"position": Packed(len(points), 3, positions)}
    if not isinstance(geometry, Mesh):
        rgb = geometry.rgb
        return {**arrays, "rgb": Packed(len(rgb), 3, lambda rows: rgb[rows])}
    uv, faces = geometry.uv, geometry.faces
    if uv is None:
        raise ValueError("mesh: the page is textured and needs uv")
    steps = np.array([content.photo.width, content.photo.height]) * UV_STEPS_PER_PX

    def coordinates(rows: slice) -> NDArray[np.int32]:
        return np.rint(uv[rows].astype(np.float64) * steps).astype(np.int32)

    return {
        **arrays,
        "uv": Packed(len(uv), 2, coordinates),
        "face": Packed(len(faces), 3, lambda rows: faces[rows]),
    }


def _write_arrays(file: IO[str], arrays: Mapping[str, Packed]) -> None:
    for name, array in arrays.items():
        for rows, text in array.texts():
            file.write(f'<script type="text/plain" data-array="{name}" data-rows="{rows}">{text}</script>\n')


def _json(value: Any) -> str:
    """JSON, escaped so that it cannot close the script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _segments(page: str) -> Iterator[tuple[str, str]]:
    """Splits the page at its ``{{name}}`` placeholders into (text, name of the next placeholder)."""
    literal, *rest = page.split("{{")
    for piece in rest:
        name, after = piece.split("}}", 1)
        yield literal, name
        literal = after
    yield literal, ""


def _asset(name: str) -> str:
    return resources.files("recon.export.formats.html").joinpath("web", name).read_text("utf-8")


FORMAT = Format(
    suffix=".html",
    name="web page",
    shapes=("mesh", "cloud"),
    write=write,
    fixed_axes="y-up",
)
