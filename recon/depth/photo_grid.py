"""Brings depth maps of the picture as taken to the photo's grid: resized, and undistorted if the photo was."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap, Photo

SAME_SURFACE_RATIO = 1.05
"""Neighbours with a smaller depth ratio are on one surface and may be interpolated."""
_LEAST_SHARE = 0.25
"""For resampling, relative depth is shifted so that its range is 0.25 to 1.25 times its width (a shift does not
change the information in relative depth). A difference of 5 % (``SAME_SURFACE_RATIO``) is then 1.25 to 6.25 % of the
range: more than an 8-bit step, less than the gap between two objects."""
_ROWS_AT_ONCE = 256


def taken_size(photo: Photo) -> tuple[int, int]:
    """Width and height of the picture as it was taken, px, before it was undistorted."""
    original = photo.original
    return (photo.width, photo.height) if original is None else (original.width, original.height)


def depth_on_photo(z_m: FloatMap, valid: BoolMap, photo: Photo) -> tuple[FloatMap, BoolMap]:
    """Depth (h, w), m, of the picture as it was taken, on the photo's grid (``resize_depth``).

    Undistorting keeps the camera's place and direction, so z stays z; each pixel takes the nearest one's.
    """
    width, height = taken_size(photo)
    return _undistorted(*resize_depth(z_m, valid, width=width, height=height), photo)


def inverse_on_photo(inverse: FloatMap, valid: BoolMap, photo: Photo) -> tuple[FloatMap, BoolMap]:
    """The same for relative inverse depth."""
    width, height = taken_size(photo)
    return _undistorted(*resize_inverse(inverse, valid, width=width, height=height), photo)


def _undistorted(values: FloatMap, valid: BoolMap, photo: Photo) -> tuple[FloatMap, BoolMap]:
    original = photo.original
    if original is None:
        return values, valid
    moved: NDArray[Any] = np.zeros((photo.height, photo.width), np.float32)
    known = np.zeros(moved.shape, np.bool_)
    for start in range(0, photo.height, _ROWS_AT_ONCE):
        rows = slice(start, min(start + _ROWS_AT_ONCE, photo.height))
        x, y = original.positions(rows.start, rows.stop)
        found = np.isfinite(x)
        columns, lines = (np.where(found, each, 0).astype(np.intp) for each in (x, y))
        moved[rows] = np.where(found, values[lines, columns], 0)
        known[rows] = found & valid[lines, columns]
    return moved, known


def resize_depth(z_m: FloatMap, valid: BoolMap, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """Resamples depth to another grid of the same view without creating flying pixels.

    Interpolates inverse depth bilinearly between four valid neighbours on one surface (exact for planes). Elsewhere,
    and so at every depth edge, takes depth and validity from the nearest pixel. Returns the input if the size is
    equal.

    Args:
        z_m: (h, w) float32, m.
        valid: (h, w) bool.
        width: Width of the new grid, px.
        height: Height of the new grid, px.
    """
    if z_m.shape == (height, width):
        return z_m, valid
    inverse = np.divide(1, z_m, out=np.zeros_like(z_m), where=valid)
    left, right, across = _neighbours(z_m.shape[1], width)
    top, bottom, down = _neighbours(z_m.shape[0], height)
    out_z, out_valid = np.empty((height, width), np.float32), np.empty((height, width), np.bool_)
    for start in range(0, height, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        pairs = [np.ix_(row[rows], column) for row in (top, bottom) for column in (left, right)]
        corners = [inverse[pair] for pair in pairs]
        low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
        smooth = (low > 0) & (high < low * SAME_SURFACE_RATIO)
        fx, fy = across[None, :], down[rows, None]
        upper = corners[0] * (1 - fx) + corners[1] * fx
        lower = corners[2] * (1 - fx) + corners[3] * fx
        nearest = np.ix_(np.where(down < 0.5, top, bottom)[rows], np.where(across < 0.5, left, right))
        blended = upper * (1 - fy) + lower * fy
        out_z[rows] = np.where(smooth, 1 / np.where(smooth, blended, 1), z_m[nearest])
        out_valid[rows] = smooth | valid[nearest]
    return out_z, out_valid


def resize_inverse(inverse: FloatMap, valid: BoolMap, *, width: int, height: int) -> tuple[FloatMap, BoolMap]:
    """``resize_depth`` for relative inverse depth, which may be zero or negative."""
    if inverse.shape == (height, width):
        return inverse, valid
    low, high = float(inverse[valid].min()), float(inverse[valid].max())
    lift = _LEAST_SHARE * ((high - low) or 1.0) - low
    lifted = np.divide(1, inverse + np.float32(lift), out=np.zeros_like(inverse), where=valid)
    resized, known = resize_depth(lifted, valid, width=width, height=height)
    out = np.divide(1, resized, out=np.zeros_like(resized), where=known)
    return np.where(known, out - np.float32(lift), np.float32(0)), known


def _neighbours(stored: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of the two stored pixels around the centre of each output pixel, and the weight of the second."""
    at = (np.arange(wanted) + 0.5) * (stored / wanted) - 0.5
    at = np.clip(at, 0, stored - 1)
    first = np.floor(at).astype(np.intp)
    second = np.minimum(first + 1, stored - 1)
    return first, second, (at - first).astype(np.float32)
