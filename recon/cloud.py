"""A point map to a coloured point cloud, thinned where asked for."""

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, PointCloud


def cloud_of(
    points: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    keep: BoolMap,
    normals: NDArray[np.float32] | None = None,
) -> PointCloud:
    """The kept pixels of a point map as points, in row order.

    Args:
        points: (H, W, 3) point map, m, cam frame.
        rgb: (H, W, 3) uint8 sRGB of the same grid.
        keep: (H, W) bool.
        normals: (H, W, 3) unit vectors, or None.
    """
    if keep.all():
        return PointCloud(
            points=points.reshape(-1, 3),
            rgb=np.ascontiguousarray(rgb).reshape(-1, 3),
            normals=None if normals is None else normals.reshape(-1, 3),
        )
    return PointCloud(points=points[keep], rgb=rgb[keep], normals=None if normals is None else normals[keep])


def thin(cloud: PointCloud, voxel_m: float) -> PointCloud:
    """One point per occupied cube: the mean of its points, colours and normals.

    Args:
        cloud: Any number of points.
        voxel_m: Edge of the cubes, m; the cubes are aligned with the camera's centre.

    Raises:
        ValueError: The cubes are so small that they cannot be numbered.
    """
    if not len(cloud.points):
        return cloud
    cells = np.floor(cloud.points.astype(np.float64) / voxel_m).astype(np.int64)
    cells -= cells.min(axis=0)
    extent = cells.max(axis=0) + 1
    if np.prod(extent.astype(np.float64)) >= 2**62:
        raise ValueError(f"cubes of {voxel_m} m are too small for a scene of {extent * voxel_m} m")
    key = (cells[:, 0] * extent[1] + cells[:, 1]) * extent[2] + cells[:, 2]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    counts = np.diff(starts, append=len(key))[:, None]

    def mean(values: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.float64]:
        total = np.add.reduceat(values[order].astype(np.float64), starts, axis=0)
        return np.asarray(total / counts)

    normals = None
    if cloud.normals is not None:
        summed = mean(cloud.normals)
        length = np.linalg.norm(summed, axis=1, keepdims=True)
        # Opposite normals cancel out: any of the cube's own is then as good.
        first = cloud.normals[order][starts]
        normals = np.where(length > 1e-6, summed / np.maximum(length, 1e-6), first).astype(np.float32)
    return PointCloud(
        points=mean(cloud.points).astype(np.float32),
        rgb=np.rint(mean(cloud.rgb)).astype(np.uint8),
        normals=normals,
    )
