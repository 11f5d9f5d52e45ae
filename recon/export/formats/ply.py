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
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.export.binary.threaded_writer import Buffer, Run, write_runs
from recon.export.binary.vertex_records import Vertices, put, record_of, vertex_runs
from recon.export.checks import check_points, cloud_of, describe_lines, mesh_of, textured_mesh_of, vertex_rgb
from recon.export.format import Content, Format
from recon.export.texture import plain_name, texture_jpeg
from recon.geometry.point_cloud import GridCloud
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
    put(block["indices"], faces)
    return buffer.data


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
