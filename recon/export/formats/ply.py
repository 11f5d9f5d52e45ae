"""PLY, binary little endian: coloured points, a mesh with vertex colours, or a mesh with the photo as texture.

Uses only properties that all programs read in the same way: float positions and normals, uchar colours, int indices;
``scalar_depth_sigma_m``, the standard deviation of the depth, only if the user asks for it, because CloudCompare then
shows the cloud in its colours instead of the photo's. Without its prefix ``scalar_`` CloudCompare skips a property.

A mesh has colours or a texture, never both: MeshLab multiplies them, which is too dark; trimesh drops the colours if
there are texture coordinates; CloudCompare and Open3D ignore textures of a PLY. So ``.ply`` has colours, which work
everywhere, and ``.textured.ply`` has MeshLab's ``s t`` and ``comment TextureFile``, for meshes that are coarser than
the photo; Blender reads their texture coordinates as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.export.binary.threaded_writer import Buffer, Run, write_runs
from recon.export.checks import (
    check_points,
    cloud_of,
    describe_lines,
    mesh_of,
    textured_mesh_of,
    unit_normals,
    vertex_rgb,
)
from recon.export.format import Content, Format
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import Transform, apply, rotate
from recon.geometry.point_cloud import GridCloud, Piece
from recon.options import Shape
from recon.threads import blocks
from recon.types import Mesh

_PROPERTIES = {
    "xyz": ("float x", "float y", "float z"),
    "normal": ("float nx", "float ny", "float nz"),
    "rgb": ("uchar red", "uchar green", "uchar blue"),
    "st": ("float s", "float t"),
    "sigma": ("float scalar_depth_sigma_m",),
}
_FACE = np.dtype([("count", "u1"), ("indices", "<i4", (3,))])


@dataclass(frozen=True)
class Vertices:
    """Vertices of a mesh or points of a cloud, in the cam frame."""

    points: NDArray[np.float32]
    """(N, 3) m."""
    normals: NDArray[np.float32] | None = None
    """(N, 3), of any length."""
    rgb: NDArray[np.uint8] | None = None
    """(N, 3) sRGB."""
    uv: NDArray[np.float32] | None = None
    """(N, 2), from the top-left corner of the image."""
    sigma_m: NDArray[np.float32] | None = None
    """(N,) standard deviation of z-depth, m."""

    def __len__(self) -> int:
        return len(self.points)


def sidecars(path: Path, shape: Shape = "mesh") -> tuple[Path, ...]:
    """The texture of a textured mesh: ``my scene.textured.ply`` has ``my_scene.textured.jpg``."""
    return (path.with_name(f"{plain_name(path.stem)}.jpg"),)


def write(content: Content, path: Path) -> None:
    """Writes a cloud, or a mesh with coloured vertices, at ``path``, in the axes of ``content``."""
    geometry = content.geometry
    if isinstance(geometry, Mesh):
        mesh = mesh_of(content)
        vertices = Vertices(mesh.vertices, mesh.normals, vertex_rgb(content, mesh))
        _write_file(content, path, vertices, mesh.faces)
    elif isinstance(geometry, GridCloud):
        check_points(len(geometry))
        _write_file(content, path, geometry)
    else:
        cloud = cloud_of(content)
        _write_file(content, path, Vertices(cloud.points, cloud.normals, cloud.rgb, sigma_m=cloud.sigma_m))


def write_textured(content: Content, path: Path) -> None:
    """Writes a mesh at ``path`` and its texture in the same folder, in the axes of ``content``.

    Raises:
        ExportError: no faces.
        ValueError: the geometry is not a mesh, or has no texture coordinates.
    """
    mesh, uv = textured_mesh_of(content)
    (texture,) = sidecars(path)
    texture.write_bytes(texture_jpeg(content.photo))
    _write_file(content, path, Vertices(mesh.vertices, mesh.normals, uv=uv), mesh.faces, texture.name)


def _write_file(
    content: Content,
    path: Path,
    vertices: Vertices | GridCloud,
    faces: NDArray[np.int32] | None = None,
    texture: str | None = None,
) -> None:
    record = record_of(vertices)
    with path.open("wb") as file:
        file.write(_header(content, record, len(vertices), faces, texture))
        write_runs(file, vertex_runs(vertices, record, content.file_T_cam))
        if faces is not None:
            write_runs(file, _face_runs(faces))


def _header(
    content: Content, record: np.dtype[Any], count: int, faces: NDArray[np.int32] | None, texture: str | None
) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment TextureFile {texture}"] if texture else []
    lines += [f"comment {line}" for line in describe_lines(content)]
    lines += [f"element vertex {count}"]
    lines += [f"property {name}" for field in record.names or () for name in _PROPERTIES[field]]
    if faces is not None:
        lines += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def _face_runs(faces: NDArray[np.int32]) -> Iterator[Run]:
    for rows in blocks(len(faces)):
        yield Run((rows.stop - rows.start) * _FACE.itemsize, partial(_faces, faces[rows]))


def _faces(faces: NDArray[np.int32], buffer: Buffer) -> memoryview:
    block = buffer.view(_FACE)
    block["count"] = 3
    _put(block["indices"], faces)
    return buffer.data


def record_of(vertices: Vertices | GridCloud) -> np.dtype[Any]:
    """The dtype of one vertex: ``xyz``, then what is present of ``normal``, ``rgb``, ``st``, ``sigma``; packed."""
    if isinstance(vertices, GridCloud):
        has_normals, has_rgb, has_uv = vertices.connections is not None, True, False
    else:
        has_normals, has_rgb, has_uv = (x is not None for x in (vertices.normals, vertices.rgb, vertices.uv))
    fields: list[tuple[str, str, tuple[int]]] = [("xyz", "<f4", (3,))]
    fields += [("normal", "<f4", (3,))] if has_normals else []
    fields += [("rgb", "u1", (3,))] if has_rgb else []
    fields += [("st", "<f4", (2,))] if has_uv else []
    fields += [("sigma", "<f4", (1,))] if vertices.sigma_m is not None else []
    return np.dtype(fields)


def vertex_runs(
    vertices: Vertices | GridCloud, record: np.dtype[Any], file_T_cam: Transform
) -> Iterator[Run]:
    """Runs with the bytes of all records.

    Args:
        vertices: In the cam frame.
        record: From ``record_of``.
        file_T_cam: (4, 4) rigid transform to the file's axes.
    """
    if isinstance(vertices, GridCloud):
        for piece in vertices.pieces:
            yield Run(piece.count * record.itemsize, partial(_of_piece, piece, record, file_T_cam))
    else:
        for rows in blocks(len(vertices)):
            size = (rows.stop - rows.start) * record.itemsize
            yield Run(size, partial(_of_rows, vertices, rows, record, file_T_cam))


def _of_piece(piece: Piece, record: np.dtype[Any], file_T_cam: Transform, buffer: Buffer) -> memoryview:
    if piece.count:
        block = buffer.view(record)
        _copy_rgb(block, piece.rgb())
        piece.put_points(block["xyz"], file_T_cam)
        if "normal" in (record.names or ()):
            _put(block["normal"], piece.normals(file_T_cam))
        if "sigma" in (record.names or ()):
            _put(block["sigma"], piece.sigma_m()[:, None])
    return buffer.data


def _of_rows(
    vertices: Vertices, rows: slice, record: np.dtype[Any], file_T_cam: Transform, buffer: Buffer
) -> memoryview:
    points = vertices.points[rows]
    block = buffer.view(record)
    if vertices.rgb is not None:
        _copy_rgb(block, vertices.rgb[rows])
    _put(block["xyz"], apply(file_T_cam, points))
    if vertices.normals is not None:
        _put(block["normal"], rotate(file_T_cam, unit_normals(vertices.normals[rows], points)))
    if vertices.uv is not None:
        # t is measured upwards from the bottom of the image.
        _put(block["st"][:, 0], vertices.uv[rows, 0])
        np.subtract(1, vertices.uv[rows, 1], out=block["st"][:, 1])
    if vertices.sigma_m is not None:
        _put(block["sigma"], vertices.sigma_m[rows, None])
    return buffer.data


def _put(out: NDArray[Any], values: NDArray[Any]) -> None:
    """``out[...] = values`` for the same type, column by column, where ``out`` is a field of packed records.

    numpy's own assignment takes three times as long if the records are not aligned, and more if it iterates over the
    few columns first.
    """
    if out.ndim == 1:
        np.positive(values, out=out)
        return
    for column in range(out.shape[1]):
        np.positive(values[:, column], out=out[:, column])


def _copy_rgb(block: NDArray[Any], rgb: NDArray[np.uint8]) -> None:
    """Writes colours into records before any other field.

    Copies four bytes at a time, which takes a third of the time of three; the fourth byte is overwritten later.
    """
    count, size = len(block), block.dtype.itemsize
    offset = block["rgb"].ctypes.data - block.ctypes.data
    source = np.ndarray((count - 1,), "<u4", np.ascontiguousarray(rgb).data, strides=(3,))
    target = np.ndarray((count - 1,), "<u4", block.data, offset, strides=(size,))
    _put(target, source)
    block["rgb"][-1] = rgb[-1]


FORMATS = (
    Format(suffix=".ply", name="PLY", shapes=("cloud", "mesh"), write=write),
    Format(
        suffix=".textured.ply",
        name="PLY with texture",
        shapes=("mesh",),
        write=write_textured,
        sidecars=sidecars,
        instead="Points have no texture; write the cloud as .ply.",
    ),
)
