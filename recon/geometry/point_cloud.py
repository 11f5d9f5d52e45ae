"""A scene's pixels as a point cloud: the stages from depth to points, some rows at a time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, rotate
from recon.geometry.normals import grid_normals
from recon.geometry.surface import Surface, every_nth
from recon.geometry.unproject import rays_of, unproject_into
from recon.threads import grid_blocks
from recon.types import BoolMap, Connections, FloatMap, Intrinsics, PointCloud, Rays


@dataclass(frozen=True)
class GridCloud:
    """The kept pixels of a depth map as coloured points, in row order; made piece by piece, so that a cloud of any
    size can be written without ever being held."""

    z_m: FloatMap
    """(H, W) z-depth, m."""
    keep: BoolMap
    """(H, W) bool: which pixels are points."""
    rays: Rays
    """Of the same grid."""
    rgb: NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB."""
    connections: Connections | None = None
    """Which neighbours belong to the same surface, for normals; None: the points have none."""
    sigma_m: FloatMap | None = None
    """(H, W) standard deviation of z-depth, m; None: the points have none."""

    def __len__(self) -> int:
        return sum(piece.count for piece in self.pieces)

    @cached_property
    def pieces(self) -> tuple["Piece", ...]:
        """The rows of the grid, some at a time."""
        return tuple(Piece(self, rows) for rows in grid_blocks(*self.keep.shape))

    def whole(self) -> PointCloud:
        """All of it, in the cam frame."""
        count = len(self)
        points, rgb = np.empty((count, 3), np.float32), np.empty((count, 3), np.uint8)
        normals = None if self.connections is None else np.empty((count, 3), np.float32)
        sigma_m = None if self.sigma_m is None else self.sigma_m[self.keep]
        start = 0
        for piece in self.pieces:
            rows = slice(start, start + piece.count)
            piece.put_points(points[rows], np.eye(4))
            rgb[rows] = piece.rgb()
            if normals is not None:
                normals[rows] = piece.normals(np.eye(4))
            start = rows.stop
        return PointCloud(points, rgb, normals, sigma_m)


@dataclass(frozen=True)
class Piece:
    """The points of some rows."""

    cloud: GridCloud
    rows: slice

    @cached_property
    def count(self) -> int:
        """N."""
        return int(np.count_nonzero(self.cloud.keep[self.rows]))

    @property
    def _all(self) -> bool:
        keep = self.cloud.keep
        return self.count == (self.rows.stop - self.rows.start) * keep.shape[1]

    def put_points(self, out: NDArray[np.float32], dst_T_cam: Transform) -> None:
        """Fills an (N, 3) array of any strides, as among a file's records, with positions in the dst frame, m."""
        z_m, rays = self.cloud.z_m[self.rows], self.cloud.rays
        rays = Rays(rays.x, rays.y[self.rows])
        if self._all:
            unproject_into(out.reshape(*z_m.shape, 3), z_m, rays, dst_T_cam)
            return
        points = np.empty((*z_m.shape, 3), np.float32)
        unproject_into(points, z_m, rays, dst_T_cam)
        out[...] = points[self.cloud.keep[self.rows]]

    def rgb(self) -> NDArray[np.uint8]:
        """(N, 3) uint8 sRGB."""
        rgb = self.cloud.rgb[self.rows]
        return rgb.reshape(-1, 3) if self._all else rgb[self.cloud.keep[self.rows]]

    def sigma_m(self) -> NDArray[np.float32]:
        """(N,) standard deviation of z-depth, m.

        Raises:
            ValueError: It is unknown.
        """
        if self.cloud.sigma_m is None:
            raise ValueError("the standard deviation of the depth is unknown")
        return self.cloud.sigma_m[self.rows][self.cloud.keep[self.rows]]

    def normals(self, dst_T_cam: Transform) -> NDArray[np.float32]:
        """(N, 3) unit vectors that face the camera, in the dst frame.

        Raises:
            ValueError: The cloud has no normals.
        """
        cloud = self.cloud
        if cloud.connections is None:
            raise ValueError("the cloud has no normals")
        normals = grid_normals(cloud.z_m, cloud.rays, cloud.connections, self.rows)
        return rotate(dst_T_cam, normals.reshape(-1, 3) if self._all else normals[cloud.keep[self.rows]])


def cloud_from_depth(
    surface: Surface,
    rgb: NDArray[np.uint8],
    camera: Intrinsics,
    *,
    stride: int = 1,
    edge: float,
    normals: bool = True,
    sigma_m: FloatMap | None = None,
) -> GridCloud:
    """One coloured point for each kept pixel, in the cam frame.

    Args:
        surface: Which pixels, by ``surface_of``.
        rgb: (H, W, 3) uint8 sRGB.
        camera: Of the same size.
        stride: Every so many pixels are a point.
        edge: As ``surface_of`` took it.
        normals: Whether the points have normals.
        sigma_m: (H, W) standard deviation of z-depth, m, if the points are to have it.
    """
    rays = rays_of(camera, stride)
    z_m, keep, connections = every_nth(surface, stride, rays, edge)
    sigma_m = None if sigma_m is None else sigma_m[::stride, ::stride]
    return GridCloud(z_m, keep, rays, rgb[::stride, ::stride], connections if normals else None, sigma_m)
