"""Reads a COLMAP text model, in the folder that recon writes: ``sparse/0`` beside ``images``."""

from pathlib import Path

import numpy as np

from recon.file_info.info import CameraInfo, Extent, FileInfo, read_comments
from recon.types import Intrinsics


def read(path: Path) -> FileInfo:
    """Describes the model; its first camera where there are several."""
    if not path.is_dir():
        raise ValueError("it is no folder")
    model = path / "sparse" / "0"
    comments, rows = _lines(model / "cameras.txt")
    extent = Extent()
    points = np.loadtxt(model / "points3D.txt", usecols=(1, 2, 3), ndmin=2)
    extent.add(points)
    told = read_comments(comments)
    return FileInfo(
        path=path,
        format="COLMAP text model",
        bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        points=len(points),
        colours="vertex",
        **extent.fields,
        **{
            "camera": _camera(rows[0].split()),
            "axes": "COLMAP's",
            **told,
            "notes": (*told.get("notes", ()), *extent.notes),
        },
    )


def _lines(path: Path) -> tuple[list[str], list[str]]:
    """Comments without their mark, and the other lines."""
    text = path.read_text("utf-8").splitlines()
    comments = [line.removeprefix("#") for line in text if line.startswith("#")]
    return comments, [line for line in text if line and not line.startswith("#")]


def _camera(words: list[str]) -> CameraInfo | None:
    """A camera without distortion; COLMAP's other models have no fixed field of view."""
    _, model, width, height, *numbers = words
    if model == "PINHOLE":
        fx, fy, cx, cy = map(float, numbers)
    elif model == "SIMPLE_PINHOLE":
        fx, cx, cy = map(float, numbers)
        fy = fx
    else:
        return None
    return CameraInfo.from_intrinsics(Intrinsics(fx, fy, cx, cy, int(width), int(height), "file"))
