"""Fits small planes all over a depth map: their normals are robust to sensor noise, unlike pixel differences.

In inverse depth every plane is linear in the viewing ray: on the plane ``normal . p = distance``, the ray ``(x, y,
1)`` has ``1 / z = q . ray`` with ``q = normal / distance``. So a plane fit is a linear regression, and its sums over
all windows of a grid are computed with running sums. If the estimator predicts normals, a patch's normal is their
mean instead: errors of the depth that grow over large distances do not tilt it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.unproject import rays_of
from recon.types import BoolMap, Intrinsics, MetricDepth

_CELLS = 40_000
"""Approximate number of cells of the image."""
_WINDOW = 7
"""Width of a patch in cells: about 3.5 % of the image width."""
_LEAST_PIXELS = 8
"""Minimum number of pixels with depth in a patch."""
_SMOOTH = 0.002
"""Relative residual that never reduces a patch's weight, however smooth the others are."""
_SMOOTH_NORMALS = 0.03
"""The same of the spread of predicted normals, radians."""


@dataclass(frozen=True)
class Patches:
    """N overlapping plane fits, in the cam frame."""

    inward: NDArray[np.float64]
    """(N, 3) unit normals that point away from the camera: a floor's points down."""
    centre: NDArray[np.float64]
    """(N, 3) centres of the patches, m."""
    weight: NDArray[np.float64]
    """(N,) flatness of the patch times the fraction of its pixels with depth: 0 to 1."""
    predicted: bool = False
    """Whether the normals were predicted, independently of the depth."""

    def __len__(self) -> int:
        return len(self.weight)


def patches_of(depth: MetricDepth, usable: BoolMap, intrinsics: Intrinsics) -> Patches:
    """Fits a plane around every cell of a coarse grid.

    Args:
        depth: (H, W), with or without normals.
        usable: (H, W) bool, the pixels to use; others are ignored.
        intrinsics: Of the same image.

    Returns:
        The patches with enough pixels; none if the image has too few.
    """
    height, width = usable.shape
    cell = max(1, round((height * width / _CELLS) ** 0.5))
    sums = _cell_sums(depth, usable, intrinsics, cell)
    if depth.normals is not None:
        sums = np.concatenate([sums, _cell_normals(depth.normals, usable, cell)])
    moments = _window_sums(sums)
    count = moments[0]
    enough = count >= _LEAST_PIXELS
    count, sx, sy, sw, sxx, sxy, syy, sxw, syw, sww = moments[:10, enough]
    x, y, w = sx / count, sy / count, sw / count
    vxx, vxy, vyy = sxx / count - x * x, sxy / count - x * y, syy / count - y * y
    vxw, vyw, vww = sxw / count - x * w, syw / count - y * w, sww / count - w * w
    spread = vxx * vyy - vxy * vxy
    # Collinear pixels do not determine a plane; at 4 %, the pixels cover a fifth of the window in one direction.
    solid = (spread > 0.04 * np.median(spread)) & (spread > 0) if len(spread) else spread > 0
    x, y, w, vxw, vyw, vww = x[solid], y[solid], w[solid], vxw[solid], vyw[solid], vww[solid]
    vxx, vxy, vyy, spread = vxx[solid], vxy[solid], vyy[solid], spread[solid]
    a, b = (vyy * vxw - vxy * vyw) / spread, (vxx * vyw - vxy * vxw) / spread
    if depth.normals is None:
        q = np.stack([a, b, w - a * x - b * y], axis=1)
        rough, smooth = np.sqrt(np.maximum(vww - a * vxw - b * vyw, 0)) / w, _SMOOTH
    else:
        q = -(moments[10:, enough] / count).T[solid]
        # A mean of unit vectors is the shorter the more they differ.
        rough, smooth = np.sqrt(np.maximum(2 - 2 * np.linalg.norm(q, axis=1), 0)), _SMOOTH_NORMALS
    length = np.linalg.norm(q, axis=1)
    faces = length > 0
    usual = max(smooth, float(np.median(rough))) if len(rough) else smooth
    share = np.minimum(1.0, count[solid] / np.quantile(count, 0.9)) if len(count) else count[solid]
    weight = share / (1 + (rough / (2 * usual)) ** 2) ** 2
    ray = np.stack([x, y, np.ones_like(x)], axis=1)
    return Patches(
        inward=q[faces] / length[faces, None],
        centre=ray[faces] / w[faces, None],
        weight=weight[faces],
        predicted=depth.normals is not None,
    )


def _cell_sums(depth: MetricDepth, usable: BoolMap, intrinsics: Intrinsics, cell: int) -> NDArray[np.float64]:
    """Sums of 1, x, y, w, xx, xy, yy, xw, yw, ww over each cell: (10, rows, cols); w is inverse depth, 1/m."""
    height, width = usable.shape
    rays = rays_of(intrinsics)
    x, y = rays.x.astype(np.float64), rays.y.astype(np.float64)
    starts_x, starts_y = np.arange(0, width, cell), np.arange(0, height, cell)
    sums = np.empty((10, len(starts_y), len(starts_x)))
    for row, top in enumerate(starts_y):
        rows = slice(top, top + cell)
        one = usable[rows].astype(np.float64)
        w = np.zeros_like(one)
        np.divide(1.0, depth.z_m[rows], out=w, where=usable[rows])
        yy = y[rows, None]
        columns = [part.sum(axis=0) for part in (one, one * yy, one * yy * yy, w, w * yy, w * w)]
        n, ny, nyy, nw, nwy, nww = columns
        for k, values in enumerate((n, n * x, ny, nw, n * x * x, ny * x, nyy, nw * x, nwy, nww)):
            sums[k, row] = np.add.reduceat(values, starts_x)
    return sums


def _cell_normals(normals: NDArray[np.float32], usable: BoolMap, cell: int) -> NDArray[np.float64]:
    """Sums of the normals over each cell: (3, rows, cols)."""
    height, width = usable.shape
    starts_x, starts_y = np.arange(0, width, cell), np.arange(0, height, cell)
    sums = np.empty((3, len(starts_y), len(starts_x)))
    for row, top in enumerate(starts_y):
        rows = slice(top, top + cell)
        column = np.einsum("hwc,hw->cw", normals[rows], usable[rows], dtype=np.float64)
        sums[:, row] = np.add.reduceat(column, starts_x, axis=1)
    return sums


def _window_sums(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over squares of cells around each cell, fewer at the border: (N, rows, cols) to (N, rows * cols)."""
    reach = _WINDOW // 2
    for axis in (1, 2):
        size = cells.shape[axis]
        running = np.concatenate(
            [np.zeros_like(cells.take([0], axis)), np.cumsum(cells, axis=axis)], axis=axis
        )
        last = np.minimum(np.arange(size) + reach + 1, size)
        first = np.maximum(np.arange(size) - reach, 0)
        cells = running.take(last, axis) - running.take(first, axis)
    return cells.reshape(len(cells), -1)
