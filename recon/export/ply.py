"""PLY, binary little endian: coloured points, a mesh with coloured vertices, or one with the photo as texture.

Only what every client reads alike: float positions and normals, uchar colours, int indices.

A mesh has colours or a texture, never both: MeshLab multiplies them, which shows everything too dark; trimesh
leaves out the colours where there are texture coordinates; CloudCompare and Open3D show no texture of a PLY. So
``.ply`` has colours, right everywhere, and ``.textured.ply`` has MeshLab's ``s t`` and ``comment TextureFile``, for
meshes that are coarser than the photo; Blender takes their texture coordinates too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from recon.export.content import Content, Format
from recon.export.geometry import (
    blocks,
    cloud_of,
    describe_lines,
    mesh_of,
    textured_mesh_of,
    unit_normals,
    vertex_rgb,
)
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import apply, rotate
from recon.options import Shape
from recon.types import Mesh

_FACE = np.dtype([("count", "u1"), ("indices", "<i4", (3,))])


@dataclass(frozen=True)
class _Vertices:
    points: NDArray[np.float32]
    rgb: NDArray[np.uint8] | None
    normals: NDArray[np.float32] | None
    uv: NDArray[np.float32] | None = None


def sidecars(path: Path, shape: Shape = "mesh") -> tuple[Path, ...]:
    """The texture of a textured mesh: ``my scene.textured.ply`` has ``my_scene.textured.jpg``."""
    return (path.with_name(f"{plain_name(path.stem)}.jpg"),)


def write(content: Content, path: Path) -> None:
    """Writes a cloud, or a mesh with coloured vertices, at ``path``, in the axes of ``content``."""
    if isinstance(content.geometry, Mesh):
        mesh = mesh_of(content)
        vertices = _Vertices(mesh.vertices, vertex_rgb(content, mesh), mesh.normals)
        _write_file(content, path, vertices, mesh.faces)
    else:
        cloud = cloud_of(content)
        _write_file(content, path, _Vertices(cloud.points, cloud.rgb, cloud.normals))


def write_textured(content: Content, path: Path) -> None:
    """Writes a mesh at ``path`` and its texture beside it, in the axes of ``content``.

    Raises:
        ExportError: no faces.
        ValueError: the geometry is no mesh, or has no texture coordinates.
    """
    mesh, uv = textured_mesh_of(content)
    (texture,) = sidecars(path)
    texture.write_bytes(texture_jpeg(content.photo))
    _write_file(content, path, _Vertices(mesh.vertices, None, mesh.normals, uv), mesh.faces, texture.name)


def _write_file(
    content: Content,
    path: Path,
    vertices: _Vertices,
    faces: NDArray[np.int32] | None = None,
    texture: str | None = None,
) -> None:
    with path.open("wb") as file:
        file.write(_header(content, vertices, faces, texture))
        _write_vertices(file, content, vertices)
        if faces is not None:
            _write_faces(file, faces)


def _header(
    content: Content, vertices: _Vertices, faces: NDArray[np.int32] | None, texture: str | None
) -> bytes:
    properties = ["float x", "float y", "float z"]
    if vertices.normals is not None:
        properties += ["float nx", "float ny", "float nz"]
    if vertices.rgb is not None:
        properties += ["uchar red", "uchar green", "uchar blue"]
    if vertices.uv is not None:
        properties += ["float s", "float t"]
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment TextureFile {texture}"] if texture else []
    lines += [f"comment {line}" for line in describe_lines(content)]
    lines += [f"element vertex {len(vertices.points)}", *(f"property {name}" for name in properties)]
    if faces is not None:
        lines += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def _write_vertices(file: BinaryIO, content: Content, vertices: _Vertices) -> None:
    fields: list[tuple[str, str, tuple[int]]] = [("xyz", "<f4", (3,))]
    if vertices.normals is not None:
        fields.append(("normal", "<f4", (3,)))
    if vertices.rgb is not None:
        fields.append(("rgb", "u1", (3,)))
    if vertices.uv is not None:
        fields.append(("st", "<f4", (2,)))
    for rows in blocks(len(vertices.points)):
        points = vertices.points[rows]
        block = np.empty(len(points), np.dtype(fields))
        block["xyz"] = apply(content.file_T_cam, points)
        if vertices.rgb is not None:
            block["rgb"] = vertices.rgb[rows]
        if vertices.normals is not None:
            block["normal"] = rotate(content.file_T_cam, unit_normals(vertices.normals[rows], points))
        if vertices.uv is not None:
            # t goes up from the picture's lower edge.
            block["st"] = vertices.uv[rows]
            block["st"][:, 1] = 1 - block["st"][:, 1]
        file.write(block.view(np.uint8).data)


def _write_faces(file: BinaryIO, faces: NDArray[np.int32]) -> None:
    for rows in blocks(len(faces)):
        block = np.empty(rows.stop - rows.start, _FACE)
        block["count"] = 3
        block["indices"] = faces[rows]
        file.write(block.view(np.uint8).data)


FORMATS = (
    Format(suffix=".ply", name="PLY", shapes=("cloud", "mesh"), write=write),
    Format(
        suffix=".textured.ply",
        name="PLY with texture",
        shapes=("mesh",),
        write=write_textured,
        sidecars=sidecars,
        instead="Points have no texture: write the cloud as .ply.",
    ),
)
