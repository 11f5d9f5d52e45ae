"""The hand-held camera of a sample picture: exact intrinsics and where it stands."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FULL_FRAME_DIAGONAL_MM = 43.2666


@dataclass(frozen=True)
class Camera:
    """A pinhole with square pixels, its principal point in the picture's centre.

    `width` and `height` are the upright picture's, in px. `position` is metres in a world with z up and the
    floor or street at z = 0. At yaw 0 the camera looks along +y; yaw turns it to the left (counter-clockwise
    seen from above), pitch upwards, roll clockwise as the photographer sees it.
    """

    width: int
    height: int
    f35_mm: int
    position: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    @property
    def focal_px(self) -> float:
        """35 mm equivalents are by the diagonal (CIPA DCG-001)."""
        return self.f35_mm / FULL_FRAME_DIAGONAL_MM * math.hypot(self.width, self.height)

    @property
    def world_T_cam(self) -> NDArray[np.float64]:
        """4x4, camera (x right, y down, z forward) to world (z up)."""
        yaw, pitch, roll = (math.radians(a) for a in (self.yaw_deg, self.pitch_deg, self.roll_deg))
        forward = np.array(
            [-math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)]
        )
        level_right = np.array([math.cos(yaw), math.sin(yaw), 0.0])
        level_down = np.cross(forward, level_right)
        right = math.cos(roll) * level_right + math.sin(roll) * level_down
        world_T_cam = np.eye(4)
        world_T_cam[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
        world_T_cam[:3, 3] = self.position
        return world_T_cam

    def project(self, point_world: ArrayLike) -> tuple[float, float, float]:
        """Pixel (x, y) and z-depth in metres of a point of the world."""
        cam_T_world = np.linalg.inv(self.world_T_cam)
        x, y, z, _ = cam_T_world @ np.append(np.asarray(point_world, float), 1.0)
        return self.focal_px * x / z + self.width / 2, self.focal_px * y / z + self.height / 2, float(z)
