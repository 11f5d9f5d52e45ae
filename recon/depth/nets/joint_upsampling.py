"""Brings a coarse depth map to the photo's size: smooth inside surfaces, and a step where the photo has one.

Away from depth edges the map is interpolated. Near them each pixel takes the weighted median of the coarse pixels
around it, each continued to the pixel by its own slope, with weights by distance and by likeness of colour (Ma
et al., "Constant Time Weighted Median Filtering for Stereo Matching and Beyond", 2013, eq. 2). A median takes
one of the values that are there, so that no depth between two surfaces arises, and the outline follows the
photo's edge without a halo. Coarse pixels that lie between two surfaces themselves have no say.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_REACH = 2
"""Coarse pixels to each side that take part."""
_COLOUR_SIGMA = 0.03
"""Difference of colour (0 to 1, root mean square over the channels) that counts as another surface."""
_EDGE = 0.07
"""Difference of log depth between neighbours of the coarse map that is looked at as an edge."""
_FINE_PX = 1024
"""Longer side from which outlines are unfrayed over 5 pixels instead of 3."""
_LARGEST_PX = 1536
"""Longer side of the size at which edges are placed; above it a step stays one pixel of that size."""


def upsample(coarse: Floats, rgb: NDArray[np.uint8]) -> Floats:
    """Returns the map at the photo's size.

    Args:
        coarse: (h, w) float32, log depth or log inverse depth of the same view.
        rgb: (H, W, 3) uint8 photo, larger than the map.

    Returns:
        (H, W) float32.
    """
    height, width = rgb.shape[:2]
    shrink = min(1.0, _LARGEST_PX / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    guide = rgb if shrink == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    placed = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    rows, columns = np.nonzero(_near_edges(coarse, size))
    if len(rows):
        placed[rows, columns] = _weighted_medians(coarse, np.asarray(guide, np.uint8), rows, columns)
        # On fur and leaves each pixel chooses by its own colour: a plain median unfrays the outline.
        unfrayed = cv2.medianBlur(placed, 3 if max(size) < _FINE_PX else 5)
        placed[rows, columns] = unfrayed[rows, columns]
    return placed if size == (width, height) else _enlarge(placed, width, height)


def _near_edges(coarse: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of the larger size (width, height) whose coarse neighbourhood holds a step."""
    wide = cv2.dilate(_bends(coarse).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST_EXACT) > 0)


def _bends(coarse: Floats) -> NDArray[np.bool_]:
    """Where the slope changes at once, as it does at both sides of a step and nowhere on a slanted plane."""
    padded = np.pad(coarse, 1, mode="edge")
    middle = 2 * coarse
    across = np.abs(padded[1:-1, :-2] + padded[1:-1, 2:] - middle)
    down = np.abs(padded[:-2, 1:-1] + padded[2:, 1:-1] - middle)
    return np.asarray(np.maximum(across, down) > _EDGE)


def _between(coarse: Floats) -> NDArray[np.bool_]:
    """Coarse pixels that lie between two surfaces: in the middle of what their neighbourhood holds, and near
    neither.
    """
    kernel = np.ones((5, 5), np.uint8)
    low, high = cv2.erode(coarse, kernel), cv2.dilate(coarse, kernel)
    place = (coarse - low) / np.maximum(high - low, 1e-6)
    return np.asarray((high - low > 4 * _EDGE) & (place > 0.2) & (place < 0.8))


def _slopes(coarse: Floats) -> tuple[Floats, Floats]:
    """Change of the map per coarse pixel along x and y: the smaller of the two one-sided differences, 0 where their
    signs differ, so that a step gives no slope (minmod)."""

    def minmod(axis: int) -> Floats:
        difference = np.diff(coarse, axis=axis)
        ends = [(1, 0), (0, 0)] if axis == 0 else [(0, 0), (1, 0)]
        before = np.pad(difference, ends, mode="edge")
        after = np.pad(difference, [end[::-1] for end in ends], mode="edge")
        smaller = np.where(np.abs(before) < np.abs(after), before, after)
        return np.where(before * after > 0, smaller, 0).astype(np.float32)

    return minmod(1), minmod(0)


def _weighted_medians(
    coarse: Floats, guide: NDArray[np.uint8], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> Floats:
    """The weighted medians (N,) at pixels of the guide."""
    h, w = coarse.shape
    height, width = guide.shape[:2]
    small = cv2.resize(guide, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    slope_x, slope_y = _slopes(coarse)
    x = ((columns + 0.5) * w / width - 0.5).astype(np.float32)
    y = ((rows + 0.5) * h / height - 0.5).astype(np.float32)
    nearest_x, nearest_y = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    own = guide[rows, columns].astype(np.float32) / 255
    sound = np.where(_between(coarse), np.float32(1e-4), np.float32(1))
    values, weights = [], []
    for dy in range(-_REACH, _REACH + 1):
        for dx in range(-_REACH, _REACH + 1):
            i, j = np.clip(nearest_y + dy, 0, h - 1), np.clip(nearest_x + dx, 0, w - 1)
            apart_x, apart_y = x - j, y - i
            values.append(coarse[i, j] + slope_x[i, j] * apart_x + slope_y[i, j] * apart_y)
            colour = np.square(own - small[i, j]).mean(axis=1)
            near = np.exp(-(apart_x**2 + apart_y**2) / _REACH**2 - colour / (2 * _COLOUR_SIGMA**2))
            weights.append(sound[i, j] * near)
    return _median(np.stack(values, 1), np.stack(weights, 1) + np.float32(1e-12))


def _median(values: Floats, weights: Floats) -> Floats:
    """The weighted median of each row (N, K): the first value at which half of the weight is reached."""
    order = np.argsort(values, axis=1)
    total = np.cumsum(np.take_along_axis(weights, order, 1), axis=1)
    middle = (total < 0.5 * total[:, -1:]).sum(axis=1)
    chosen = np.take_along_axis(order, middle[:, None], 1)
    return np.take_along_axis(values, chosen, 1)[:, 0].astype(np.float32)


def _enlarge(placed: Floats, width: int, height: int) -> Floats:
    """Interpolates, but takes the nearest pixel at steps: none is smeared over several pixels of a large photo."""
    smooth = np.asarray(cv2.resize(placed, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    nearest = cv2.resize(placed, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    kernel = np.ones((3, 3), np.uint8)
    step = (cv2.dilate(placed, kernel) - cv2.erode(placed, kernel) > 2 * _EDGE).astype(np.uint8)
    at_step = cv2.resize(step, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) > 0
    smooth[at_step] = nearest[at_step]
    return smooth
