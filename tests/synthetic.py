"""Scenes whose depth is known exactly, for the tests of geometry."""

import numpy as np
from numpy.typing import NDArray

from recon.types import Intrinsics, Rays
from recon.unproject import rays_of

CAMERA = Intrinsics.from_focal(200.0, width=160, height=120, source="user")


def plane(normal: tuple[float, float, float], offset_m: float, rays: Rays) -> NDArray[np.float32]:
    """z-depth of the plane ``normal . p = offset_m`` along every ray, (H, W), m; inf where it is not hit."""
    nx, ny, nz = normal
    facing = nx * rays.x[None, :].astype(np.float64) + ny * rays.y[:, None].astype(np.float64) + nz
    with np.errstate(divide="ignore"):
        z = offset_m / facing
    return np.where(z > 0, z, np.inf).astype(np.float32)


def floor_and_wall(
    camera: Intrinsics = CAMERA, *, height_m: float = 1.5, wall_m: float = 6.0
) -> NDArray[np.float32]:
    """A floor that recedes to a wall across the whole view: (H, W) z-depth, m."""
    rays = rays_of(camera)
    return np.minimum(plane((0, 1, 0), height_m, rays), plane((0, 0, 1), wall_m, rays))


def with_box(z_m: NDArray[np.float32], rows: slice, cols: slice, box_m: float) -> NDArray[np.float32]:
    """The same with the front of a box, parallel to the picture, over a window of it."""
    z_m = z_m.copy()
    z_m[rows, cols] = box_m
    return z_m
