"""Where the cameras stand: what pycolmap, or a file of poses, says of several photos before their scale is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.camera.lens import Lens
from recon.frames import Transform, rigid
from recon.join.joined_scene import LeftOut
from recon.types import Intrinsics
from recon.values import Value


@dataclass(frozen=True, eq=False, repr=False)
class CameraPose(Value):
    """The pose of one photo. Lengths are in the unit of its ``Poses``."""

    world_T_cam: Transform
    """(4, 4) float64, rigid, from the cam frame (OpenCV's)."""
    intrinsics: Intrinsics | None = None
    """Of the upright photo without lens distortion; None if the source of the pose knows none."""
    points_px: NDArray[np.float64] | None = None
    """(N, 2) positions in the photo of points that other photos show too; None: the source knows no points."""
    points_z: NDArray[np.float64] | None = None
    """(N,) their z-depth."""
    lens: Lens | None = None
    """With which the photo was taken; None for a pinhole camera."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "world_T_cam", rigid(self.world_T_cam))
        if (self.points_px is None) != (self.points_z is None):
            raise ValueError("points need both positions and depths")
        if (
            self.points_px is not None
            and self.points_z is not None
            and (self.points_px.shape != (*self.points_z.shape, 2) or self.points_z.ndim != 1)
        ):
            raise ValueError(f"points of {self.points_px.shape} do not fit depths of {self.points_z.shape}")


@dataclass(frozen=True)
class Poses:
    """The poses of several photos in one frame of unknown or known unit."""

    by_photo: Mapping[int, CameraPose]
    """By the index of the photo; photos without a pose are missing."""
    source: str
    """For a person: ``pycolmap``, ``transforms.json``."""
    unit_sigma: float | None = None
    """Relative standard deviation of the unit, if it is the metre; None: the unit is unknown."""
    left_out: tuple[LeftOut, ...] = ()
    """Photos without a pose."""
    covariance: NDArray[np.float64] | None = None
    """(N, 9, N, 9) of poses, lenses and log depth of the photos, in the order of their indices
    (``bundle_covariance``); None if the source does not say how sure it is."""

    def covariance_of(self, indices: Sequence[int]) -> NDArray[np.float64] | None:
        """The part of ``covariance`` that belongs to some of the photos."""
        if self.covariance is None:
            return None
        rows = np.searchsorted(sorted(self.by_photo), indices)
        return self.covariance[rows][:, :, rows]
