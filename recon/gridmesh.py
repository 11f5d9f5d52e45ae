"""A scene's pixels as a mesh that the photo is the texture of: the stages from depth to triangles, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recon.mesh import check_countable, chosen_triangles, corners_used, extend_to_edge, faces_of
from recon.normals import grid_normals
from recon.parallel import run_all
from recon.types import BoolMap, Connections, FloatMap, Mesh, Rays
from recon.unproject import unproject

# Pixels that are worked on at a time, so that what is made of them stays in the cache.
_PIECE_PIXELS = 1 << 16


@dataclass(frozen=True)
class MeshGrid:
    """What a mesh is made of."""

    z_m: FloatMap
    """(H, W) z-depth at the rays ``inner``, m."""
    inner: Rays
    """Of the pixels themselves."""
    outer: Rays
    """The same with those of the border moved to the picture's edge, where the vertices are."""
    connections: Connections
    """Which neighbours belong to the same surface."""
    rgb: NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB."""
    u: NDArray[np.float32]
    """(W,) texture coordinate of each column of ``outer``."""
    v: NDArray[np.float32]
    """(H,) of each row, downwards."""


def grid_mesh(grid: MeshGrid) -> Mesh:
    """The triangles between connected pixels, and the vertices that some triangle uses, in row order.

    Raises:
        ValueError: The grid has more pixels than int32 can number.
    """
    height, width = grid.z_m.shape
    check_countable(width=width, height=height)
    extended = extend_to_edge(grid.z_m, grid.connections, grid.inner, grid.outer)
    chosen = np.empty((4, max(height - 1, 0), max(width - 1, 0)), np.bool_)
    run_all(partial(_choose, grid, extended, chosen, rows) for rows in _pieces(height - 1, width))
    used = corners_used(chosen)
    index = (np.cumsum(used, dtype=np.int32) - np.int32(1)).reshape(used.shape)
    return _mesh(grid, extended, used, _faces(chosen, index))


def _pieces(height: int, width: int) -> Iterator[slice]:
    step = max(1, _PIECE_PIXELS // max(width, 1))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _choose(grid: MeshGrid, z_m: FloatMap, chosen: BoolMap, rows: slice) -> None:
    """Fills the squares below each of some rows."""
    with_next = slice(rows.start, rows.stop + 1)
    points = unproject(z_m[with_next], Rays(grid.outer.x, grid.outer.y[with_next]))
    connections = Connections(right=grid.connections.right[with_next], down=grid.connections.down[rows])
    chosen[:, rows] = chosen_triangles(points, connections)


def _faces(chosen: BoolMap, index: NDArray[np.int32]) -> NDArray[np.int32]:
    pieces = list(_pieces(*chosen.shape[1:]))
    ends = np.cumsum([0, *(np.count_nonzero(chosen[:, rows]) for rows in pieces)]).tolist()
    faces = np.empty((ends[-1], 3), np.int32)

    def fill(rows: slice, start: int, stop: int) -> None:
        faces[start:stop] = faces_of(chosen[:, rows], index[rows.start : rows.stop + 1])

    run_all(partial(fill, *each) for each in zip(pieces, ends[:-1], ends[1:], strict=True))
    return faces


def _mesh(grid: MeshGrid, z_m: FloatMap, used: BoolMap, faces: NDArray[np.int32]) -> Mesh:
    pieces = list(_pieces(*used.shape))
    ends = np.cumsum([0, *(np.count_nonzero(used[rows]) for rows in pieces)]).tolist()
    count = ends[-1]
    vertices, normals = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    uv, rgb = np.empty((count, 2), np.float32), np.empty((count, 3), np.uint8)

    def fill(rows: slice, start: int, stop: int) -> None:
        here, to = used[rows], slice(start, stop)
        vertices[to] = unproject(z_m[rows], Rays(grid.outer.x, grid.outer.y[rows]))[here]
        normals[to] = grid_normals(grid.z_m, grid.inner, grid.connections, rows)[here]
        rgb[to] = grid.rgb[rows][here]
        uv[to, 0] = np.broadcast_to(grid.u, here.shape)[here]
        uv[to, 1] = np.broadcast_to(grid.v[rows, None], here.shape)[here]

    run_all(partial(fill, *each) for each in zip(pieces, ends[:-1], ends[1:], strict=True))
    return Mesh(vertices, faces, uv, rgb, normals)
