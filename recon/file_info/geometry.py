"""The points and triangles of a file as stored, and their conversion to recon's own types."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.file_info.info import CameraInfo
from recon.frames import Axes, Transform, file_T_cam
from recon.types import Intrinsics, Mesh, PointCloud

_GREY = 190
_LENS_PX = 1280
"""Longer side of a picture where the file's camera has none."""
_FAR = 1000.0
"""Coordinates up to this are not moved."""
_STEPS = 1e6
"""Geometry is moved towards the origin if its extent has fewer steps of float32 than this."""
_ROUND = 1000.0
MOST_POINTS = 500_000_000
"""Files with more points are refused: in some formats a few bytes can request any number of copies."""


@dataclass(frozen=True, eq=False)
class Part:
    """Points, and for a mesh the triangles between them, in the file's axes and unit."""

    points: NDArray[np.float64]
    """(N, 3) float64: float32 would round large coordinates."""
    triangles: NDArray[np.int64] | None = None
    """(F, 3) indices of the points."""
    rgb: NDArray[np.uint8] | None = None
    """(N, 3) sRGB."""
    normals: NDArray[np.float64] | None = None
    """(N, 3)."""
    uv: NDArray[np.float64] | None = None
    """(N, 2) coordinates in ``texture``, v down from its top."""
    texture: Image.Image | None = None
    """Where the colours come from."""


@dataclass(frozen=True, eq=False)
class Contents:
    """All geometry of a file."""

    parts: Sequence[Part]
    axes: Axes = "y-up"
    """From the standard of the format, the file's metadata, or convention."""
    unit_m: float = 1.0
    """Metres per unit; 1 if the format has no unit."""
    notes: tuple[str, ...] = ()
    """What was not read, in sentences."""
    camera: CameraInfo | None = None
    """The camera that the file carries."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """What to_shape makes of a file."""

    geometry: PointCloud | Mesh
    """In the cam frame of a camera that looks along the file's axes, m."""
    notes: tuple[str, ...] = ()
    """What is left out or changed."""
    texture: NDArray[np.uint8] | None = None
    """(H, W, 3) sRGB, where the mesh has texture coordinates."""
    lens: Intrinsics | None = None
    """Of the camera that the file carries."""
    frame_T_cam: Transform | None = None
    """(4, 4) from that camera's own frame to the frame of ``geometry``."""


class NoGeometry(ValueError):
    """The file is sound, but there is nothing in it that can be shown."""

    def __init__(self, what: str, notes: Sequence[str]) -> None:
        """Takes the rest of a sentence about the file, and notes on what was not read."""
        super().__init__("; ".join([what, *notes]))


def fan(counts: NDArray[Any], corners: NDArray[Any]) -> NDArray[np.int64]:
    """Triangulates polygons as fans around their first corners.

    Args:
        counts: (P,) number of corners of each polygon; polygons with fewer than three are dropped.
        corners: (sum of counts,) indices of points, polygon by polygon.

    Returns:
        (F, 3).
    """
    counts, corners = counts.astype(np.int64), corners.astype(np.int64)
    if (counts == 3).all():
        return corners.reshape(-1, 3)
    first = np.cumsum(counts) - counts
    triangles = np.maximum(counts - 2, 0)
    start = np.repeat(first, triangles)
    step = np.arange(len(start)) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    return np.stack([corners[start], corners[start + step + 1], corners[start + step + 2]], axis=1)


def to_shape(contents: Contents) -> Loaded:
    """One mesh of all triangles, else one cloud of all points, in the cam frame and float32.

    Large coordinates (UTM) are moved towards the origin first. The texture is kept where there is only one.

    Raises:
        NoGeometry: There are neither points nor triangles.
        ValueError: The index of a point is out of range.
    """
    parts = [part for part in contents.parts if len(part.points)]
    meshes = [part for part in parts if part.triangles is not None and len(part.triangles)]
    notes = list(contents.notes)
    if not parts:
        raise NoGeometry("contains neither points nor triangles", notes)
    if meshes and len(meshes) < len(parts):
        loose = sum(len(part.points) for part in parts if not any(part is mesh for mesh in meshes))
        notes.append(f"{loose:,} points without triangles are not shown")
    whole = _joined(meshes or parts)
    offset, note = _offset(whole.points * contents.unit_m)
    whole = replace(whole, points=whole.points * contents.unit_m - offset)
    cam_T_file = np.linalg.inv(file_T_cam(contents.axes))[:3, :3]
    finite = np.logical_and.reduce(np.isfinite(whole.points), axis=1)
    if not finite.any():
        raise NoGeometry("has no point with finite coordinates", notes)
    if not finite.all():
        notes.append(f"{np.count_nonzero(~finite):,} points are NaN or infinite and were left out")
    points = (np.where(finite[:, None], whole.points, 0) @ cam_T_file.T).astype(np.float32)
    points[~finite] = np.nan
    normals = None if whole.normals is None else (whole.normals @ cam_T_file.T).astype(np.float32)
    good = np.logical_and.reduce(np.isfinite(points), axis=1)
    if meshes:
        assert whole.triangles is not None
        faces = whole.triangles[np.all(good[whole.triangles], axis=1)].astype(np.int32)
        points[~good] = 0
        uv = None if whole.uv is None else whole.uv.astype(np.float32)
        own = _vertex_normals(points, faces)
        made: PointCloud | Mesh = Mesh(points, faces, uv, whole.rgb, own)
    else:
        rgb = np.full((len(points), 3), _GREY, np.uint8) if whole.rgb is None else whole.rgb
        made = PointCloud(points[good], rgb[good], None if normals is None else normals[good])
    texture = None if whole.texture is None else np.asarray(whole.texture.convert("RGB"), np.uint8)
    lens, pose = _view(contents, offset)
    return Loaded(made, (*notes, *note), texture, lens, pose)


def _view(contents: Contents, offset: NDArray[np.float64]) -> tuple[Intrinsics | None, Transform | None]:
    """Lens and pose of the file's camera in the cam frame; None and None where there is none that can be used."""
    camera = contents.camera
    if camera is None or camera.file_T_cam is None or not np.isfinite(camera.file_T_cam).all():
        return None, None
    pose = camera.file_T_cam.copy()
    pose[:3, 3] = pose[:3, 3] * contents.unit_m - offset
    # The camera does not see the scale of a node; what is left of a mirror is no camera's pose.
    u, _, vt = np.linalg.svd(pose[:3, :3])
    pose[:3, :3] = u @ vt
    if np.linalg.det(pose[:3, :3]) < 0:
        return None, None
    try:
        return camera.lens(_LENS_PX), np.linalg.inv(file_T_cam(contents.axes)) @ pose
    except ValueError:
        return None, None


def _joined(parts: Sequence[Part]) -> Part:
    """Merges several parts; parts without colour are grey if others have one."""
    for part in parts:
        corners = part.triangles
        if corners is not None and len(corners) and (corners.min() < 0 or corners.max() >= len(part.points)):
            raise ValueError("a triangle refers to a point that does not exist")
    if len(parts) == 1:
        return parts[0]
    first = np.cumsum([0, *(len(part.points) for part in parts)])
    faces = [
        at + part.triangles for at, part in zip(first, parts, strict=False) if part.triangles is not None
    ]
    coloured = any(part.rgb is not None for part in parts)
    grey = [
        np.full((len(part.points), 3), _GREY, np.uint8) if part.rgb is None else part.rgb for part in parts
    ]
    normals = [part.normals for part in parts if part.normals is not None]
    return Part(
        np.concatenate([part.points for part in parts]),
        np.concatenate(faces) if faces else None,
        np.concatenate(grey) if coloured else None,
        np.concatenate(normals) if len(normals) == len(parts) else None,
    )


def _offset(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Whole thousands to subtract where float32 would round the shape, and a note."""
    none, finite = np.zeros(3), points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return none, ()
    low, high = finite.min(axis=0), finite.max(axis=0)
    farthest, extent = float(np.abs([low, high]).max()), float((high - low).max())
    if farthest < _FAR or farthest * float(np.finfo(np.float32).eps) * _STEPS < extent:
        return none, ()
    offset: NDArray[np.float64] = _ROUND * np.round((low + high) / 2 / _ROUND)
    if not offset.any():
        return none, ()
    distances = ", ".join(f"{0 - value:,.0f}" for value in offset)
    note = f"its coordinates are large: moved by ({distances}) towards the origin, since float32 would round them"
    return offset, (note,)


def _vertex_normals(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """Normals of the vertices: means of the adjacent faces' normals, weighted by area."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, k], flat[:, axis], len(vertices)) for k in range(3)) for axis in range(3)],
        axis=1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.maximum(length, 1e-30), [0.0, 0.0, 1.0]).astype(np.float32)
