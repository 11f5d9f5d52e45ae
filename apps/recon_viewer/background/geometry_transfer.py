"""Passes geometry from the worker process to the window's."""

from pathlib import Path

import numpy as np

from recon.types import Mesh, PointCloud


def hand_over(geometry: PointCloud | Mesh, folder: Path) -> Path:
    """Writes it for ``take_over`` in another process."""
    path = folder / "geometry.npy"
    names = (
        ("vertices", "faces", "rgb", "normals")
        if isinstance(geometry, Mesh)
        else ("points", "rgb", "normals")
    )
    with path.open("wb") as file:
        np.savez(file, **{n: getattr(geometry, n) for n in names if getattr(geometry, n) is not None})
    return path


def take_over(path: Path) -> PointCloud | Mesh:
    """The inverse of ``hand_over``."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Mesh(**arrays) if "vertices" in arrays else PointCloud(**arrays)
