"""PLY, binary little endian: coloured points, or a mesh with coloured vertices and the photo as texture.

Only what every client reads alike: float positions and normals, uchar colours, int indices. Texture coordinates are
MeshLab's ``s t`` of the vertices with the picture's name in a comment, which Blender takes too and others pass over:
they show the vertices' colours.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from recon.export.content import Content, Format
from recon.export.geometry import blocks, cloud_of, describe_lines, mesh_of, unit_normals, vertex_rgb
from recon.export.texture import plain_name, texture_jpeg
from recon.frames import apply, rotate
from recon.options import Shape
from recon.types import Mesh

_FACE = np.dtype([("count", "u1"), ("indices", "<i4", (3,))])


@dataclass(frozen=True)
class _Vertices:
    points: NDArray[np.float32]
    rgb: NDArray[np.uint8]
    normals: NDArray[np.float32] | None
    uv: NDArray[np.float32] | None = None


def sidecars(path: Path, shape: Shape) -> tuple[Path, ...]:
    """A mesh's texture: ``my scene.ply`` has ``my_scene_ply_texture.jpg``; an OBJ of that name keeps its own."""
    return (path.with_name(f"{plain_name(path.stem)}_ply_texture.jpg"),) if shape == "mesh" else ()


def write(content: Content, path: Path) -> None:
    """Writes a cloud, or a mesh and its texture, at ``path``, in the axes of ``content``.

    Raises:
        ExportError: nothing to write.
        ValueError: a mesh without texture coordinates.
    """
    if isinstance(content.geometry, Mesh):
        mesh = mesh_of(content)
        if mesh.uv is None:
            raise ValueError("mesh: a PLY mesh is textured and needs uv")
        (texture,) = sidecars(path, "mesh")
        texture.write_bytes(texture_jpeg(content.photo))
        vertices = _Vertices(mesh.vertices, vertex_rgb(content, mesh), mesh.normals, mesh.uv)
        header = _header(content, vertices, len(mesh.faces), texture.name)
    else:
        cloud = cloud_of(content)
        vertices = _Vertices(cloud.points, cloud.rgb, cloud.normals)
        header = _header(content, vertices)
    with path.open("wb") as file:
        file.write(header)
        _write_vertices(file, content, vertices)
        if isinstance(content.geometry, Mesh):
            _write_faces(file, content.geometry.faces)


def _header(content: Content, vertices: _Vertices, faces: int = 0, texture: str = "") -> bytes:
    properties = ["float x", "float y", "float z"]
    if vertices.normals is not None:
        properties += ["float nx", "float ny", "float nz"]
    properties += ["uchar red", "uchar green", "uchar blue"]
    if vertices.uv is not None:
        properties += ["float s", "float t"]
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment TextureFile {texture}"] if texture else []
    lines += [f"comment {line}" for line in describe_lines(content)]
    lines += [f"element vertex {len(vertices.points)}", *(f"property {name}" for name in properties)]
    if faces:
        lines += [f"element face {faces}", "property list uchar int vertex_indices"]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def _write_vertices(file: BinaryIO, content: Content, vertices: _Vertices) -> None:
    fields: list[tuple[str, str, tuple[int]]] = [("xyz", "<f4", (3,)), ("rgb", "u1", (3,))]
    if vertices.normals is not None:
        fields.insert(1, ("normal", "<f4", (3,)))
    if vertices.uv is not None:
        fields.append(("st", "<f4", (2,)))
    for rows in blocks(len(vertices.points)):
        points = vertices.points[rows]
        block = np.empty(len(points), np.dtype(fields))
        block["xyz"] = apply(content.file_T_cam, points)
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


FORMAT = Format(suffix=".ply", name="PLY", shapes=("cloud", "mesh"), write=write, sidecars=sidecars)
