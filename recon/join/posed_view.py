"""One photo of several: its camera, where the camera stands in the common world, and its metric depth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, rigid
from recon.types import BoolMap, Intrinsics, MetricDepth, Photo, check_sizes
from recon.values import Value


@dataclass(frozen=True, eq=False, repr=False)
class PosedView(Value):
    """A photo with its depth and its place in the world frame that all views share."""

    photo: Photo
    intrinsics: Intrinsics
    """Of the upright photo."""
    world_T_cam: Transform
    """(4, 4) float64, rigid, from the cam frame (OpenCV's) to the world frame, metres."""
    depth: MetricDepth
    """(H, W) of the photo, in the common scale of all views."""
    sky: BoolMap | None = None
    """(H, W) bool; None if the depth source provides no sky mask."""

    def __post_init__(self) -> None:
        check_sizes(self.photo, self.intrinsics, self.depth, self.sky)
        object.__setattr__(self, "world_T_cam", rigid(self.world_T_cam))

    @property
    def centre_m(self) -> NDArray[np.float64]:
        """(3,) position of the camera in the world frame, m."""
        return self.world_T_cam[:3, 3]

    @property
    def cam_T_world(self) -> Transform:
        """(4, 4) inverse of ``world_T_cam``."""
        turn = self.world_T_cam[:3, :3].T
        inverse = np.eye(4)
        inverse[:3, :3], inverse[:3, 3] = turn, -turn @ self.centre_m
        return inverse
