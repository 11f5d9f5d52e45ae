"""Downsamples a point cloud with a voxel grid."""

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.types import PointCloud
from recon.units import significant


def thin(cloud: PointCloud, voxel_m: float) -> PointCloud:
    """One point per occupied cube: the mean of its points, colours, normals and standard deviations of depth.

    The errors of neighbouring pixels are nearly the same, so that a mean of them is no surer than each.

    Args:
        cloud: Any number of points.
        voxel_m: Edge of the cubes, m; the cubes are aligned with the camera's centre.

    Raises:
        ExportError: The cubes are so small that they cannot be numbered.
    """
    if not len(cloud.points):
        return cloud
    size_m = np.ptp(cloud.points, axis=0).astype(np.float64)
    # Checked first, because cell indices would overflow silently if the cubes are too small.
    if np.sum(np.log2(size_m + voxel_m) - np.log2(voxel_m) + 1) >= 62:
        across = " x ".join(significant(length, 3) for length in size_m)
        raise ExportError(
            f"--voxel {voxel_m:g}: cubes of that size are too small for a scene of {across} m; use a larger --voxel"
        )
    cells = np.floor(cloud.points.astype(np.float64) / voxel_m).astype(np.int64)
    cells -= cells.min(axis=0)
    extent = cells.max(axis=0) + 1
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
        # Opposite normals cancel: then use the first one of the cube.
        first = cloud.normals[order][starts]
        normals = np.where(length > 1e-6, summed / np.maximum(length, 1e-6), first).astype(np.float32)
    return PointCloud(
        points=mean(cloud.points).astype(np.float32),
        rgb=np.rint(mean(cloud.rgb)).astype(np.uint8),
        normals=normals,
        sigma_m=None if cloud.sigma_m is None else mean(cloud.sigma_m[:, None])[:, 0].astype(np.float32),
    )
