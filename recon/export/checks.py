"""Checks and conversions that all writers share: kind of geometry, not empty, finite."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.export.format import Content, PlacedCamera
from recon.frames import FILE_AXES
from recon.geometry.point_cloud import GridCloud
from recon.types import Mesh, PointCloud
from recon.version import GENERATOR

_UNIT = 1e-5
"""Tolerance of a squared unit length, about the precision of float32."""


def cloud_of(content: Content) -> PointCloud:
    """Returns the content's point cloud after checking it.

    Raises:
        ExportError: there are no points.
        ValueError: the geometry is not a point cloud, or a coordinate is not finite.
    """
    cloud = content.geometry
    if isinstance(cloud, Mesh):
        raise ValueError("expected a point cloud, got a Mesh")
    check_points(len(cloud))
    cloud = cloud.whole() if isinstance(cloud, GridCloud) else cloud
    _check_finite("points", cloud.points)
    return cloud


def check_points(count: int) -> None:
    """Raises ExportError if there are no points."""
    if not count:
        raise ExportError(
            "There are no points to write, since no pixel has usable depth; try a larger --max-depth, --edge 0 or "
            "--sky keep."
        )


def mesh_of(content: Content) -> Mesh:
    """Returns the content's mesh after checking it.

    Raises:
        ExportError: there are no faces.
        ValueError: the geometry is not a mesh, or a coordinate is not finite.
    """
    mesh = content.geometry
    if not isinstance(mesh, Mesh):
        raise ValueError(f"expected a Mesh, got {type(mesh).__name__}")
    if not len(mesh.faces):
        raise ExportError(
            "There are no faces to write, since no neighbouring pixels are connected; try a larger --max-depth, a "
            "larger --edge (or 0), or a smaller --stride."
        )
    _check_finite("vertices", mesh.vertices)
    if mesh.uv is not None:
        _check_finite("uv", mesh.uv)
    return mesh


def textured_mesh_of(content: Content) -> tuple[Mesh, NDArray[np.float32]]:
    """Returns the content's mesh and its texture coordinates, (V, 2), after checking them.

    Raises:
        ExportError: there are no faces.
        ValueError: the geometry is not a mesh, has no texture coordinates, or a number is not finite.
    """
    mesh = mesh_of(content)
    if mesh.uv is None:
        raise ValueError("mesh: this format is textured and needs uv")
    return mesh, mesh.uv


def _check_finite(name: str, coordinates: NDArray[np.float32]) -> None:
    # min and max propagate NaN, and need no temporary array.
    if not (np.isfinite(coordinates.min()) and np.isfinite(coordinates.max())):
        raise ValueError(f"{name}: every coordinate must be finite")


def unit_normals(normals: NDArray[np.float32], points_cam: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit normals, (N, 3) float32; a missing normal is replaced by the direction to the camera.

    Viewers render zero or NaN normals black, and the glTF standard forbids them.
    """
    # Column by column, which is three times as fast in numpy as all three at once.
    squared: NDArray[np.float32] = np.square(normals[:, 0])
    squared += np.square(normals[:, 1])
    squared += np.square(normals[:, 2])
    if (np.abs(squared - 1) < _UNIT).all():
        return normals
    length: NDArray[np.float32] = np.sqrt(squared)[:, None]
    missing = ~(np.isfinite(length) & (length > 1e-6))[:, 0]
    if missing.any():
        normals, length = normals.copy(), length.copy()
        towards = -points_cam[missing]
        towards[~towards.any(axis=1)] = (0, 0, -1)
        normals[missing] = towards
        length[missing] = np.linalg.norm(towards, axis=1, keepdims=True)
    unit: NDArray[np.float32] = normals / length
    return unit


def vertex_rgb(content: Content, mesh: Mesh) -> NDArray[np.uint8]:
    """Vertex colours of a mesh, (V, 3) uint8 sRGB: those of the mesh, or the photo's pixel at each vertex.

    Raises:
        ValueError: the mesh has neither colours nor texture coordinates.
    """
    if mesh.rgb is not None:
        return mesh.rgb
    if mesh.uv is None:
        raise ValueError("mesh: expected rgb or uv, got neither")
    size = np.array([content.photo.width, content.photo.height])
    col, row = np.clip((mesh.uv * size).astype(np.int64), 0, size - 1).T
    sampled: NDArray[np.uint8] = content.photo.rgb[row, col]
    return sampled


def describe_lines(content: Content) -> list[str]:
    """Comment lines for a file: generator, axes, unit, camera, provenance. ASCII."""
    camera = content.intrinsics
    lines = [
        GENERATOR,
        f"axes {content.axes}: {FILE_AXES[content.axes]}; {_stands(content)}",
        "unit metre",
        *([] if content.voxel_m is None else [f"voxel {content.voxel_m:.6g} m"]),
        f"camera fx {camera.fx:.9g} fy {camera.fy:.9g} cx {camera.cx:.9g} cy {camera.cy:.9g} "
        f"width {camera.width} height {camera.height}",
        f"focal_source {camera.source}",
        *_pose(content),
        *(_placed(content, camera) for camera in content.cameras),
        *_flatten(content.provenance.as_dict()),
    ]
    return [_one_line(line) for line in lines]


def _stands(content: Content) -> str:
    if content.level_T_gl is None:
        return "the camera is at the origin"
    x, y, z = content.file_T_cam[:3, 3]
    return f"levelled, the camera is at {x:.6g} {y:.6g} {z:.6g}"


def _pose(content: Content) -> list[str]:
    """The camera of a levelled scene: the first three rows of cam_T_file."""
    if content.level_T_gl is None:
        return []
    rows = np.linalg.inv(content.file_T_cam)[:3].reshape(-1)
    return [f"cam_T_file {' '.join(f'{number:.9g}' for number in rows)}"]


def _placed(content: Content, camera: PlacedCamera) -> str:
    """One of several cameras: its photo, intrinsics, and the first three rows of cam_T_file."""
    rows = np.linalg.inv(content.file_T_cam @ camera.cam_T_own)[:3].reshape(-1)
    lens = camera.intrinsics
    numbers = (lens.fx, lens.fy, lens.cx, lens.cy, lens.width, lens.height, *rows)
    return f"view {' '.join(f'{number:.6g}' for number in numbers)} {camera.name}"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key} {value if isinstance(value, str) else json.dumps(value)}"


def _one_line(text: str) -> str:
    """Printable ASCII on one line; truncated, since common PLY readers limit a header line to 1024 bytes."""
    plain = " ".join(text.split()).encode("ascii", "backslashreplace").decode("ascii")
    return plain if len(plain) <= 240 else plain[:237] + "..."
