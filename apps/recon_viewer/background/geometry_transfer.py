"""Transfers geometry and pictures from the worker process to the window's process."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.types import Intrinsics, Mesh, PointCloud
from recon_viewer.model.state import JoinedCamera

_CAMERAS = "cameras.npz"


def save_geometry(geometry: PointCloud | Mesh, folder: Path) -> Path:
    """Saves geometry for ``load_geometry`` in another process."""
    path = folder / "geometry.npy"
    names = (
        ("vertices", "faces", "rgb", "normals")
        if isinstance(geometry, Mesh)
        else ("points", "rgb", "normals")
    )
    with path.open("wb") as file:
        np.savez(file, **{n: getattr(geometry, n) for n in names if getattr(geometry, n) is not None})
    return path


def save_cameras(cameras: Sequence[JoinedCamera], folder: Path) -> None:
    """Saves the cameras of the photos next to the geometry."""
    numbers = [
        (each.intrinsics.fx, each.intrinsics.fy, each.intrinsics.cx, each.intrinsics.cy) for each in cameras
    ]
    sizes = [(each.intrinsics.width, each.intrinsics.height) for each in cameras]
    np.savez(folder / _CAMERAS, px=numbers, size=sizes, cam_T_own=[each.cam_T_own for each in cameras])


def load_cameras(folder: Path) -> tuple[JoinedCamera, ...]:
    """The inverse of ``save_cameras``; none if there are no such."""
    if not (folder / _CAMERAS).exists():
        return ()
    with np.load(folder / _CAMERAS, allow_pickle=False) as archive:
        px, size, cam_T_own = (archive[name] for name in ("px", "size", "cam_T_own"))
    cameras = []
    for (fx, fy, cx, cy), (width, height), place in zip(px.tolist(), size.tolist(), cam_T_own, strict=True):
        cameras.append(JoinedCamera(Intrinsics(fx, fy, cx, cy, width, height, "user"), place))
    return tuple(cameras)


def load_picture(path: Path) -> NDArray[np.uint8]:
    """A picture of the worker process: (H, W, 3) uint8."""
    picture: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    return picture


def load_geometry(path: Path) -> PointCloud | Mesh:
    """The inverse of ``save_geometry``."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Mesh(**arrays) if "vertices" in arrays else PointCloud(**arrays)
