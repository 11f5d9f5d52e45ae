"""How high above the floor a panorama was taken, in the metres of its ranges; panoramas stand upright."""

import numpy as np

from recon.errors import CalibrationError
from recon.panorama.blend import PanoramaRange
from recon.panorama.sphere import Array, Sphere

_COLUMNS = 720
"""Of the grid on which the floor is looked for."""
_LOWEST = 0.26
"""sin of 15 degrees below the horizon: nearer to it, a small error of the angle moves the floor a lot."""
_HORIZONTAL = 0.95
"""Smallest vertical part of a floor's normal."""
_BIN = 0.03
"""Relative height of a bin of the histogram."""
_LEAST_SHARE = 0.02
"""Of all directions, that the floor must cover."""


def floor_height(found: PanoramaRange, sphere: Sphere) -> float:
    """Height of the camera above the horizontal surface that covers most of what is below it.

    Raises:
        CalibrationError: There is none.
    """
    heights, areas = _horizontal(found, sphere)
    if not heights.size:
        raise CalibrationError(_no_floor())
    bins = np.floor(np.log(heights) / _BIN).astype(int)
    low = int(bins.min())
    histogram = np.convolve(np.bincount(bins - low, areas), np.ones(3), "same")
    best = int(histogram.argmax()) + low
    near = np.abs(bins - best) <= 1
    if areas[near].sum() < _LEAST_SHARE * 4 * np.pi:
        raise CalibrationError(_no_floor())
    order = np.argsort(heights[near])
    cumulative = np.cumsum(areas[near][order])
    return float(heights[near][order][np.searchsorted(cumulative, cumulative[-1] / 2)])


def _horizontal(found: PanoramaRange, sphere: Sphere) -> tuple[Array, Array]:
    """Depth below the camera of the horizontal pixels, m, and the solid angle of each."""
    step = max(1, round(2 * np.pi * sphere.chart.fx / _COLUMNS))
    k = sphere.chart
    x = (np.arange(0, k.width, step) + 0.5 - k.cx) / k.fx
    y = (np.arange(0, k.height, step) + 0.5 - k.cy) / k.fy
    directions = sphere.directions(*np.meshgrid(x, y))
    points = directions * found.range_m[::step, ::step, None]
    valid = found.valid[::step, ::step]
    across, along = points[:-1, 1:] - points[:-1, :-1], points[1:, :-1] - points[:-1, :-1]
    normals = np.cross(across, along)
    length = np.linalg.norm(normals, axis=-1)
    known = valid[:-1, :-1] & valid[1:, :-1] & valid[:-1, 1:] & (length > 0)
    below = directions[:-1, :-1, 1] > _LOWEST
    flat = np.abs(normals[..., 1]) > _HORIZONTAL * np.where(length > 0, length, 1)
    chosen = known & below & flat
    areas = np.linalg.norm(
        np.cross(directions[:-1, 1:] - directions[:-1, :-1], directions[1:, :-1] - directions[:-1, :-1]),
        axis=-1,
    )
    return points[:-1, :-1, 1][chosen], areas[chosen]


def _no_floor() -> str:
    return "--camera-height needs a floor, and none is visible below the camera; use --length or --at instead"
