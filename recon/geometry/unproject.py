"""Depth and intrinsics to a point map: one 3D point per pixel, in the cam frame."""

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, apply
from recon.threads import grid_blocks
from recon.types import FloatMap, Intrinsics, Rays


def pixel_centres(count: int, stride: int = 1) -> NDArray[np.float64]:
    """Positions along one axis of every ``stride``-th pixel's centre, px: 0.5, 0.5 + stride, ..."""
    return np.arange(0, count, stride, dtype=np.float64) + 0.5


def rays_at(intrinsics: Intrinsics, u_px: NDArray[np.float64], v_px: NDArray[np.float64]) -> Rays:
    """The rays through the grid of positions ``u_px`` x ``v_px``, px of the intrinsics' picture.

    Computed in float64 and stored as float32: a principal point of thousands of px loses nothing.
    """
    return Rays(
        x=((u_px - intrinsics.cx) / intrinsics.fx).astype(np.float32),
        y=((v_px - intrinsics.cy) / intrinsics.fy).astype(np.float32),
        angular=intrinsics.angular,
    )


def rays_of(intrinsics: Intrinsics, stride: int = 1) -> Rays:
    """The rays through the centres of every ``stride``-th pixel in each direction."""
    return rays_at(
        intrinsics, pixel_centres(intrinsics.width, stride), pixel_centres(intrinsics.height, stride)
    )


def unproject(z_m: FloatMap, rays: Rays) -> NDArray[np.float32]:
    """Point map of a depth map: ``x = (u - cx) / fx * z``, ``y = (v - cy) / fy * z``.

    Args:
        z_m: (H, W) z-depth, m.
        rays: Of the same grid.

    Returns:
        (H, W, 3) float32 points, m, cam frame.

    Raises:
        ValueError: The depth map and the rays differ in size.
    """
    height, width = z_m.shape
    if (len(rays.y), len(rays.x)) != (height, width):
        raise ValueError(
            f"depth of shape {z_m.shape} does not fit rays for {(len(rays.y), len(rays.x))} positions"
        )
    points = np.empty((height, width, 3), np.float32)
    for rows in grid_blocks(height, width):
        z = z_m[rows]
        np.multiply(z, rays.x, out=points[rows, :, 0])
        np.multiply(z, rays.y[rows, None], out=points[rows, :, 1])
        points[rows, :, 2] = z
    return points


def unproject_into(out: NDArray[np.float32], z_m: FloatMap, rays: Rays, dst_T_cam: Transform) -> None:
    """The same in the axes of another frame, written to an array of any strides, such as the records of a file.

    Args:
        out: (H, W, 3) float32 of any strides.
        z_m: (H, W) z-depth, m.
        rays: Of the same grid.
        dst_T_cam: (4, 4) rigid transform.
    """
    rotation = dst_T_cam[:3, :3]
    if np.count_nonzero(rotation) > 3:
        out[...] = apply(dst_T_cam, unproject(z_m, rays).reshape(-1, 3)).reshape(out.shape)
        return
    # Only axes and signs are swapped, which needs no extra pass over the points.
    for row in range(3):
        (column,) = np.flatnonzero(rotation[row])
        sign = np.float32(rotation[row, column])
        factor = (rays.x, rays.y[:, None], np.float32(1))[column]
        np.multiply(z_m, sign * factor, out=out[..., row])
        if dst_T_cam[row, 3]:
            out[..., row] += np.float32(dst_T_cam[row, 3])


def project(points: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Projects points to image positions: the inverse of unprojecting.

    Args:
        points: (N, 3) m, cam frame, in front of the camera.
        intrinsics: The camera.

    Returns:
        (N, 2) float64 positions (x, y), px.

    Raises:
        ValueError: A point lies at or behind the camera's plane.
    """
    x, y, z = points.astype(np.float64).T
    if (z <= 0).any():
        raise ValueError("points at or behind the camera cannot be projected")
    return np.stack([intrinsics.fx * x / z + intrinsics.cx, intrinsics.fy * y / z + intrinsics.cy], axis=1)
