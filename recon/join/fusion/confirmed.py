"""Drops the pixels of each view that more of the others contradict than confirm, and makes one cloud of the rest.

A view confirms a point where it shows a surface at the same place. Two views contradict each other where the one sees
through a point of the other: then one of the two pixels is wrong, and the confirmations decide which.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recon.frames import apply, rotate
from recon.geometry.voxel_grid import thin
from recon.join.fusion.layer import Layer
from recon.join.fusion.neighbours import neighbours
from recon.types import PointCloud

_SIGMAS = 2.0
"""Depths that differ by less, in standard deviations, confirm each other; a view sees through a point that is nearer
by twice as much than what it shows there."""
_LEAST_VOXELS = 1.5
"""The same tolerance is at least so many voxels."""

_Counts = NDArray[np.int32]


def without_contradicted(layers: Sequence[Layer], voxel_m: float) -> list[Layer]:
    """The layers without contradicted pixels. What only one view can see is kept: nothing is known against it.

    Args:
        layers: At least one.
        voxel_m: Edge of a voxel of the fused geometry, m.
    """
    confirmed = [np.zeros(len(layer.points_cam), np.int32) for layer in layers]
    contradicted = [np.zeros(len(layer.points_cam), np.int32) for layer in layers]
    for a, others in enumerate(neighbours(layers)):
        for b in others:
            _compare(layers[a], layers[b], voxel_m, confirmed[a], contradicted[a], contradicted[b])
    return [
        layer.within((against == 0) | (agreed > against))
        for layer, agreed, against in zip(layers, confirmed, contradicted, strict=True)
    ]


def _compare(
    layer: Layer, other: Layer, voxel_m: float, confirmed: _Counts, contradicted: _Counts, of_other: _Counts
) -> None:
    """Adds what another view says about the points of a view, and what that says about the other's pixels."""
    there = apply(other.cam_T_world, layer.points_world)
    shown = other.at(there)
    at = np.flatnonzero(shown >= 0)
    shown, there = shown[at], there[at]
    behind_m = other.points_cam[shown, 2] - there[:, 2]
    sigma_m = np.hypot(layer.sigma[at], other.sigma[shown]) * there[:, 2]
    # Along the line of sight, a grazing surface is farther off by the same distance to it.
    slant = np.maximum(other.cos_view[shown], np.float32(0.2))
    within_m = np.maximum(_SIGMAS * sigma_m, np.float32(_LEAST_VOXELS * voxel_m) / slant)
    sure = other.weight[shown] > 0
    confirmed[at] += sure & (np.abs(behind_m) < within_m)
    through = sure & (behind_m > 2 * within_m)
    contradicted[at] += through
    # Several points may lie in one pixel of the other: one contradiction.
    of_other[np.unique(shown[through])] += 1


def one_cloud(layers: Sequence[Layer], voxel_m: float) -> PointCloud:
    """One point in each voxel, with normals, in the world frame."""
    parts = [_thinned(layer, voxel_m) for layer in layers]
    whole = PointCloud(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.rgb for part in parts]),
        np.concatenate([part.normals for part in parts if part.normals is not None]),
    )
    return thin(whole, voxel_m)


def _thinned(layer: Layer, voxel_m: float) -> PointCloud:
    sure = layer.weight > 0
    normals = rotate(layer.view.world_T_cam, layer.normals_cam[sure])
    return thin(PointCloud(layer.points_world[sure], layer.rgb[sure], normals), voxel_m)
