"""Colour images of how sure a depth map is, and of how two of them differ, each with its legend."""

from math import log

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import depth_table, difference_table, round_ticks
from recon.depth_map.legend import UNKNOWN_RGB, bar_for, legend_strip
from recon.statistics import COVERAGE_FACTOR
from recon.types import BoolMap, FloatMap, MetricDepth

_RANGE = (2, 98)
"""Percentiles between which the colours are spread."""
_LEAST_M = 0.005
"""Smallest range of a difference's colours, m."""
Coloured = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""A picture, (H, W, 3), and its legend, (h, L, 3)."""


def error_picture(depth: MetricDepth, *, in_metres: bool) -> Coloured | None:
    """The 95 % interval of each pixel's depth in colours, blue is sure and red is not; None if it is unknown.

    Args:
        depth: (H, W), with ``log_sigma``.
        in_metres: Half the interval's width in m, instead of in % of the depth.
    """
    if depth.log_sigma is None:
        return None
    share = np.expm1(np.float32(COVERAGE_FACTOR) * depth.log_sigma)
    values = share * depth.z_m if in_metres else 100 * share
    known = values[depth.valid]
    if not known.size:
        return None
    low, high = (float(value) for value in np.percentile(known, _RANGE))
    low, high = (low, high) if high > 1.1 * low else (low / 1.05, high * 1.05)
    place = np.log(high / np.clip(values, low, high)) / log(high / low)
    bar = bar_for(depth.z_m.shape, unknown=not depth.valid.all())
    unit = "m" if in_metres else "%"
    marks = [
        (log(high / mark) / log(high / low), f"± {mark:g} {unit}")
        for mark in round_ticks(low, high, smallest_gap=bar.smallest_gap)
    ]
    # The largest error is at the top: red, which is the table's near end.
    top_down = depth_table("Spectral_r")[::-1]
    beyond = bool((known < low).any()), bool((known > high).any())
    return _painted(place, depth.valid, top_down), legend_strip(bar, top_down, marks, beyond)


def difference_picture(depth: MetricDepth, other: MetricDepth) -> Coloured | None:
    """How much nearer (blue) or farther (red) than another depth map of the same photo; None if no pixel is in both.

    Args:
        depth: (H, W).
        other: Of the same photo; of another size, its nearest pixels are compared.
    """
    height, width = depth.z_m.shape
    rows, cols = (
        ((np.arange(count) + 0.5) * size / count).astype(int)
        for count, size in ((height, other.z_m.shape[0]), (width, other.z_m.shape[1]))
    )
    both: BoolMap = depth.valid & other.valid[np.ix_(rows, cols)]
    if not both.any():
        return None
    off_m: FloatMap = depth.z_m - other.z_m[np.ix_(rows, cols)]
    most_m = max(float(np.percentile(np.abs(off_m[both]), _RANGE[1])), _LEAST_M)
    # Red, farther, is the end of the table; the legend has it at the top.
    top_down = difference_table()[::-1]
    place = (1 - np.clip(off_m / most_m, -1, 1)) / 2
    bar = bar_for((height, width), unknown=not both.all())
    beyond = bool((off_m[both] < -most_m).any()), bool((off_m[both] > most_m).any())
    marks = [((1 - mark / most_m) / 2, _signed(mark)) for mark in _steps(most_m)]
    return _painted(place, both, top_down), legend_strip(bar, top_down, marks, beyond)


def _steps(most: float) -> list[float]:
    """-2, -1, 0, 1, 2 times the largest round step that fits twice."""
    step = max(
        mantissa * 10.0**decade
        for decade in range(-5, 5)
        for mantissa in (1, 2, 5)
        if 2 * mantissa * 10.0**decade <= most
    )
    return [count * step for count in (-2, -1, 0, 1, 2)]


def _signed(off_m: float) -> str:
    if abs(off_m) >= 1:
        return f"{off_m:+g} m"
    return f"{100 * off_m:+g} cm" if off_m else "0"


def _painted(place: FloatMap, known: BoolMap, top_down: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours by place: 0 is the first of the table."""
    painted = top_down[np.rint(255 * np.where(known, place, 0)).astype(np.uint8)]
    painted[~known] = UNKNOWN_RGB
    return painted
