"""Moves the flying pixels of a mesh onto adjacent surfaces.

A flying pixel lies between two surfaces because its depth is a mixture of both. A point cloud simply omits it; in a
mesh that would leave a hole along every outline. Its colour is valid, so it gets the depth of one of the two
surfaces.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.continuation import limited
from recon.types import BoolMap, Connections, FloatMap

_DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))
_ROUNDS = 3
"""Maximum width of the band of flying pixels along an outline, px; the default number of rounds."""
_SAME = 0.01
"""Neighbours whose inverse depths differ by less than this fraction belong to the same surface."""

_Places = NDArray[np.intp]


def snap_to_surfaces(
    z_m: FloatMap,
    keep: BoolMap,
    between: BoolMap,
    connections: Connections,
    *,
    rounds: int = _ROUNDS,
    largest_change: float = inf,
) -> tuple[FloatMap, BoolMap, Connections]:
    """Moves each flying pixel onto one of the surfaces that it touches.

    Each adjacent surface is extrapolated to the pixel by its slope in inverse depth; the one closest to the pixel's
    own inverse depth is chosen.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: pixels of the surfaces.
        between: (H, W) bool: the flying pixels; ``z_m`` holds their original depth.
        connections: Connections of the kept pixels.
        rounds: Each round moves the pixels that touch a surface, so this is the maximum distance from it, px. Only
        the
            first ``_ROUNDS`` rounds extrapolate the slope; the later ones repeat the neighbour's depth.
        largest_change: Maximum relative change of a pixel's inverse depth.

    Returns:
        Depth, kept pixels and connections that include the moved pixels. Pixels without a suitable surface stay
        removed.
    """
    rows, cols = np.nonzero(between & (z_m > 0))
    if not len(rows):
        return z_m, keep, connections
    z_m, keep = z_m.copy(), keep.copy()
    connections = Connections(connections.right.copy(), connections.down.copy())
    source = np.full(z_m.shape, -1, np.int8)
    for k in range(rounds):
        inverse, number = _nearest_surface(z_m, keep, connections, rows, cols, sloped=k < _ROUNDS)
        snapped = (number >= 0) & (np.abs(inverse * z_m[rows, cols] - 1) <= largest_change)
        if not snapped.any():
            break
        pixels = rows[snapped], cols[snapped]
        z_m[pixels], source[pixels] = 1 / inverse[snapped], number[snapped]
        keep[pixels] = True
        for direction in range(len(_DIRECTIONS)):
            _connect(z_m, keep, connections, pixels, source, direction)
        rows, cols = rows[~snapped], cols[~snapped]
    return z_m, keep, connections


def _nearest_surface(
    z_m: FloatMap, keep: BoolMap, connections: Connections, rows: _Places, cols: _Places, *, sloped: bool
) -> tuple[NDArray[np.float32], _Places]:
    """Inverse depth of each pixel on its chosen surface, 1/m, and the direction of that surface (-1: none)."""
    own: NDArray[np.float32] = np.float32(1) / z_m[rows, cols]
    inverse, least = own.copy(), np.full(len(rows), np.inf, np.float32)
    source = np.full(len(rows), -1)
    for number, direction in enumerate(_DIRECTIONS):
        neighbours, usable = _shifted(keep, rows, cols, direction)
        usable &= keep[neighbours]
        beyond, beyond_exists = _shifted(keep, *neighbours, direction)
        links, link = _link(connections, neighbours, beyond, direction)
        sloping = beyond_exists & sloped
        sloping[sloping] = links[link[0][sloping], link[1][sloping]]
        one = np.float32(1)
        at = one / np.where(usable, z_m[neighbours], one)
        slope = np.where(sloping, at - one / np.where(sloping, z_m[beyond], one), np.float32(0))
        continued = limited(at + slope, at)
        distance = np.where(usable, np.abs(continued - own), np.inf)
        nearer = distance < least
        inverse[nearer], least[nearer], source[nearer] = continued[nearer], distance[nearer], number
    return inverse, source


def _connect(
    z_m: FloatMap,
    keep: BoolMap,
    connections: Connections,
    pixels: tuple[_Places, _Places],
    source: NDArray[np.int8],
    number: int,
) -> None:
    """Connects moved pixels with their neighbours in one direction, where both belong to the same surface.

    That is the case if the pixel was extrapolated from the neighbour, if both were extrapolated from two connected
    pixels, or if their depths are nearly equal.
    """
    direction = _DIRECTIONS[number]
    neighbours, usable = _shifted(keep, *pixels, direction)
    usable &= keep[neighbours]
    links, link = _link(connections, pixels, neighbours, direction)
    own = source[pixels]
    same_origin = usable & (own == source[neighbours])
    towards = np.array(_DIRECTIONS)[own]
    origin = pixels[0] + towards[:, 0], pixels[1] + towards[:, 1]
    next_origin, inside = _shifted(keep, *origin, direction)
    same_origin &= inside
    _, origins_link = _link(connections, origin, next_origin, direction)
    same_origin[same_origin] = links[origins_link[0][same_origin], origins_link[1][same_origin]]
    one, other = z_m[pixels], np.where(usable, z_m[neighbours], 1)
    # |1 / a - 1 / b| < share of the larger one, with a and b in m.
    alike = np.abs(one - other) < _SAME * np.maximum(one, other)
    joined = usable & ((own == number) | same_origin | alike)
    links[link[0][joined], link[1][joined]] = True


def _link(
    connections: Connections,
    pixels: tuple[_Places, _Places],
    others: tuple[_Places, _Places],
    direction: tuple[int, int],
) -> tuple[BoolMap, tuple[_Places, _Places]]:
    """The array of links along a direction, and the indices of the links between pixels and their neighbours."""
    links = connections.right if direction[0] == 0 else connections.down
    return links, (np.minimum(pixels[0], others[0]), np.minimum(pixels[1], others[1]))


def _shifted(
    keep: BoolMap, rows: _Places, cols: _Places, direction: tuple[int, int]
) -> tuple[tuple[_Places, _Places], BoolMap]:
    """The adjacent pixels in a direction, and which of them exist; where not, the pixels themselves."""
    other_rows, other_cols = rows + direction[0], cols + direction[1]
    height, width = keep.shape
    inside = (other_rows >= 0) & (other_rows < height) & (other_cols >= 0) & (other_cols < width)
    return (np.where(inside, other_rows, rows), np.where(inside, other_cols, cols)), inside
