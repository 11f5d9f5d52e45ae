"""What files of poses have in common: poses and cameras by the name of the photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ReconError
from recon.frames import Transform, gl_T_cam, rigid

METRIC_SIGMA = 0.01
"""Relative standard deviation of the metre of phone scanners and of tracking systems."""


class PoseFileError(ReconError):
    """A file of poses cannot be read, or does not name the photos."""


@dataclass(frozen=True)
class NamedPose:
    """The pose of one photo in a file."""

    world_T_cam: Transform
    """(4, 4) from the cam frame (OpenCV's), in the unit of the file."""
    camera: tuple[float, float, float, float] | None = None
    """fx, fy, cx, cy, px of a picture of that size; None if the file has none."""
    size: tuple[int, int] | None = None
    """Width and height that the camera belongs to, px; None: those of the photo."""
    points_px: NDArray[np.float64] | None = None
    """(N, 2) as ``CameraPose``, px of a picture of that size."""
    points_z: NDArray[np.float64] | None = None
    """(N,) as ``CameraPose``."""


@dataclass(frozen=True)
class PoseTable:
    """The poses of a file."""

    by_name: Mapping[str, NamedPose]
    """By file names of photos, with or without suffix."""
    source: str
    """For a person: ``transforms.json``."""
    metric: bool
    """Whether the unit is the metre."""

    def of(self, name: str) -> NamedPose | None:
        """The pose of a photo with this file name; suffixes need not agree."""
        return self.by_name.get(name) or self.by_name.get(PurePath(name).stem)


def table(poses: Mapping[str, NamedPose], source: str, *, metric: bool) -> PoseTable:
    """The table of a file, whose poses are found by names with and without suffix.

    Raises:
        ValueError: There are no poses.
    """
    if not poses:
        raise ValueError("it has no poses")
    by_name = {PurePath(name).stem: pose for name, pose in poses.items()}
    return PoseTable(
        {**by_name, **{PurePath(name).name: pose for name, pose in poses.items()}}, source, metric
    )


def from_gl(world_T_gl: Any) -> Transform:
    """world_T_cam of a pose whose camera has OpenGL's axes: x right, y up, z backward.

    Raises:
        ValueError: It is no rigid transform; a scale of the rotation below 0.1 % is rounding and removed.
    """
    matrix = np.asarray(world_T_gl, np.float64)
    if matrix.shape == (3, 4):
        matrix = np.vstack([matrix, [0, 0, 0, 1]])
    return rigid(matrix) @ gl_T_cam


def from_quaternion(quaternion: Sequence[float], position: Sequence[float]) -> Transform:
    """(4, 4) of a rotation x, y, z, w and a position.

    Raises:
        ValueError: They are not finite, or the quaternion is not of length 1.
    """
    from scipy.spatial.transform import Rotation

    numbers = np.array([*quaternion, *position], np.float64)
    if not (np.isfinite(numbers).all() and abs(np.linalg.norm(numbers[:4]) - 1) < 0.02):
        raise ValueError("a rotation must be a quaternion x, y, z, w of length 1")
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_quat(numbers[:4]).as_matrix()
    matrix[:3, 3] = numbers[4:]
    return matrix
