"""Flying pixels of a mesh, settled on the surfaces beside them.

A pixel that hangs between two surfaces is a mixture of both: a point cloud does better without it, but in a mesh it
would leave a hole along every outline, through which the photo's own camera sees nothing. Its colour is known, and
its depth is one of two.
"""

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, Connections, FloatMap

_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_ROUNDS = 3
"""Pixels in so many rows beside a surface find it: more are no outline."""
_STEEPEST = 0.1
"""Largest relative change of inverse depth from pixel to pixel that a surface goes on with."""
_SAME = 0.01
"""Neighbours whose inverse depths differ by less than this share are of one surface."""

_Places = NDArray[np.intp]


def settle(
    z_m: FloatMap, keep: BoolMap, between: BoolMap, connections: Connections
) -> tuple[FloatMap, BoolMap, Connections]:
    """Gives each pixel that hangs between two surfaces the depth of one of them.

    Of the surfaces that a pixel touches, each continued to it by its slope in inverse depth, it is the one whose
    inverse depth comes nearest to its own.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: pixels of the surfaces.
        between: (H, W) bool: those that hang, with their own depth in ``z_m``.
        connections: Of the kept pixels.

    Returns:
        Depth, kept pixels and connections with these pixels among them; those that touch no surface stay out.
    """
    rows, cols = np.nonzero(between & (z_m > 0))
    if not len(rows):
        return z_m, keep, connections
    z_m, keep = z_m.copy(), keep.copy()
    connections = Connections(connections.right.copy(), connections.down.copy())
    for _ in range(_ROUNDS):
        inverse, found = _nearest_surface(z_m, keep, connections, rows, cols)
        z_m[rows[found], cols[found]] = 1 / inverse[found]
        keep[rows[found], cols[found]] = True
        for way in _WAYS:
            _connect(z_m, keep, connections, rows[found], cols[found], way)
        rows, cols = rows[~found], cols[~found]
    return z_m, keep, connections


def _nearest_surface(
    z_m: FloatMap, keep: BoolMap, connections: Connections, rows: _Places, cols: _Places
) -> tuple[NDArray[np.float32], BoolMap]:
    """Inverse depth of each pixel on the surface that it goes to, 1/m, and which pixels have one."""
    own: NDArray[np.float32] = np.float32(1) / z_m[rows, cols]
    inverse, least = own.copy(), np.full(len(rows), np.inf, np.float32)
    for way in _WAYS:
        beside, there = _moved(keep, rows, cols, way)
        there &= keep[beside]
        beyond, exists = _moved(keep, *beside, way)
        goes_on = exists & _linked(connections, beside, beyond, way)
        at = 1 / np.where(there, z_m[beside], 1)
        slope = np.where(goes_on, at - 1 / np.where(goes_on, z_m[beyond], 1), 0)
        continued = at + np.clip(slope, -_STEEPEST * at, _STEEPEST * at)
        apart = np.where(there, np.abs(continued - own), np.inf)
        nearer = apart < least
        inverse[nearer], least[nearer] = continued[nearer], apart[nearer]
    found: BoolMap = np.isfinite(least)
    return inverse, found


def _connect(
    z_m: FloatMap, keep: BoolMap, connections: Connections, rows: _Places, cols: _Places, way: tuple[int, int]
) -> None:
    """Connects pixels with their neighbours in one direction, where they are of one surface."""
    beside, there = _moved(keep, rows, cols, way)
    there &= keep[beside]
    one, other = z_m[rows, cols], np.where(there, z_m[beside], 1)
    # |1 / a - 1 / b| < share of the larger one, with a and b in m.
    there &= np.abs(one - other) < _SAME * np.maximum(one, other)
    links = connections.right if way[0] == 0 else connections.down
    first = np.minimum(rows, beside[0]), np.minimum(cols, beside[1])
    links[first[0][there], first[1][there]] = True


def _linked(
    connections: Connections,
    pixels: tuple[_Places, _Places],
    others: tuple[_Places, _Places],
    way: tuple[int, int],
) -> BoolMap:
    links = connections.right if way[0] == 0 else connections.down
    row, col = np.minimum(pixels[0], others[0]), np.minimum(pixels[1], others[1])
    # Where a pixel's neighbour is beyond the picture, it is the pixel itself, and no link of its own.
    inside = (row < links.shape[0]) & (col < links.shape[1])
    return np.asarray(inside & links[np.where(inside, row, 0), np.where(inside, col, 0)])


def _moved(
    keep: BoolMap, rows: _Places, cols: _Places, way: tuple[int, int]
) -> tuple[tuple[_Places, _Places], BoolMap]:
    """The pixels beside these, and which of them exist; the pixels themselves where they do not."""
    other_rows, other_cols = rows + way[0], cols + way[1]
    height, width = keep.shape
    there = (other_rows >= 0) & (other_rows < height) & (other_cols >= 0) & (other_cols < width)
    return (np.where(there, other_rows, rows), np.where(there, other_cols, cols)), there
