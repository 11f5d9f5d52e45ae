"""The border of a surface: triangles from the centres of its outermost pixels to the edges of these pixels.

The triangles of a grid end at the centres of its outermost pixels. Without a border, every cut would be a gap one
pixel
wide in the view of the photo's camera; with it, each pixel covers exactly its own area. The square between four
pixels of one surface is complete; a square cut by an edge is split into quarters, one per pixel, each in that pixel's
tangent plane.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.continuation import limited
from recon.types import BoolMap, Connections, FloatMap, Rays

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""Right, down, left, up, in rows and columns."""
_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))
"""Corners of a square: top left, top right, bottom right, bottom left. Side k goes from corner k to the next."""


@dataclass(frozen=True)
class PixelBorder:
    """Vertices and triangles that are added to those of the grid."""

    points: Floats
    """(N, 3) m, cam frame."""
    source: Ints
    """(N,) pixel, in row order, from which each takes its colour and normal."""
    position: Floats
    """(N, 2) column and row on the grid, in multiples of 0.5."""
    faces: NDArray[np.int32]
    """(F, 3) indices: those of pixels as given, those of the border starting at ``first``."""

    def inverse_between(self, *, width: int, height: int) -> FloatMap:
        """(2 H - 1, 2 W - 1) inverse depth at pixels and halfway between them, 1/m; infinite outside the border.

        Of several vertices at one place, the farthest is used.
        """
        least = np.full((2 * height - 1, 2 * width - 1), np.inf, np.float32)
        cols, rows = np.rint(2 * self.position).astype(np.intp).T
        np.minimum.at(least, (rows, cols), 1 / self.points[:, 2])
        return least


def whole_squares(connections: Connections) -> BoolMap:
    """(H - 1, W - 1) bool: complete squares, whose four sides are connected."""
    right, down = connections.right, connections.down
    whole = right[:-1] & right[1:]
    whole &= down[:, :-1]
    whole &= down[:, 1:]
    return whole


def pixel_border_of(
    z_m: FloatMap,
    rays: Rays,
    connections: Connections,
    keep: BoolMap,
    index: NDArray[np.int32],
    normals: Floats,
    first: int,
) -> PixelBorder:
    """Splits the squares that are not complete.

    Args:
        z_m: (H, W) m.
        rays: Of the same grid.
        connections: Which neighbours belong to one surface.
        keep: (H, W) bool, the pixels that are vertices.
        index: (H, W) index of each kept pixel among the vertices.
        normals: (V, 3) of these vertices, cam frame.
        first: Index of the border's first vertex.
    """
    squares = ~whole_squares(connections)
    squares &= keep[:-1, :-1] | keep[:-1, 1:] | keep[1:, :-1] | keep[1:, 1:]
    rows, cols = np.nonzero(squares)
    made = _Made(z_m, rays, index, normals, first)
    corner = np.stack([keep[rows + r, cols + c] for r, c in _CORNERS])
    linked = np.stack(
        [
            connections.right[rows, cols],
            connections.down[rows, cols + 1],
            connections.right[rows + 1, cols],
            connections.down[rows, cols],
        ]
    )
    centre = _centres(made, rows, cols, corner, linked)
    middle = _middles(made, connections, keep)
    faces = list(_faces(index, rows, cols, corner, linked, centre, middle))
    return PixelBorder(
        points=np.concatenate(made.points),
        source=np.concatenate(made.source),
        position=np.concatenate(made.position),
        faces=np.concatenate(faces).astype(np.int32),
    )


class _Made:
    """Collects the vertices of the border."""

    def __init__(
        self, z_m: FloatMap, rays: Rays, index: NDArray[np.int32], normals: Floats, first: int
    ) -> None:
        self.z_m, self.rays, self.index, self.normals = z_m, rays, index, normals
        self.count = first
        self.points: list[Floats] = []
        self.source: list[Ints] = []
        self.position: list[Floats] = []

    def ray(self, rows: Floats, cols: Floats) -> Floats:
        """(N, 3) rays of z = 1 through positions on the grid."""
        x = np.interp(cols, np.arange(len(self.rays.x)), self.rays.x)
        y = np.interp(rows, np.arange(len(self.rays.y)), self.rays.y)
        return np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32)

    def inverse(self, rows: Ints, cols: Ints, ray: Floats) -> Floats:
        """(N,) inverse depth of the intersections of pixels' tangent planes with other rays, 1/m."""
        normal = self.normals[self.index[rows, cols]]
        own = normal[:, 0] * self.rays.x[cols] + normal[:, 1] * self.rays.y[rows] + normal[:, 2]
        ratio = np.einsum("ni,ni->n", normal, ray) / np.minimum(own, np.float32(-1e-6))
        return limited(ratio, np.float32(1)) / self.z_m[rows, cols]

    def add(self, rows: Ints, cols: Ints, at: tuple[Floats, Floats], ray: Floats, inverse: Floats) -> Ints:
        """Adds vertices, and returns their indices."""
        self.points.append(ray / inverse[:, None])
        self.source.append(rows * self.z_m.shape[1] + cols)
        self.position.append(np.stack([at[1], at[0]], axis=1))
        start, self.count = self.count, self.count + len(rows)
        return np.arange(start, self.count)


def _centres(made: _Made, rows: Ints, cols: Ints, corner: BoolMap, linked: BoolMap) -> Ints:
    """(4, N) index of the vertex at the centre of each square for each corner; connected corners share one."""
    # The first of the connected corners, in order around the square: at most three sides are connected.
    group = np.tile(np.arange(4)[:, None], (1, len(rows)))
    for _ in range(3):
        for side in range(4):
            a, b = side, (side + 1) % 4
            least = np.minimum(group[a], group[b])
            group[a] = np.where(linked[side], least, group[a])
            group[b] = np.where(linked[side], least, group[b])
    at = rows.astype(np.float32) + np.float32(0.5), cols.astype(np.float32) + np.float32(0.5)
    ray = made.ray(*at)
    total, members = np.zeros((2, 4, len(rows)), np.float32)
    for k, (r, c) in enumerate(_CORNERS):
        here = np.flatnonzero(corner[k])
        inverse = made.inverse(rows[here] + r, cols[here] + c, ray[here])
        total[group[k, here], here] += inverse
        members[group[k, here], here] += 1
    number = np.full((4, len(rows)), -1)
    for k, (r, c) in enumerate(_CORNERS):
        here = np.flatnonzero(members[k])
        mean = total[k, here] / members[k, here]
        number[k, here] = made.add(
            rows[here] + r, cols[here] + c, (at[0][here], at[1][here]), ray[here], mean
        )
    return np.take_along_axis(number, group, axis=0)


def _middles(made: _Made, connections: Connections, keep: BoolMap) -> list[NDArray[np.int32]]:
    """For each of ``_STEPS``: (H, W) index of the vertex halfway to a neighbour across a cut."""
    numbers = []
    for row_step, col_step in _STEPS:
        links = connections.down if row_step else connections.right
        before = (slice(None, -1), slice(None)) if row_step else (slice(None), slice(None, -1))
        after = (slice(1, None), slice(None)) if row_step else (slice(None), slice(1, None))
        here = before if row_step + col_step > 0 else after
        # None towards the edge of the image.
        cut = np.zeros_like(keep)
        cut[here] = keep[here] & ~links
        rows, cols = np.nonzero(cut)
        at = (
            (rows + np.float32(row_step / 2)).astype(np.float32),
            (cols + np.float32(col_step / 2)).astype(np.float32),
        )
        ray = made.ray(*at)
        number = np.full(cut.shape, -1, np.int32)
        number[rows, cols] = made.add(rows, cols, at, ray, made.inverse(rows, cols, ray))
        numbers.append(number)
    return numbers


def _faces(
    index: NDArray[np.int32],
    rows: Ints,
    cols: Ints,
    corner: BoolMap,
    linked: BoolMap,
    centre: Ints,
    middle: list[NDArray[np.int32]],
) -> Iterator[Ints]:
    """Per side: a triangle to the centre if the side is connected, otherwise each corner's half of it."""
    yield np.zeros((0, 3), np.int64)
    for side in range(4):
        a, b = side, (side + 1) % 4
        at_a = rows + _CORNERS[a][0], cols + _CORNERS[a][1]
        at_b = rows + _CORNERS[b][0], cols + _CORNERS[b][1]
        whole = linked[side]
        yield np.stack([index[at_a], centre[a], index[at_b]], axis=1)[whole]
        half = corner[a] & ~whole
        # Around the square, side k points in direction k.
        yield np.stack([index[at_a], centre[a], middle[side][at_a]], axis=1)[half]
        half = corner[b] & ~whole
        yield np.stack([middle[(side + 2) % 4][at_b], centre[b], index[at_b]], axis=1)[half]
