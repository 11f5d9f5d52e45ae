"""Finds the nearest triangle or point at each pixel centre: a z-buffer in numpy, which needs no driver.

It works in blocks that fit in the cache. The entry of a pixel has the bits of the inverse depth above the index of
the triangle or point. The bits of positive floats sort like the numbers, so the largest entry is the nearest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.threads import blocks

Floats = NDArray[np.float32]
Entries = NDArray[np.int64]
_BLOCK = 1 << 15
_HALF = np.float32(0.5)
_MARGIN_PX = np.float32(1e-3)
"""A triangle covers pixel centres up to this far outside, so that rounding leaves no cracks between neighbours."""
_DRAWN_PX = 4.0
"""Larger points are drawn as single pixels and then dilated, which takes the same time for any size."""


@dataclass(frozen=True, eq=False)
class Projected:
    """Vertices on the screen, and the triangles between them."""

    x_px: Floats
    """(V,) from the left edge."""
    y_px: Floats
    """(V,) from the top edge."""
    inverse_m: Floats
    """(V,) 1 / depth, positive."""
    values: Floats
    """(V, C) values to interpolate: texture coordinates or colours."""
    corners: NDArray[np.intp] | None
    """(3, F) vertices of the triangles; None: points."""

    def shifted(self, right_px: float, down_px: float) -> "Projected":
        """The same, shifted right and down, so that pixel centres sample a place to the left and above."""
        return Projected(
            self.x_px + np.float32(right_px),
            self.y_px + np.float32(down_px),
            self.inverse_m,
            self.values,
            self.corners,
        )


def empty(*, width: int, height: int) -> Entries:
    """(H, W) entries of an empty picture."""
    return np.zeros((height, width), np.int64)


def index_of(entries: Entries) -> Entries:
    """The triangle or point of each entry; meaningless where the entry is 0 (empty)."""
    return entries & 0xFFFFFFFF


def inverse_of(entries: Entries) -> Floats:
    """1 / depth, 1/m; 0 where the entry is empty."""
    return (entries >> 32).astype(np.int32).view(np.float32)


def draw_triangles(entries: Entries, seen: Projected, chosen: NDArray[np.intp] | None = None) -> None:
    """Draws into ``entries`` (H, W).

    Args:
        entries: Modified in place.
        seen: Vertices with triangles.
        chosen: (N,) triangles to draw; None: all.
    """
    assert seen.corners is not None
    count = seen.corners.shape[1] if chosen is None else len(chosen)
    # A triangle seen edge-on divides by zero; the results are clipped or compare as false.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for rows in blocks(count, _BLOCK):
            index = np.arange(rows.start, rows.stop) if chosen is None else chosen[rows]
            corners = seen.corners[:, rows] if chosen is None else seen.corners[:, index]
            _draw_block(entries, seen, corners, index)


def spread(values: list[Floats]) -> tuple[Floats, Floats]:
    """Smallest and largest of the values at three corners, (N,) each."""
    a, b, c = values
    return np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


def _draw_block(
    entries: Entries, seen: Projected, corners: NDArray[np.intp], index: NDArray[np.intp]
) -> None:
    height, width = entries.shape
    xs, ys = ([values[corner] for corner in corners] for values in (seen.x_px, seen.y_px))
    left, right = spread(xs)
    # The first row and the row after the last one whose centres are covered.
    top, bottom = (
        np.ceil(np.minimum(np.maximum(each, 0), height, dtype=np.float32) - _HALF) for each in spread(ys)
    )
    crosses = np.ceil(right - (_HALF - _MARGIN_PX)) > np.ceil(left - (_HALF + _MARGIN_PX))
    live = np.flatnonzero((bottom > top) & crosses & (right > 0) & (left < width))
    if not len(live):
        return
    first, count = top[live].astype(np.int32), (bottom - top)[live].astype(np.int32)
    if count.max() > 1:
        # One entry per row of each triangle.
        which = np.repeat(np.arange(len(live)), count)
        first = (np.arange(len(which)) - (np.cumsum(count) - count - first)[which]).astype(np.int32)
        live = live[which]
    corner_values = [
        (x[live], y[live], seen.inverse_m[corner[live]]) for x, y, corner in zip(xs, ys, corners, strict=True)
    ]
    _draw_rows(entries, corner_values, first, index[live])


def _draw_rows(
    entries: Entries,
    corner_values: list[tuple[Floats, Floats, Floats]],
    row: NDArray[np.int32],
    index: NDArray[np.intp],
) -> None:
    """Draws the part of each triangle that lies in one row: from one crossed side to the other."""
    (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = corner_values
    y = row.astype(np.float32) + _HALF
    # The rows of a triangle lie from its highest corner to just before its lowest, so that one corner is always on
    # one side and two are on the other.
    above = [each <= y for each in (y0, y1, y2)]
    one, two = (
        (above[1] != above[0]) & (above[1] != above[2]),
        (above[2] != above[0]) & (above[2] != above[1]),
    )
    # The corner that is alone on its side, and the two others.
    alone = [np.where(one, b, np.where(two, c, a)) for a, b, c in ((x0, x1, x2), (y0, y1, y2), (z0, z1, z2))]
    second = [np.where(one, a, b) for a, b in ((x0, x1), (y0, y1), (z0, z1))]
    third = [np.where(two, a, c) for a, c in ((x0, x2), (y0, y2), (z0, z2))]
    crossings = []
    for other in (second, third):
        share = np.clip((y - alone[1]) / (other[1] - alone[1]), 0, 1)
        crossings.append((alone[0] + share * (other[0] - alone[0]), alone[2] + share * (other[2] - alone[2])))
    (xb, zb), (xc, zc) = crossings
    width = entries.shape[1]
    begin = np.ceil(np.clip(np.fmin(xb, xc), 0, width) - (_HALF + _MARGIN_PX))
    end = np.ceil(np.clip(np.fmax(xb, xc), 0, width) - (_HALF - _MARGIN_PX))
    live = np.flatnonzero(end > begin)
    if not len(live):
        return
    begin_px, count = begin[live].astype(np.int32), (end - begin)[live].astype(np.int32)
    xb, zb, xc, zc = xb[live], zb[live], xc[live], zc[live]
    low, high, slope = np.fmin(zb, zc), np.fmax(zb, zc), (zc - zb) / (xc - xb)
    row, index = row[live], index[live]
    if count.max() > 1:
        which = np.repeat(np.arange(len(live)), count)
        begin_px = (np.arange(len(which)) - (np.cumsum(count) - count - begin_px)[which]).astype(np.int32)
        row, index = row[which], index[which]
        xb, zb, low, high, slope = (each[which] for each in (xb, zb, low, high, slope))
    inverse = np.fmin(np.fmax(zb + (begin_px.astype(np.float32) + _HALF - xb) * slope, low), high)
    _put(entries, row, begin_px, inverse, index)


def draw_points(entries: Entries, seen: Projected, size_px: float) -> None:
    """Draws squares of ``size_px`` into ``entries`` (H, W)."""
    if size_px <= _DRAWN_PX:
        _draw_squares(entries, seen, size_px)
        return
    wide = round(size_px)
    around = empty(width=entries.shape[1] + 2 * wide, height=entries.shape[0] + 2 * wide)
    # The window of an even size begins half a pixel before the point.
    shift = wide - (0.5 if wide % 2 == 0 else 0.0)
    _draw_squares(around, seen.shifted(shift, shift), 1.0)
    around = _widened(_widened(around, wide).T, wide).T[wide:-wide, wide:-wide]
    np.maximum(entries, around, out=entries)


def _draw_squares(entries: Entries, seen: Projected, size_px: float) -> None:
    height, width = entries.shape
    half, steps = np.float32(size_px / 2), range(int(np.ceil(size_px)) + 1)
    for rows in blocks(len(seen.x_px), _BLOCK):
        # Clip points far outside the picture, so that they fit into an integer.
        x, y = (np.clip(values[rows], -1e6, 1e6) for values in (seen.x_px, seen.y_px))
        left, right = np.ceil(x - half - _HALF), np.ceil(x + half - _HALF)
        top, bottom = np.ceil(y - half - _HALF), np.ceil(y + half - _HALF)
        for down in steps:
            for across in steps:
                row, col = top + down, left + across
                inside = (row < bottom) & (col < right) & (row >= 0) & (row < height)
                live = np.flatnonzero(inside & (col >= 0) & (col < width))
                at = row[live].astype(np.int32), col[live].astype(np.int32)
                _put(entries, *at, seen.inverse_m[rows][live], rows.start + live)


def _put(
    entries: Entries,
    row: NDArray[np.int32],
    col: NDArray[np.int32],
    inverse: Floats,
    index: NDArray[np.intp],
) -> None:
    packed = inverse.view(np.int32).astype(np.int64) << 32
    packed |= index
    np.maximum.at(entries.reshape(-1), row.astype(np.int64) * entries.shape[1] + col, packed)


def _widened(entries: Entries, size: int) -> Entries:
    """The maximum over ``size`` neighbours in each row, computed by doubling the window."""
    padded = np.pad(entries, ((0, 0), (size // 2, size - 1 - size // 2)))
    reach = 1
    while reach < size:
        step = min(reach, size - reach)
        padded = np.maximum(padded[:, : padded.shape[1] - step], padded[:, step:])
        reach += step
    return np.ascontiguousarray(padded)
