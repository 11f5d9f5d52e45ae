"""The nearer surface at an object's outline, which a network places off by about one of its own pixels."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap

_STEP = 0.08
"""A nearer surface exceeds the picked pixel's inverse depth by this fraction, ..."""
_SLOPES = 2.0
"""... and by this multiple of what the slope of a plane explains at the same offset."""


def outline_reach(seen_pixels: int | None, *, width: int, height: int) -> int:
    """How far off, in px of the photo, a network may place an outline: one of its own pixels; 0 if it saw them all.

    Args:
        seen_pixels: Number of pixels that the network saw; None if there was no network, or if it is unknown.
        width: Of the photo, px.
        height: Of the photo, px.
    """
    if not seen_pixels or seen_pixels >= width * height:
        return 0
    return ceil((width * height / seen_pixels) ** 0.5)


def nearer_surface(
    inverse: NDArray[np.floating], valid: BoolMap, *, row: int, col: int, reach: int, least: float = 0.0
) -> tuple[int, int] | None:
    """The pixel (row, column) of a nearer surface within ``reach`` of a picked pixel; None if there is none.

    People pick corners and outlines of objects, so that a pick next to an outline means the object in front of it.

    Args:
        inverse: (H, W) inverse depth, of any scale.
        valid: (H, W).
        row: Of the picked pixel, which is valid.
        col: Of the picked pixel.
        reach: Radius, px.
        least: A step is one of at least this inverse depth, where zero is not infinitely far (relative depth).
    """
    top, left = max(row - reach, 0), max(col - reach, 0)
    window = (slice(top, row + reach + 1), slice(left, col + reach + 1))
    around, usable = np.where(valid[window], inverse[window], np.nan).astype(np.float64), valid[window]
    if reach < 1 or usable.size < 4:
        return None
    rows, cols = np.indices(around.shape)
    down, right = np.abs(rows + top - row), np.abs(cols + left - col)
    # Inverse depth is linear on a plane; most pixels of the window lie on one.
    slope = _typical_step(around, 0) * down + _typical_step(around, 1) * right
    own = float(inverse[row, col])
    nearer = (
        usable
        & (np.hypot(down, right) <= reach)
        & (around - own > _STEP * max(abs(own), least) + _SLOPES * slope)
    )
    if not nearer.any():
        return None
    # Between two surfaces the network's depth is a mixture: the middle one of the nearer values is the surface's.
    values = np.where(nearer, around, np.inf)
    best = int(np.abs(values - np.median(around[nearer])).argmin())
    return top + best // around.shape[1], left + best % around.shape[1]


def _typical_step(around: NDArray[np.float64], axis: int) -> float:
    steps = np.abs(np.diff(around, axis=axis))
    known = steps[np.isfinite(steps)]
    return float(np.median(known)) if known.size else 0.0
