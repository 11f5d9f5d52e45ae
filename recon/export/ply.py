"""PLY, binary little endian: coloured points, or a mesh with coloured vertices.

Only what every client reads alike: float positions and normals, uchar colours, int indices.
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from recon.export.content import Content, Format
from recon.export.geometry import blocks, cloud_of, describe_lines, mesh_of, unit_normals, vertex_rgb
from recon.frames import apply, rotate
from recon.types import Mesh

_FACE = np.dtype([("count", "u1"), ("indices", "<i4", (3,))])


def write(content: Content, path: Path) -> None:
    """Writes a cloud or a mesh at ``path``, in the axes of ``content``."""
    if isinstance(content.geometry, Mesh):
        mesh = mesh_of(content)
        points, rgb, normals = mesh.vertices, vertex_rgb(content, mesh), mesh.normals
        faces: NDArray[np.int32] | None = mesh.faces
    else:
        cloud = cloud_of(content)
        points, rgb, normals, faces = cloud.points, cloud.rgb, cloud.normals, None
    with path.open("wb") as file:
        file.write(_header(content, len(points), normals is not None, faces))
        _write_vertices(file, content, points, rgb, normals)
        if faces is not None:
            _write_faces(file, faces)


def _header(content: Content, count: int, has_normals: bool, faces: NDArray[np.int32] | None) -> bytes:
    properties = ["float x", "float y", "float z"]
    if has_normals:
        properties += ["float nx", "float ny", "float nz"]
    properties += ["uchar red", "uchar green", "uchar blue"]
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {line}" for line in describe_lines(content)]
    lines += [f"element vertex {count}", *(f"property {name}" for name in properties)]
    if faces is not None:
        lines += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def _write_vertices(
    file: BinaryIO,
    content: Content,
    points: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    normals: NDArray[np.float32] | None,
) -> None:
    fields: list[tuple[str, str, tuple[int]]] = [("xyz", "<f4", (3,)), ("rgb", "u1", (3,))]
    if normals is not None:
        fields.insert(1, ("normal", "<f4", (3,)))
    for rows in blocks(len(points)):
        block = np.empty(rows.stop - rows.start, np.dtype(fields))
        block["xyz"] = apply(content.file_T_cam, points[rows])
        block["rgb"] = rgb[rows]
        if normals is not None:
            block["normal"] = rotate(content.file_T_cam, unit_normals(normals[rows], points[rows]))
        file.write(block.view(np.uint8).data)


def _write_faces(file: BinaryIO, faces: NDArray[np.int32]) -> None:
    for rows in blocks(len(faces)):
        block = np.empty(rows.stop - rows.start, _FACE)
        block["count"] = 3
        block["indices"] = faces[rows]
        file.write(block.view(np.uint8).data)


FORMAT = Format(suffix=".ply", name="PLY", shapes=("cloud", "mesh"), write=write)
