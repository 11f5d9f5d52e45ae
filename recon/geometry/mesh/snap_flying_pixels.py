"""Flying pixels of a mesh, settled on the surfaces beside them.

A pixel that hangs between two surfaces is a mixture of both: a point cloud does better without it, but in a mesh it
would leave a hole along every outline, through which the photo's own camera sees nothing. Its colour is known, and
its depth is one of two.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.continuation import limited
from recon.types import BoolMap, Connections, FloatMap

_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_ROUNDS = 3
"""Pixels in so many rows beside a surface find it: more are no outline."""
_SAME = 0.01
"""Neighbours whose inverse depths differ by less than this share are of one surface."""

_Places = NDArray[np.intp]


def settle(
    z_m: FloatMap,
    keep: BoolMap,
    between: BoolMap,
    connections: Connections,
    *,
    rounds: int = _ROUNDS,
    largest_change: float = inf,
) -> tuple[FloatMap, BoolMap, Connections]:
    """Gives each pixel that hangs between two surfaces the depth of one of them.

    Of the surfaces that a pixel touches, each continued to it by its slope in inverse depth, it is the one whose
    inverse depth comes nearest to its own.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: pixels of the surfaces.
        between: (H, W) bool: those that hang, with their own depth in ``z_m``.
        connections: Of the kept pixels.
        rounds: Pixels in so many rows beside a surface find it. It goes on by its slope for the first few.
        largest_change: Of inverse depth, as a share: pixels that would change by more stay out.

    Returns:
        Depth, kept pixels and connections with these pixels among them; those that touch no such surface stay out.
    """
    rows, cols = np.nonzero(between & (z_m > 0))
    if not len(rows):
        return z_m, keep, connections
    z_m, keep = z_m.copy(), keep.copy()
    connections = Connections(connections.right.copy(), connections.down.copy())
    source = np.full(z_m.shape, -1, np.int8)
    for k in range(rounds):
        inverse, number = _nearest_surface(z_m, keep, connections, rows, cols, sloped=k < _ROUNDS)
        found = (number >= 0) & (np.abs(inverse * z_m[rows, cols] - 1) <= largest_change)
        if not found.any():
            break
        pixels = rows[found], cols[found]
        z_m[pixels], source[pixels] = 1 / inverse[found], number[found]
        keep[pixels] = True
        for way in range(len(_WAYS)):
            _connect(z_m, keep, connections, pixels, source, way)
        rows, cols = rows[~found], cols[~found]
    return z_m, keep, connections


def _nearest_surface(
    z_m: FloatMap, keep: BoolMap, connections: Connections, rows: _Places, cols: _Places, *, sloped: bool
) -> tuple[NDArray[np.float32], _Places]:
    """Inverse depth of each pixel on the surface that it goes to, 1/m, and which way leads there; -1: none."""
    own: NDArray[np.float32] = np.float32(1) / z_m[rows, cols]
    inverse, least = own.copy(), np.full(len(rows), np.inf, np.float32)
    source = np.full(len(rows), -1)
    for number, way in enumerate(_WAYS):
        beside, there = _moved(keep, rows, cols, way)
        there &= keep[beside]
        beyond, exists = _moved(keep, *beside, way)
        links, link = _link(connections, beside, beyond, way)
        goes_on = exists & sloped
        goes_on[goes_on] = links[link[0][goes_on], link[1][goes_on]]
        one = np.float32(1)
        at = one / np.where(there, z_m[beside], one)
        slope = np.where(goes_on, at - one / np.where(goes_on, z_m[beyond], one), np.float32(0))
        continued = limited(at + slope, at)
        apart = np.where(there, np.abs(continued - own), np.inf)
        nearer = apart < least
        inverse[nearer], least[nearer], source[nearer] = continued[nearer], apart[nearer], number
    return inverse, source


def _connect(
    z_m: FloatMap,
    keep: BoolMap,
    connections: Connections,
    pixels: tuple[_Places, _Places],
    source: NDArray[np.int8],
    number: int,
) -> None:
    """Connects settled pixels with those of their surface in one of the ways.

    These are the one that they continue, one that continues its connected neighbour, and any of about the same depth.
    """
    way = _WAYS[number]
    beside, there = _moved(keep, *pixels, way)
    there &= keep[beside]
    links, link = _link(connections, pixels, beside, way)
    own = source[pixels]
    side_by_side = there & (own == source[beside])
    towards = np.array(_WAYS)[own]
    origin = pixels[0] + towards[:, 0], pixels[1] + towards[:, 1]
    next_origin, inside = _moved(keep, *origin, way)
    side_by_side &= inside
    _, origins_link = _link(connections, origin, next_origin, way)
    side_by_side[side_by_side] = links[origins_link[0][side_by_side], origins_link[1][side_by_side]]
    one, other = z_m[pixels], np.where(there, z_m[beside], 1)
    # |1 / a - 1 / b| < share of the larger one, with a and b in m.
    alike = np.abs(one - other) < _SAME * np.maximum(one, other)
    joined = there & ((own == number) | side_by_side | alike)
    links[link[0][joined], link[1][joined]] = True


def _link(
    connections: Connections,
    pixels: tuple[_Places, _Places],
    others: tuple[_Places, _Places],
    way: tuple[int, int],
) -> tuple[BoolMap, tuple[_Places, _Places]]:
    """The links along a direction, and the places of those between pixels and their neighbours in it."""
    links = connections.right if way[0] == 0 else connections.down
    return links, (np.minimum(pixels[0], others[0]), np.minimum(pixels[1], others[1]))


def _moved(
    keep: BoolMap, rows: _Places, cols: _Places, way: tuple[int, int]
) -> tuple[tuple[_Places, _Places], BoolMap]:
    """The pixels beside these, and which of them exist; the pixels themselves where they do not."""
    other_rows, other_cols = rows + way[0], cols + way[1]
    height, width = keep.shape
    there = (other_rows >= 0) & (other_rows < height) & (other_cols >= 0) & (other_cols < width)
    return (np.where(there, other_rows, rows), np.where(there, other_cols, cols)), there
