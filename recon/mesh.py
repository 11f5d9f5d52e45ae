"""A point map to a triangle mesh on the picture's grid, with the photo as its texture."""

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, Connections, FloatMap, Mesh, Rays


def triangulate(points: NDArray[np.float32], connections: Connections) -> NDArray[np.int32]:
    """Two triangles for each square of four connected pixels, one where an edge cuts off a corner.

    A triangle is kept where its two sides along the grid are connected. The diagonal is the one that keeps
    more triangles; where both keep as many, the shorter one in 3D.

    Args:
        points: (H, W, 3) point map, m, cam frame.
        connections: Of the same grid.

    Returns:
        (F, 3) int32 indices into the H * W pixels in row order, counter-clockwise as the camera sees them.

    Raises:
        ValueError: The grid has more pixels than int32 can number.
    """
    height, width, _ = points.shape
    if height * width > np.iinfo(np.int32).max:
        raise ValueError(f"a grid of {width}x{height} has more pixels than 32-bit indices can number")
    top, bottom = connections.right[:-1], connections.right[1:]
    left, right = connections.down[:, :-1], connections.down[:, 1:]
    falling = (left & bottom).astype(np.int8) + (top & right)
    rising = (left & top).astype(np.int8) + (bottom & right)
    use_rising = rising > falling
    undecided = (rising == falling) & (rising > 0)
    use_rising |= undecided & (
        _squared_length(points[:-1, 1:], points[1:, :-1]) < _squared_length(points[:-1, :-1], points[1:, 1:])
    )
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    tl, tr, bl, br = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    kinds = (
        (~use_rising & left & bottom, (tl, bl, br)),
        (~use_rising & top & right, (tl, br, tr)),
        (use_rising & left & top, (tl, bl, tr)),
        (use_rising & bottom & right, (bl, br, tr)),
    )
    counts = [int(np.count_nonzero(chosen)) for chosen, _ in kinds]
    faces = np.empty((sum(counts), 3), np.int32)
    start = 0
    for (chosen, corners), count in zip(kinds, counts, strict=True):
        for k, corner in enumerate(corners):
            faces[start : start + count, k] = corner[chosen]
        start += count
    return faces


def _squared_length(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    difference = a - b
    return np.asarray(np.einsum("hwi,hwi->hw", difference, difference))


def compact(
    points: NDArray[np.float32],
    faces: NDArray[np.int32],
    uv: NDArray[np.float32],
    rgb: NDArray[np.uint8],
    normals: NDArray[np.float32],
) -> Mesh:
    """A mesh of the vertices that some face uses, in row order.

    Args:
        points: (H, W, 3) point map, m, cam frame.
        faces: (F, 3) indices into the pixels.
        uv: (H, W, 2) texture coordinates.
        rgb: (H, W, 3) uint8 sRGB.
        normals: (H, W, 3) unit vectors.
    """
    height, width, _ = points.shape
    used: BoolMap = np.zeros(height * width, np.bool_)
    used[faces.reshape(-1)] = True
    renumbered = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Mesh(
        vertices=points.reshape(-1, 3)[used],
        faces=renumbered[faces],
        uv=uv.reshape(-1, 2)[used],
        rgb=np.ascontiguousarray(rgb).reshape(-1, 3)[used],
        normals=normals.reshape(-1, 3)[used],
    )


def extend_to_edge(
    z_m: FloatMap, connections: Connections, inner: Rays, outer: Rays, reach: float = 0.5
) -> FloatMap:
    """Depth of the border pixels at the picture's edge, where ``outer`` has moved their rays.

    Inverse depth goes on linearly from the neighbour inside, as it does on a plane; a border pixel that is connected
    to none keeps its depth.

    Args:
        z_m: (H, W) m, at the rays ``inner``.
        connections: Of the same grid.
        inner: The pixels' own rays.
        outer: The same with the first and the last of each axis moved to the edge.
        reach: Largest relative change of inverse depth, so that a steep border does not run to infinity.

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
            moved = near + np.clip(slope * (new[at] - old[at]), -reach * near, reach * near)
            depth[at, link] = 1 / moved
    return extended


def border_to_edge(positions_px: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Grid positions along one axis with the first and the last moved to the picture's edge.

    The outermost positions lie inside the picture, by half a pixel or, with a stride, by more; moved out, the mesh
    covers all of the photo.

    Args:
        positions_px: (N,) rising positions, px.
        count: Size of the picture along the axis, px.
    """
    moved = positions_px.copy()
    moved[0], moved[-1] = (0.0, float(count)) if len(moved) > 1 else (positions_px[0], positions_px[0])
    return moved
