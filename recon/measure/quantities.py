"""Quantities computed from points, (B, N, 3) m: lengths, angles, and the size of polygons."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def segment_lengths(at: Array) -> Array:
    """(B, N - 1) lengths of the segments between consecutive points, m."""
    return np.asarray(np.linalg.norm(np.diff(at, axis=1), axis=-1))


def polyline_lengths(at: Array) -> Array:
    """(B, N) total length, then the length of each segment, m."""
    segments = segment_lengths(at)
    return np.concatenate([segments.sum(axis=1, keepdims=True), segments], axis=1)


def angle_at_middle(at: Array) -> Array:
    """(B, 1) angle at the second of three points, degrees."""
    one, other = at[:, 0] - at[:, 1], at[:, 2] - at[:, 1]
    # atan2, because the arc cosine loses half of its digits near 0 and 180 degrees.
    across = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.asarray(np.degrees(np.arctan2(across, (one * other).sum(axis=-1)))[:, None])


def polygon_sizes(corners: Array) -> Array:
    """(B, 2 + N) area, m², then the perimeter and each side, m, of a planar polygon."""
    following = np.roll(corners, -1, axis=1)
    size = np.linalg.norm(np.cross(corners, following).sum(axis=1), axis=-1) / 2
    sides = np.linalg.norm(following - corners, axis=-1)
    return np.concatenate([np.stack([size, sides.sum(axis=1)], axis=1), sides], axis=1)
