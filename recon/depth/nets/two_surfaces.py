"""Splits a coarse, soft depth map into the two surfaces at each of its depth edges.

A network blurs an outline over a few pixels of its own map. Within such a ramp every pixel gets two values: that of
the nearer and that of the farther surface, each continued from beyond the ramp. What remains is to decide on which of
the two a pixel of the photo lies (``joint_upsampling``).
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

LEAST_STEP = 0.16
"""Change of log depth across a ramp from which it is an outline and no ripple."""
_RAMP_HALF = (1, 2, 3)
"""Half widths of the ramps that are looked for, in pixels of the map."""
_SLOPE_OVER = 3
"""Pixels beyond a ramp over which the slopes of the two surfaces are measured."""
_LEAST_SHARE = np.float32(0.25)
"""A plane is led on to this share of its inverse depth."""
_BESIDE = 2
"""Pixels around a ramp's middle that get two values."""
_REACH = 3
"""Pixels from which a surface is continued, with weights that fall with distance as a Gaussian of ``_SIGMA``."""
_SIGMA = 1.6
_STEEP = 0.04
"""Change per pixel at which a pixel is more likely part of a ramp than of a surface."""
_MOST_SLOPE = 0.03
"""A surface is continued with at most this change per pixel."""
_ROUNDS = 3
_RIPPLE = 0.06
"""Differences of this size from the local plane are smoothed; several times larger ones are edges."""


class TwoSurfaces(NamedTuple):
    """Maps of the coarse size; where there is no outline the two surfaces are the same."""

    upper: Floats
    """(h, w) the larger value: the nearer surface in inverse depth."""
    lower: Floats
    """(h, w) the smaller value."""
    parted: Bools
    """(h, w) where they differ."""


def two_surfaces(coarse: Floats, weight: Floats | None = None) -> TwoSurfaces:
    """Splits a map at its outlines.

    Args:
        coarse: (h, w) float32, log inverse depth.
        weight: (h, w) from 0 to 1: how far each pixel counts; None: all do. Those that do not are filled from those
            around them, so that no outline arises between the two.

    Raises:
        ValueError: The shapes differ.
    """
    if coarse.ndim != 2 or (weight is not None and weight.shape != coarse.shape):
        shape = None if weight is None else weight.shape
        raise ValueError(f"expected a map (h, w) and a weight of its shape, got {coarse.shape} and {shape}")
    if weight is not None:
        coarse = _filled(coarse, weight)
    kernel = np.ones((2 * _BESIDE + 1, 2 * _BESIDE + 1), np.uint8)
    parted = cv2.dilate((_step(coarse) > LEAST_STEP).astype(np.uint8), kernel) > 0
    upper, lower = coarse.copy(), coarse.copy()
    rows, columns = np.nonzero(parted)
    if len(rows):
        high, low = _two_means(*_continued(coarse, weight, rows, columns))
        parted[rows, columns] = high - low >= LEAST_STEP / 2
        upper[parted], lower[parted] = high[parted[rows, columns]], low[parted[rows, columns]]
        _smooth_within(upper, parted)
        _smooth_within(lower, parted)
        _join_ends(coarse, upper, lower, parted)
    return TwoSurfaces(unrippled(upper), unrippled(lower), np.asarray(parted, np.bool_))


def unrippled(coarse: Floats) -> Floats:
    """Smooths ripples inside surfaces: the mean of the pixels around each one that are near its local plane."""
    radius = _REACH
    slope_x, slope_y = (
        cv2.GaussianBlur(
            _limited(np.gradient(coarse, axis=axis) if n > 1 else np.zeros_like(coarse)), (0, 0), 2
        )
        for axis, n in ((1, coarse.shape[1]), (0, coarse.shape[0]))
    )
    total, weights = np.zeros_like(coarse), np.zeros_like(coarse)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            # At the border the edge pixels are repeated, and are less far away.
            y, x = _offsets(len(coarse), down)[:, None], _offsets(coarse.shape[1], right)
            value = _moved(coarse, down, right) - slope_x * x - slope_y * y
            apart = (down**2 + right**2) / (2 * (radius / 2) ** 2)
            weight = np.exp(-np.square((value - coarse) / _RIPPLE) / 2 - np.float32(apart))
            total += weight * value
            weights += weight
    return np.asarray(total / weights, np.float32)


def _moved(values: Floats, down: int, right: int) -> Floats:
    """The value at an offset from each pixel, edge pixels repeated."""
    height, width = values.shape
    rows = np.clip(np.arange(height) + down, 0, height - 1)
    columns = np.clip(np.arange(width) + right, 0, width - 1)
    return values[rows][:, columns]


def _offsets(length: int, offset: int) -> Floats:
    """The offset at each pixel of a line, no farther than the line's ends."""
    at = np.arange(length, dtype=np.float32)
    return np.clip(at + offset, 0, length - 1) - at


def _step(coarse: Floats) -> Floats:
    """(h, w) the largest change across each pixel that the slopes on both sides do not explain.

    Across a plane the change follows from the slope of either side, across a crease it lies between the two. A facade
    that recedes steeply changes faster and faster with the pixels, but its inverse depth is linear.
    """
    largest = np.zeros_like(coarse)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        length = float(np.hypot(down, right))
        for half in dict.fromkeys(max(1, round(a / length)) for a in _RAMP_HALF):
            over = max(1, round(_SLOPE_OVER / length))
            after, before = (_moved(coarse, way * half * down, way * half * right) for way in (1, -1))
            far = half + over
            on = _moved(coarse, far * down, far * right) - after
            back = before - _moved(coarse, -far * down, -far * right)
            share = np.float32(2 * half / over)
            explained = (share * on, share * back, -_on_a_plane(-on, share), _on_a_plane(back, share))
            least = np.minimum(np.minimum.reduce(explained), 0)
            most = np.maximum(np.maximum.reduce(explained), 0)
            change = after - before
            np.maximum(largest, np.abs(change - np.clip(change, least, most)), out=largest)
    return largest


def _on_a_plane(change: Floats, times: np.float32) -> Floats:
    """(h, w) the change of log inverse depth over the next pixels, ``times`` as many as those with this change before
    them: inverse depth goes on linearly, but to no less than a quarter.
    """
    return np.asarray(np.log1p(np.maximum(-times * np.expm1(-change), _LEAST_SHARE - 1)), np.float32)


def _slopes(coarse: Floats) -> tuple[Floats, Floats]:
    """Change per pixel along x and y: the smaller of the two one-sided differences, 0 where their signs differ, so
    that a step gives no slope (minmod); limited."""

    def minmod(down: int, right: int) -> Floats:
        after, before = _moved(coarse, down, right) - coarse, coarse - _moved(coarse, -down, -right)
        smaller = np.where(np.abs(before) < np.abs(after), before, after)
        return _limited(np.where(before * after > 0, smaller, 0))

    return minmod(0, 1), minmod(1, 0)


def _limited(slope: Floats) -> Floats:
    return np.asarray(np.clip(slope, -_MOST_SLOPE, _MOST_SLOPE), np.float32)


def _continued(
    coarse: Floats, weight: Floats | None, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """(N, K) the values of the K pixels around each of N, continued to it, and their weights: a pixel within a ramp
    has little.
    """
    height, width = coarse.shape
    slope_x, slope_y = _slopes(coarse)
    across, along = (
        (_moved(coarse, *step) - _moved(coarse, -step[0], -step[1])) / 2 for step in ((0, 1), (1, 0))
    )
    sound = 1 / np.square(1 + (np.square(across) + np.square(along)) / _STEEP**2)
    if weight is not None:
        sound = sound * weight
    values, weights = [], []
    for down in range(-_REACH, _REACH + 1):
        for right in range(-_REACH, _REACH + 1):
            apart = down**2 + right**2
            if apart > _REACH**2 + 1:
                continue
            i, j = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
            values.append(coarse[i, j] - slope_x[i, j] * (j - columns) - slope_y[i, j] * (i - rows))
            weights.append(sound[i, j] * np.exp(-apart / (2 * _SIGMA**2)))
    return np.stack(values, 1).astype(np.float32), np.stack(weights, 1).astype(np.float32) + np.float32(1e-9)


def _two_means(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted means (N,) of the larger and of the smaller values of each row (N, K)."""
    high, low = values.max(axis=1), values.min(axis=1)
    for _ in range(_ROUNDS):
        larger = values > ((high + low) / 2)[:, None]
        # Rounding leaves a row of equal values without a larger one: it keeps its mean.
        means = []
        for kept, former in ((weights * larger, high), (weights * ~larger, low)):
            total = kept.sum(axis=1)
            mean = (values * kept).sum(axis=1) / np.maximum(total, np.float32(1e-9))
            means.append(np.where(total > 0, mean, former))
        high, low = means
    return high, low


def _smooth_within(surface: Floats, parted: Bools) -> None:
    """Smooths a surface along its outlines in place, but not across a second outline."""
    inside = parted.astype(np.float32)
    share = cv2.GaussianBlur(inside, (0, 0), 1) + np.float32(1e-6)
    mean = cv2.GaussianBlur(surface * inside, (0, 0), 1) / share
    alike = np.exp(-np.square((mean - surface) / _RIPPLE))
    surface[parted] += (alike * (mean - surface))[parted]


def _join_ends(coarse: Floats, upper: Floats, lower: Floats, parted: Bools) -> None:
    """Leads the surface on which a pixel lies over to the map, in place, towards the end of the parted pixels: there
    is no step between the two.
    """
    inner, share = parted.astype(np.uint8), np.zeros_like(coarse)
    for _ in range(_BESIDE):
        share += inner
        inner = cv2.erode(inner, np.ones((3, 3), np.uint8))
    share += inner
    own = 1 - share / (_BESIDE + 1)
    on_upper = 2 * coarse > upper + lower
    for surface, here in ((upper, on_upper), (lower, ~on_upper)):
        surface += np.where(here & parted, own * (coarse - surface), 0)


def _filled(coarse: Floats, weight: Floats) -> Floats:
    """The map with pixels of small weight replaced by what is around them, from the coarsest scale to the finest."""
    total = float(weight.sum())
    around = np.full_like(coarse, (coarse * weight).sum() / total if total > 0 else coarse.mean())
    scale = max(coarse.shape) / 4
    while scale >= 1:
        share = cv2.GaussianBlur(weight, (0, 0), scale)
        mean = cv2.GaussianBlur(coarse * weight, (0, 0), scale) / np.maximum(share, np.float32(1e-6))
        around += np.clip(6 * share, 0, 1) * (mean - around)
        scale /= 2
    return np.asarray(weight * coarse + (1 - weight) * around, np.float32)
