"""Reads a COLMAP text model in a folder as written by recon: ``sparse/0`` next to ``images``."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.file_info.colours import as_bytes
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import CameraInfo, Extent, FileInfo, read_comments
from recon.types import Intrinsics

_EXPLANATIONS = ("CAMERA_ID", "Camera list", "Number of cameras")
"""Beginnings of the comments that describe the columns in every COLMAP model."""


def describe(path: Path) -> FileInfo:
    """Describes the model with its first camera."""
    comments, rows = _lines(_model(path) / "cameras.txt")
    extent, table = Extent(), _points(path)
    extent.add(table[:, :3])
    own = [line for line in comments if not line.strip().startswith(_EXPLANATIONS)]
    metadata: dict[str, Any] = {"camera": _camera(rows[0].split()), "axes": "COLMAP's", **read_comments(own)}
    metadata["notes"] = (*metadata.get("notes", ()), *extent.notes)
    return FileInfo(
        path=path,
        format="COLMAP text model",
        bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
        points=len(table),
        colours="vertex",
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """The model's points."""
    table = _points(path)
    comments, _ = _lines(_model(path) / "cameras.txt")
    part = Part(table[:, :3], rgb=as_bytes(*table[:, 3:].T, most=255.0))
    return Contents((part,), "opencv", camera=read_comments(comments).get("camera"))


def _model(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("it is not a folder")
    return path / "sparse" / "0"


def _points(path: Path) -> NDArray[np.float64]:
    """(N, 6): positions and colours."""
    return np.loadtxt(_model(path) / "points3D.txt", usecols=range(1, 7), ndmin=2)


def _lines(path: Path) -> tuple[list[str], list[str]]:
    """Comments without their ``#``, and the other lines."""
    text = path.read_text("utf-8").splitlines()
    comments = [line.removeprefix("#") for line in text if line.startswith("#")]
    return comments, [line for line in text if line and not line.startswith("#")]


def _camera(words: list[str]) -> CameraInfo | None:
    """A pinhole camera; None for models with distortion, which have no single field of view."""
    _, model, width, height, *numbers = words
    if model == "PINHOLE":
        fx, fy, cx, cy = map(float, numbers)
    elif model == "SIMPLE_PINHOLE":
        fx, cx, cy = map(float, numbers)
        fy = fx
    else:
        return None
    return CameraInfo.from_intrinsics(Intrinsics(fx, fy, cx, cy, int(width), int(height), "file"))
