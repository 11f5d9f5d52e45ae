"""Brings a coarse depth map to the photo's size: smooth inside surfaces, and one sharp contour at each outline.

The coarse map knows two surfaces at each soft outline (``two_surfaces``), and how far each place lies from one
to the other. The photo says where exactly one ends: colour is fitted to the side, by weighted linear regression in
small windows, as in a guided filter (He et al., "Guided Image Filtering", 2013, eq. 19-21), with less weight the less
is known of a pixel's side. The better colour explains the sides of a window, the more it decides there; in fur and
leaves, where it does not, the contour is the middle of the ramp. Each pixel takes the depth of its side, so that no
depth lies between two surfaces.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.nets.two_surfaces import LEAST_STEP, TwoSurfaces, two_surfaces

Floats = NDArray[np.float32]

_GUIDE = 4
"""Pixels of the photo per coarse pixel, at most, at which colours are fitted."""
_WINDOW = 1.5
"""Half side of a window, in coarse pixels."""
_NOISE = 2e-4
"""Variance of a colour (0 to 1) that explains nothing."""
_FITS = 3
"""Each fit starts from the sides that the last one found."""
_GAIN = 1.5
"""Between two fits a place becomes this much surer of its side."""
_UNFRAY = 0.1
"""Standard deviation of the smoothing of the contour, in coarse pixels."""
LARGEST_PX = 1536
"""Longer side of the size at which contours are placed; above it a step stays one pixel of that size."""


def upsample(coarse: Floats, rgb: NDArray[np.uint8], weight: Floats | None = None) -> Floats:
    """Returns the map at the photo's size.

    Args:
        coarse: (h, w) float32, log inverse depth of the same view, or a probability.
        rgb: (H, W, 3) uint8 photo, larger than the map.
        weight: (h, w) from 0 to 1, how far each coarse pixel counts (0: sky); None: all do.

    Returns:
        (H, W) float32.

    Raises:
        ValueError: The shapes do not fit.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"rgb: expected (H, W, 3), got {rgb.shape}")
    height, width = rgb.shape[:2]
    shrink = min(1.0, LARGEST_PX / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    surfaces = two_surfaces(coarse, weight)
    upper = interpolated(surfaces.upper, size)
    if not surfaces.parted.any():
        return upper if shrink == 1 else interpolated(upper, (width, height))
    photo = rgb if shrink == 1 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    lower = interpolated(surfaces.lower, size)
    placed = np.where(_on_upper(coarse, surfaces, np.asarray(photo, np.uint8)), upper, lower)
    return placed if shrink == 1 else enlarge(placed, width, height)


def _on_upper(coarse: Floats, surfaces: TwoSurfaces, photo: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W) which pixels of the photo lie on the upper surface."""
    size = (photo.shape[1], photo.shape[0])
    per_px = size[0] / coarse.shape[1]
    shrink = min(1.0, _GUIDE / per_px)
    small = (max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink)))
    upper, lower, value, parted = (
        cv2.resize(each.astype(np.float32), small, interpolation=cv2.INTER_LINEAR)
        for each in (surfaces.upper, surfaces.lower, coarse, surfaces.parted)
    )
    # 0 on the lower surface, 1 on the upper one.
    side = np.clip((value - lower) / np.maximum(upper - lower, np.float32(1e-3)), 0, 1)
    guide = cv2.resize(photo, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    radius = max(1, round(_WINDOW * small[0] / coarse.shape[1]))
    fit = _fit(np.asarray(side, np.float32), np.asarray(parted, np.float32), guide, radius)
    fit = [cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in fit]
    *slopes, constant, explained, side = fit
    by_colour = constant
    for k, slope in enumerate(slopes):
        by_colour += slope * (photo[..., k] * np.float32(1 / 255))
    side += explained * (np.clip(by_colour, 0, 1) - side)
    return np.asarray(cv2.GaussianBlur(side, (0, 0), max(0.3, _UNFRAY * per_px)) > 0.5)


def _fit(side: Floats, parted: Floats, guide: Floats, radius: int) -> list[Floats]:
    """Fits the side to the colours: three slopes, a constant, the share that they explain, and the side; (h, w) each.

    Args:
        side: (h, w) from 0 to 1.
        parted: (h, w) 0 where there is but one surface, which says nothing of the two.
        guide: (h, w, 3) colours from 0 to 1.
        radius: Of the windows, px.
    """
    colours = [np.ascontiguousarray(guide[..., k]) for k in range(3)]

    def mean(values: Floats, within: int = radius) -> Floats:
        return np.asarray(cv2.boxFilter(values, -1, (2 * within + 1, 2 * within + 1)), np.float32)

    slopes, constant, explained = _regression(side, parted, colours, mean)
    for _ in range(_FITS - 1):
        by_colour = np.clip(_dot(slopes, colours) + constant, 0, 1)
        side = side + explained * (by_colour - side)
        side = np.clip((side - np.float32(0.5)) * np.float32(_GAIN) + np.float32(0.5), 0, 1)
        slopes, constant, explained = _regression(side, parted, colours, mean)
    smoothed = [mean(each, radius // 2) for each in (*slopes, constant, explained)]
    return [*smoothed, side]


def _regression(
    side: Floats, parted: Floats, colours: list[Floats], mean: Callable[[Floats], Floats]
) -> tuple[list[Floats], Floats, Floats]:
    """Weighted linear regression of the side on the colours in the window of each pixel: slopes, constant, R squared.

    The weight is how sure a pixel is of its side.
    """
    weight = np.abs(2 * side - 1) * parted + np.float32(1e-3)
    total = mean(weight)
    means = [mean(weight * colour) / total for colour in colours]
    mean_side = mean(weight * side) / total
    variance = mean(weight * side * side) / total - mean_side**2
    with_side = [mean(weight * c * side) / total - m * mean_side for c, m in zip(colours, means, strict=True)]
    pairs = {
        (i, j): mean(weight * colours[i] * colours[j]) / total - means[i] * means[j]
        for i in range(3)
        for j in range(i, 3)
    }
    for i in range(3):
        pairs[i, i] += np.float32(_NOISE)
    slopes = _solve(pairs, with_side)
    constant = mean_side - _dot(slopes, means)
    explained = _dot(slopes, with_side)
    return slopes, constant, np.clip(explained / np.maximum(variance, np.float32(1e-3)), 0, 1)


def _solve(a: dict[tuple[int, int], Floats], b: list[Floats]) -> list[Floats]:
    """The solution of a symmetric 3x3 system at each pixel, by cofactors."""
    c00 = a[1, 1] * a[2, 2] - a[1, 2] ** 2
    c01 = a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    c02 = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    c11 = a[0, 0] * a[2, 2] - a[0, 2] ** 2
    c12 = a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2]
    c22 = a[0, 0] * a[1, 1] - a[0, 1] ** 2
    determinant = a[0, 0] * c00 + a[0, 1] * c01 + a[0, 2] * c02
    rows = ((c00, c01, c02), (c01, c11, c12), (c02, c12, c22))
    return [_dot(row, b) / determinant for row in rows]


def _dot(a: Sequence[Floats], b: Sequence[Floats]) -> Floats:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def interpolated(values: Floats, size: tuple[int, int]) -> Floats:
    """A map (h, w) at a larger size (width, height): bilinear, and led on to the border, where a plane stays a plane.

    OpenCV repeats the outermost values beyond the centres of their pixels, and a surface would face the camera there.
    """
    across = np.asarray(
        cv2.resize(values, (size[0], len(values)), interpolation=cv2.INTER_LINEAR), np.float32
    )
    _lead_on(across.T, values.T)
    result = np.asarray(cv2.resize(across, size, interpolation=cv2.INTER_LINEAR), np.float32)
    _lead_on(result, across)
    return result


def _lead_on(result: Floats, values: Floats) -> None:
    """Adds the slope at the first and at the last row to the rows that are nearer to the border, in place."""
    if len(values) < 3:
        return
    at = (np.arange(len(result), dtype=np.float32) + np.float32(0.5)) * np.float32(len(values) / len(result))
    for rows, beyond, inwards in (
        (slice(0, int((at < 0.5).sum())), 0.5 - at, values[:3]),
        (
            slice(len(at) - int((at > len(values) - 0.5).sum()), None),
            at - (len(values) - 0.5),
            values[:-4:-1],
        ),
    ):
        steps = -np.diff(inwards, axis=0)
        # A step at the border is no slope (minmod).
        slope = np.where(steps[0] * steps[1] > 0, np.sign(steps[0]) * np.abs(steps).min(axis=0), 0)
        result[rows] += beyond[rows, None] * slope


def enlarge(placed: Floats, width: int, height: int) -> Floats:
    """A map (h, w) at a larger size: interpolated, but the nearest pixel at steps, which are not smeared."""
    smooth = interpolated(placed, (width, height))
    nearest = cv2.resize(placed, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    kernel = np.ones((3, 3), np.uint8)
    step = (cv2.dilate(placed, kernel) - cv2.erode(placed, kernel) > LEAST_STEP / 2).astype(np.uint8)
    at_step = cv2.resize(step, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) > 0
    smooth[at_step] = nearest[at_step]
    return smooth
