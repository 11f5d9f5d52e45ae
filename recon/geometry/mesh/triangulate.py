"""Triangles on the image grid."""

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.continuation import limited
from recon.types import BoolMap, Connections, FloatMap, Rays


def triangulate(points: NDArray[np.float32], connections: Connections) -> NDArray[np.int32]:
    """Two triangles per square of four connected pixels, one if a depth edge cuts off a corner.

    Args:
        points: (H, W, 3) point map, m, cam frame.
        connections: Of the same grid.

    Returns:
        (F, 3) int32 indices into the H * W pixels in row order, counter-clockwise as the camera sees them.

    Raises:
        ValueError: The grid has more pixels than int32 can number.
    """
    height, width, _ = points.shape
    check_countable(width=width, height=height)
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    return faces_of(chosen_triangles(points, connections), index)


def check_countable(*, width: int, height: int) -> None:
    """Raises ValueError if a grid has more pixels than int32 can number."""
    if height * width > np.iinfo(np.int32).max:
        raise ValueError(f"a grid of {width}x{height} has more pixels than 32-bit indices can number")


def chosen_triangles(points: NDArray[np.float32], connections: Connections) -> BoolMap:
    """Chooses which of the four triangles with three corners of a square become faces.

    A triangle is kept if its two sides along the grid are connected. The diagonal is the one that keeps more
    triangles; if both keep the same number, the shorter one in 3D.

    Args:
        points: (H, W, 3) point map, m, cam frame.
        connections: Of the same grid.

    Returns:
        (4, H - 1, W - 1) bool: the triangles without the top right, the bottom left, the bottom right and the top
        left corner of each square.
    """
    top, bottom = connections.right[:-1], connections.right[1:]
    left, right = connections.down[:, :-1], connections.down[:, 1:]
    kept = np.stack([left & bottom, top & right, left & top, bottom & right])
    falling = kept[0].view(np.int8) + kept[1].view(np.int8)
    rising = kept[2].view(np.int8) + kept[3].view(np.int8)
    use_rising = _squared_length(points[:-1, 1:], points[1:, :-1]) < _squared_length(
        points[:-1, :-1], points[1:, 1:]
    )
    use_rising &= rising == falling
    use_rising |= rising > falling
    kept[2:] &= use_rising
    kept[:2] &= ~use_rising
    return kept


def faces_of(chosen: BoolMap, index: NDArray[np.int32]) -> NDArray[np.int32]:
    """The triangles, counter-clockwise as the camera sees them.

    Args:
        chosen: (4, H - 1, W - 1), from ``chosen_triangles``.
        index: (H, W) number of each pixel.

    Returns:
        (F, 3) int32 numbers.
    """
    counts = [int(np.count_nonzero(kind)) for kind in chosen]
    faces = np.empty((sum(counts), 3), np.int32)
    tl, tr, bl, br = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    corners_of = ((tl, bl, br), (tl, br, tr), (tl, bl, tr), (bl, br, tr))
    start = 0
    for kind, corners, count in zip(chosen, corners_of, counts, strict=True):
        for k, corner in enumerate(corners):
            faces[start : start + count, k] = corner[kind]
        start += count
    return faces


def _squared_length(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = a - b
    return np.asarray(np.einsum("hwi,hwi->hw", difference, difference))


def extend_to_edge(z_m: FloatMap, connections: Connections, inner: Rays, outer: Rays) -> FloatMap:
    """Depth of the outermost pixels at the edge of the image, to which ``outer`` moves their rays.

    Inverse depth is extrapolated linearly from the inner neighbour, as on a plane; an outermost pixel without a
    connected neighbour keeps its depth.

    Args:
        z_m: (H, W) m, at the rays ``inner``.
        connections: Of the same grid.
        inner: The pixels' own rays.
        outer: The same with the first and the last of each axis moved to the edge.

    Returns:
        (H, W) float32, m.
    """
    extended = z_m.copy()
    for axis, (old, new) in enumerate(((inner.y, outer.y), (inner.x, outer.x))):
        if len(old) < 2:
            continue
        depth = extended if axis == 0 else extended.T
        linked = connections.down if axis == 0 else connections.right.T
        for at, inside in ((0, 1), (-1, -2)):
            link = linked[at] & (depth[at] > 0) & (depth[inside] > 0)
            near, next_one = 1 / depth[at][link], 1 / depth[inside][link]
            slope = (near - next_one) / (old[at] - old[inside])
            depth[at, link] = 1 / limited(near + slope * (new[at] - old[at]), near)
    return extended


def border_to_edge(positions_px: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Grid positions along one axis with the first and the last moved to the edge of the image.

    The outermost positions are inside the image by half a pixel or, with a stride, more; moving them makes the mesh
    cover the whole photo.

    Args:
        positions_px: (N,) ascending positions, px.
        count: Size of the image along the axis, px.
    """
    moved = positions_px.copy()
    moved[0], moved[-1] = (0.0, float(count)) if len(moved) > 1 else (positions_px[0], positions_px[0])
    return moved
