"""Transfers geometry from the worker process to the window's process."""

from pathlib import Path

import numpy as np

from recon.types import Mesh, PointCloud


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


def load_geometry(path: Path) -> PointCloud | Mesh:
    """The inverse of ``save_geometry``."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Mesh(**arrays) if "vertices" in arrays else PointCloud(**arrays)
