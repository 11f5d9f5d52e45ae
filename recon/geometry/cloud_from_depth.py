"""The point cloud of a depth map."""

import numpy as np
from numpy.typing import NDArray

from recon.geometry.point_cloud import GridCloud
from recon.geometry.surface import Surface, every_nth
from recon.geometry.unproject import rays_of
from recon.types import Intrinsics


def cloud_from_depth(
    surface: Surface,
    rgb: NDArray[np.uint8],
    camera: Intrinsics,
    *,
    stride: int = 1,
    edge: float,
    normals: bool = True,
) -> GridCloud:
    """One coloured point for each kept pixel, in the cam frame.

    Args:
        surface: Which pixels, by ``surface_of``.
        rgb: (H, W, 3) uint8 sRGB.
        camera: Of the same size.
        stride: Every so many pixels are a point.
        edge: As ``surface_of`` took it.
        normals: Whether the points have normals.
    """
    rays = rays_of(camera, stride)
    z_m, keep, connections = every_nth(surface, stride, rays, edge)
    return GridCloud(z_m, keep, rays, rgb[::stride, ::stride], connections if normals else None)
