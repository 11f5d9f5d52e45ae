"""Surface normals of a depth map, from the grid itself: no neighbour search."""

import numpy as np
from numpy.typing import NDArray

from recon.threads import grid_blocks
from recon.types import Connections, FloatMap, Rays


def grid_normals(
    z_m: FloatMap, rays: Rays, connections: Connections, wanted: slice | None = None
) -> NDArray[np.float32]:
    """Normals from the slope of inverse depth towards connected neighbours; never across a depth edge.

    A plane ``n . p = d`` has ``1/z = (n . (x, y, 1)) / d`` along the ray (x, y, 1), so with w = 1/z its normal is
    ``(dw/dx, dw/dy, w - x dw/dx - y dw/dy)`` up to length: exact for planes, however steep.

    Args:
        z_m: (H, W) z-depth, m.
        rays: Of the same grid.
        connections: Which neighbours belong to the same surface.
        wanted: The rows to compute; None for all.

    Returns:
        (H, W, 3) float32, for the wanted rows: unit vectors that face the camera, cam frame. If no neighbour is
        connected along an axis, depth is assumed constant along it. Undefined for pixels that are not usable.
    """
    height, width = z_m.shape
    start, stop, _ = (wanted or slice(None)).indices(height)
    normals = np.empty((stop - start, width, 3), np.float32)
    step_x, step_y = np.diff(rays.x), np.diff(rays.y)[:, None]
    for block_rows in grid_blocks(stop - start, width):
        top = start + block_rows.start
        rows = slice(top, start + block_rows.stop)
        # One extra row above and below, for the differences along the columns.
        first, last = max(top - 1, 0), min(rows.stop + 1, height)
        inverse = np.zeros((last - first, width), np.float32)
        np.divide(1.0, z_m[first:last], out=inverse, where=z_m[first:last] > 0)
        inner = slice(top - first, rows.stop - first)

        right = connections.right[rows]
        rise, run = np.zeros((2, rows.stop - top, width), np.float32)
        _add(rise, np.diff(inverse[inner], axis=1) * right, axis=1)
        _add(run, step_x * right, axis=1)
        slope_x = _ratio(rise, run)

        down = connections.down[first : last - 1]
        rise, run = np.zeros((2, last - first, width), np.float32)
        _add(rise, np.diff(inverse, axis=0) * down, axis=0)
        _add(run, step_y[first : last - 1] * down, axis=0)
        slope_y = _ratio(rise[inner], run[inner])

        block = normals[block_rows]
        block[..., 0] = slope_x
        block[..., 1] = slope_y
        block[..., 2] = inverse[inner] - rays.x * slope_x - rays.y[rows, None] * slope_y
        length = np.sqrt(block[..., 0] ** 2 + block[..., 1] ** 2 + block[..., 2] ** 2)
        # n . p = 1 > 0 as computed, so the normal points away from the camera and is negated.
        np.divide(block, -np.maximum(length, np.float32(1e-30))[..., None], out=block)
    return normals


def _add(total: FloatMap, per_link: NDArray[np.float32], axis: int) -> None:
    """Adds the value of each link to both of its pixels."""
    first, second = (total[:-1], total[1:]) if axis == 0 else (total[:, :-1], total[:, 1:])
    first += per_link
    second += per_link


def _ratio(rise: FloatMap, run: FloatMap) -> FloatMap:
    np.divide(rise, run, out=rise, where=run > 0)
    return rise
