"""Turns the pixels of a scene into a mesh with the photo as its texture: the stages from depth to triangles."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.pixel_border import PixelBorder, pixel_border_of, whole_squares
from recon.geometry.mesh.triangulate import check_countable, chosen_triangles, extend_to_edge, faces_of
from recon.geometry.normals import grid_normals
from recon.geometry.unproject import unproject
from recon.threads import grid_blocks, run_all
from recon.types import BoolMap, Connections, FloatMap, Mesh, Rays


@dataclass(frozen=True)
class MeshGrid:
    """The input of a mesh."""

    z_m: FloatMap
    """(H, W) z-depth at the rays ``inner``, m."""
    inner: Rays
    """Rays of the pixels."""
    outer: Rays
    """The same with the outermost rays moved to the edge of the image, where the vertices are."""
    keep: BoolMap
    """(H, W) bool: which pixels are vertices."""
    connections: Connections
    """Which of these belong to the same surface as their neighbour."""
    rgb: NDArray[np.uint8]
    """(H, W, 3) uint8 sRGB."""
    u: NDArray[np.float32]
    """(W,) texture coordinate of each column of ``outer``."""
    v: NDArray[np.float32]
    """(H,) of each row, downwards."""


def grid_mesh(grid: MeshGrid) -> tuple[Mesh, PixelBorder]:
    """The triangles between connected pixels, and the border that covers the rest of the pixels' areas.

    Returns:
        The mesh, whose vertices are the kept pixels in row order, then those of the border; and the border.

    Raises:
        ValueError: The grid has more pixels than int32 can number.
    """
    height, width = grid.z_m.shape
    check_countable(width=width, height=height)
    extended = extend_to_edge(grid.z_m, grid.connections, grid.inner, grid.outer)
    chosen = np.empty((4, max(height - 1, 0), max(width - 1, 0)), np.bool_)
    run_all(partial(_choose, grid, extended, chosen, rows) for rows in grid_blocks(height - 1, width))
    index = (np.cumsum(grid.keep, dtype=np.int32) - np.int32(1)).reshape(grid.keep.shape)
    normals = _normals(grid)
    rim = pixel_border_of(extended, grid.outer, grid.connections, grid.keep, index, normals, len(normals))
    faces = _faces(chosen, index, rim)
    del chosen
    normals = np.concatenate([normals, normals[index.reshape(-1)[rim.source]]])
    return _mesh(grid, extended, faces, normals, rim), rim


def _choose(grid: MeshGrid, z_m: FloatMap, chosen: BoolMap, rows: slice) -> None:
    """Chooses the triangles in the squares below each of some rows."""
    with_next = slice(rows.start, rows.stop + 1)
    points = unproject(z_m[with_next], Rays(grid.outer.x, grid.outer.y[with_next]))
    connections = Connections(right=grid.connections.right[with_next], down=grid.connections.down[rows])
    chosen[:, rows] = chosen_triangles(points, connections) & whole_squares(connections)


def _faces(chosen: BoolMap, index: NDArray[np.int32], rim: PixelBorder) -> NDArray[np.int32]:
    pieces = list(grid_blocks(*chosen.shape[1:]))
    ends = np.cumsum([0, *(np.count_nonzero(chosen[:, rows]) for rows in pieces)]).tolist()
    faces = np.empty((ends[-1] + len(rim.faces), 3), np.int32)
    faces[ends[-1] :] = rim.faces

    def fill(rows: slice, start: int, stop: int) -> None:
        faces[start:stop] = faces_of(chosen[:, rows], index[rows.start : rows.stop + 1])

    run_all(partial(fill, *each) for each in zip(pieces, ends[:-1], ends[1:], strict=True))
    return faces


def _kept(grid: MeshGrid) -> tuple[list[tuple[slice, int, int]], int]:
    """Blocks of rows with the range of their vertices, and the total number of vertices."""
    pieces = list(grid_blocks(*grid.keep.shape))
    ends = np.cumsum([0, *(np.count_nonzero(grid.keep[rows]) for rows in pieces)]).tolist()
    return list(zip(pieces, ends[:-1], ends[1:], strict=True)), ends[-1]


def _normals(grid: MeshGrid) -> NDArray[np.float32]:
    pieces, count = _kept(grid)
    normals = np.empty((count, 3), np.float32)

    def fill(rows: slice, start: int, stop: int) -> None:
        made = grid_normals(grid.z_m, grid.inner, grid.connections, rows)
        normals[start:stop] = made[grid.keep[rows]]

    run_all(partial(fill, *each) for each in pieces)
    return normals


def _mesh(
    grid: MeshGrid, z_m: FloatMap, faces: NDArray[np.int32], normals: NDArray[np.float32], rim: PixelBorder
) -> Mesh:
    pieces, count = _kept(grid)
    total = count + len(rim.points)
    vertices, uv, rgb = np.empty((total, 3), "f4"), np.empty((total, 2), "f4"), np.empty((total, 3), "u1")

    def fill(rows: slice, start: int, stop: int) -> None:
        here, to = grid.keep[rows], slice(start, stop)
        vertices[to] = unproject(z_m[rows], Rays(grid.outer.x, grid.outer.y[rows]))[here]
        rgb[to] = grid.rgb[rows][here]
        uv[to, 0] = np.broadcast_to(grid.u, here.shape)[here]
        uv[to, 1] = np.broadcast_to(grid.v[rows, None], here.shape)[here]

    run_all(partial(fill, *each) for each in pieces)
    vertices[count:] = rim.points
    rgb[count:] = grid.rgb[np.divmod(rim.source, grid.rgb.shape[1])]
    for k, along in enumerate((grid.u, grid.v)):
        uv[count:, k] = np.interp(rim.position[:, k], np.arange(len(along)), along)
    return Mesh(vertices, faces, uv, rgb, normals)
