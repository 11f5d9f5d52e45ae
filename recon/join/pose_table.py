"""What files of poses have in common: poses and cameras by the name of the photo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.camera.lens import StatedLens
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
    """fx, fy, cx, cy, px of a picture of that size without lens distortion; None if the file has none."""
    size: tuple[int, int] | None = None
    """Width and height that the camera belongs to, px; None: those of the photo."""
    points_px: NDArray[np.float64] | None = None
    """(N, 2) as ``CameraPose``, px of a picture of that size."""
    points_z: NDArray[np.float64] | None = None
    """(N,) as ``CameraPose``."""
    lens: StatedLens | None = None
    """With distortion; None for a pinhole camera."""
    row: int | None = None
    """In the table's ``model``."""


@dataclass(frozen=True)
class PoseTable:
    """The poses of a file."""

    by_name: Mapping[str, NamedPose]
    """By the names of photos in the file, with their folders, with or without suffix."""
    source: str
    """For a person: ``transforms.json``."""
    metric: bool
    """Whether the unit is the metre."""
    model: Mapping[str, NDArray[Any]] | None = None
    """The arrays of ``mapping_process.as_arrays``, of a COLMAP model."""

    def of(self, path: str) -> NamedPose | None:
        """The pose of a photo with this file name; suffixes need not agree.

        Of several poses with this file name, it is that whose folders agree with the photo's.

        Raises:
            PoseFileError: There are several of those.
        """
        own = PurePath(path)
        names = self._by_file_name.get(own.name) or self._by_file_name.get(own.stem) or []
        most = max((_common_folders(name, own) for name in names), default=0)
        found = [name for name in names if _common_folders(name, own) == most]
        if len({id(self.by_name[name]) for name in found}) > 1:
            raise PoseFileError(
                f"{self.source} has several poses of {own.name} ({found[0][:60]}, {found[1][:60]}): keep the photos "
                "in folders of the same names, or remove the other poses"
            )
        return self.by_name[found[0]] if found else None

    @cached_property
    def _by_file_name(self) -> Mapping[str, list[str]]:
        """The names by their last part, with and without suffix."""
        names: dict[str, list[str]] = {}
        for name in self.by_name:
            for key in {PurePath(name).name, PurePath(name).stem}:
                names.setdefault(key, []).append(name)
        return names


def _common_folders(name: str, path: PurePath) -> int:
    """How many folders agree, from the file upwards."""
    pairs = zip(reversed(PurePath(name).parts[:-1]), reversed(path.parts[:-1]), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def table(poses: Mapping[str, NamedPose], source: str, *, metric: bool) -> PoseTable:
    """The table of a file; names from Windows may have backslashes.

    Raises:
        ValueError: There are no poses.
    """
    if not poses:
        raise ValueError("it has no poses")
    return PoseTable({name.replace("\\", "/"): pose for name, pose in poses.items()}, source, metric)


def from_gl(world_T_gl: Any) -> Transform:
    """world_T_cam of a pose whose camera has OpenGL's axes: x right, y up, z backward.

    Raises:
        ValueError: It is no rigid transform; a scale of the rotation below 0.1 % is rounding and removed.
    """
    try:
        matrix = np.asarray(world_T_gl, np.float64)
    except ValueError as error:
        raise ValueError("expected a 4x4 transform, got rows of different lengths") from error
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
