"""How fine the fused geometry is: the size of its voxels, and which pixels of the photos are used."""

from collections.abc import Sequence

import numpy as np

from recon.join.posed_view import PosedView

_PIXELS = 1.5
"""A voxel is at least so many pixels wide at the median distance."""
_FINEST = 1 / 300
"""Smallest voxel as a share of the median distance: depth is hardly more accurate."""


def voxel_size_m(views: Sequence[PosedView]) -> float:
    """The edge of the voxels that the views' resolution and distances call for, m."""
    sizes = []
    for view in views:
        median_m = _median_depth_m(view)
        if median_m is not None:
            sizes.append(median_m * max(_PIXELS / view.intrinsics.fx, _FINEST))
    return float(np.median(sizes)) if sizes else 0.01


def stride_for(view: PosedView, voxel_m: float) -> int:
    """Every so many pixels are enough for voxels of this size: about two in each direction at the median distance."""
    median_m = _median_depth_m(view)
    if median_m is None:
        return 1
    return max(1, round(voxel_m / 2 / (median_m / view.intrinsics.fx)))


def _median_depth_m(view: PosedView) -> float | None:
    usable = view.depth.valid if view.sky is None else view.depth.valid & ~view.sky
    z_m = view.depth.z_m[usable]
    return float(np.median(z_m)) if z_m.size else None
