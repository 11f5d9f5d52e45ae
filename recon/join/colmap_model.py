"""Reads the poses, cameras and points of a COLMAP model, in a child process."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.camera.colmap_cameras import camera_of
from recon.camera.lens import Lens, StatedLens
from recon.errors import CalibrationError, to_add
from recon.join.pose_table import NamedPose, PoseTable, table
from recon.limited_process import run_limited
from recon.strict_npz import open_npz
from recon.temporary_folders import process_folder
from recon.types import Intrinsics

FILES = ("images.bin", "images.txt")
"""A folder with one of them is a COLMAP model."""


def read_colmap(folder: Path) -> PoseTable:
    """The model in a folder; its features are where a camera without distortion would see them.

    Raises:
        CalibrationError: pycolmap is not installed.
        LensError: A camera's model is not supported.
        OSError: A file cannot be read.
        ValueError: The model is damaged.
    """
    if find_spec("pycolmap") is None:
        raise CalibrationError(f"{folder} is a COLMAP model; reading it needs pycolmap: {to_add('join')}")
    arrays = _arrays(folder)
    lenses = [
        camera_of(str(model), int(width), int(height), numbers[np.isfinite(numbers)].tolist())
        for model, (width, height), numbers in zip(
            arrays["models"], arrays["sizes"], arrays["numbers"], strict=True
        )
    ]
    arrays = _without_distortion(arrays, lenses)
    poses = {}
    for row, (name, lens) in enumerate(zip(arrays["names"], lenses, strict=True)):
        here = arrays["image"] == row
        poses[str(name)] = NamedPose(
            arrays["world_T_cam"][row],
            (lens.fx, lens.fy, lens.cx, lens.cy),
            lens.size,
            arrays["px"][here],
            arrays["z"][here],
            lens if any(lens.coefficients) or lens.kind == "fisheye" else None,
            row,
        )
    return replace(table(poses, "COLMAP", metric=False), model=arrays)


def _arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """Of ``mapping_process.as_arrays``."""
    suffix = ".bin" if (folder / FILES[0]).is_file() else ".txt"
    for name in ("cameras", "points3D"):
        if not (folder / f"{name}{suffix}").is_file():
            raise ValueError(f"a COLMAP model needs {name}{suffix}, too")
    with tempfile.TemporaryDirectory(prefix="join-", dir=process_folder()) as temporary:
        output = Path(temporary) / "poses.npz"
        size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
        run_limited("recon.join.model_process", (folder, output), file_bytes=size, library="pycolmap")
        with open_npz(output) as archive:
            return {name: archive.read(name) for name in archive.names}


def _without_distortion(
    arrays: Mapping[str, NDArray[Any]], lenses: list[StatedLens]
) -> dict[str, NDArray[Any]]:
    """The arrays with features of pinhole cameras; without those that no ray reaches."""
    px = arrays["px"].copy()
    for row, each in enumerate(lenses):
        assert each.size is not None
        here, camera = (
            arrays["image"] == row,
            Intrinsics(each.fx, each.fy, each.cx, each.cy, *each.size, "file"),
        )
        lens = Lens(camera, each.kind, each.coefficients)
        if not lens.is_pinhole:
            x, y = lens.rays(*px[here].T)
            px[here] = np.stack([each.fx * x + each.cx, each.fy * y + each.cy], axis=1)
    seen = np.isfinite(px).all(axis=1)
    features = {name: arrays[name][seen] for name in ("image", "point", "z")}
    return {**arrays, **features, "px": px[seen]}
