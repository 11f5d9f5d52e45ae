"""Simplifies a mesh by quadric error metrics (Garland and Heckbert, SIGGRAPH 1997) with fast-simplification.

The view from the photo's camera must not change, but the decimator does not know that camera. Four measures ensure
it. For a number of faces, errors are measured in the coordinates of the picture and inverse depth. An outline with
few edges is kept unchanged; otherwise it is held by a curtain, a strip of triangles attached to it that extends away
from the camera along the lines of sight, so that moving the outline sideways costs as much as bending a surface.
Texture coordinates are recomputed as the projection of the remaining vertices. And a long, slanted triangle is split
again if its texture would slip (texture coordinates are interpolated linearly on the triangle, which is not linear in
the image).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import Mesh

Points = NDArray[np.float64]
Faces = NDArray[np.int32]

LARGEST_SLIP = 0.1
"""Largest displacement of the texture inside a triangle, in steps of the mesh's grid (px for stride 1)."""

# A surface moves by this fraction of the median distance where an outline moves by one step of the grid.
_DEPTH_PER_STEP = 0.02
# The first error to try, as a tangent of the angle of sight, and its growth factor.
_FIRST_ERROR, _GROWTH = 1e-5, 2.0
# Acceptable number of faces, as a fraction of the requested number, and the number of bisection steps to reach it.
_NEAR, _HALVINGS = 0.95, 6
# An outline with fewer edges than this fraction of the requested faces is kept vertex by vertex.
_OUTLINE_SHARE = 1 / 3
# Minimum fraction of the requested faces for the shape; the rest is for splitting triangles whose texture slips.
_FOR_SHAPE = 0.6
# Fraction of the remaining error that each round uses: 60 %, 24 %, 10 %, ...; each round starts from the current
# surface.
_SPENT = 0.6
# Largest deviation of texture coordinates from the projection of their vertices.
_UV_TOLERANCE = 1e-4


def simplify(mesh: Mesh, faces: int | None = None, error_m: float | None = None) -> Mesh:
    """Simplifies a mesh that was made from a photo.

    Args:
        mesh: In the cam frame, with z > 0; its ``uv``, if any, are the projection of its vertices into the photo.
        faces: The largest number of triangles, at least 4.
        error_m: Alternative to ``faces``: the largest displacement of the surface, m. Each vertex stays within this
            distance of the planes of all triangles that it replaces.

    Returns:
        A mesh of at most ``faces`` triangles, or as few as the separate pieces of the mesh allow; counter-clockwise
        as seen from the camera. Colours and normals are those of the nearest input vertex.

    Raises:
        ValueError: Neither or both of ``faces`` and ``error_m``, a value that is too small, or ``uv`` that are not
        the
            projection.
    """
    if (faces is None) == (error_m is None):
        raise ValueError("give one of faces and error_m")
    if faces is not None and faces < 4:
        raise ValueError(f"faces must be 4 or more, got {faces}")
    if error_m is not None and not error_m > 0:
        raise ValueError(f"error_m must be positive, got {error_m}")
    if not len(mesh.faces) or (faces is not None and len(mesh.faces) <= faces):
        return mesh
    lens = None if mesh.uv is None else _Lens.of(mesh.vertices, mesh.uv, mesh.faces)
    shape = _Shape(mesh.vertices.astype(np.float64), mesh.faces)
    if error_m is not None:
        smaller = _split(_front_facing(_within(shape, error_m)), lens, None)
    else:
        assert faces is not None
        smaller = _at_most(shape, faces, lens)
    return _with_attributes(mesh, smaller, lens)


@dataclass(frozen=True)
class _Shape:
    points: Points
    """(V, 3) m, cam frame."""
    faces: Faces
    """(F, 3)."""


@dataclass(frozen=True)
class _Lens:
    """Texture coordinates of a point: ``u = scale[0] * x / z + shift[0]``, and likewise for v and y."""

    scale: NDArray[np.float64]
    shift: NDArray[np.float64]
    largest_slip: float
    """In texture coordinates."""

    @classmethod
    def of(cls, vertices: NDArray[np.float32], uv: NDArray[np.float32], faces: Faces) -> "_Lens":
        """Recovers the camera of the texture coordinates from the mesh itself."""
        rays = vertices[:, :2].astype(np.float64) / vertices[:, 2:]
        spread = np.maximum(rays.var(axis=0), 1e-30)
        centred = uv - uv.mean(axis=0, dtype=np.float64)
        scale = (centred * (rays - rays.mean(axis=0))).mean(axis=0) / spread
        shift = uv.mean(axis=0, dtype=np.float64) - scale * rays.mean(axis=0)
        lens = cls(scale, shift, LARGEST_SLIP * _grid_step(uv, faces))
        if np.abs(rays * lens.scale + lens.shift - uv).max() > _UV_TOLERANCE:
            raise ValueError("uv: expected the projection of the vertices into the photo")
        return lens

    def uv(self, points: Points) -> NDArray[np.float64]:
        """(V, 2)."""
        return np.asarray(points[:, :2] / points[:, 2:] * self.scale + self.shift)

    def inside(self, points: Points) -> Points:
        """Moves points slightly outside the photo back to its edge."""
        uv = self.uv(points)
        out = ((uv < 0) | (uv > 1)).any(axis=1)
        points = points.copy()
        points[out, :2] = (np.clip(uv[out], 0, 1) - self.shift) / self.scale * points[out, 2:]
        return points


def _grid_step(at: NDArray[np.floating], faces: Faces) -> float:
    """Distance of neighbours on the mesh's grid, in the unit of ``at`` (V, 2)."""
    # Every triangle of a grid has its shortest side along a row or a column.
    some = at[faces[:: max(1, len(faces) // 10_000)]]
    return float(np.median(np.linalg.norm(some - np.roll(some, 1, axis=1), axis=2).min(axis=1)))


def _at_most(shape: _Shape, most: int, lens: _Lens | None) -> _Shape:
    """Simplifies to at most ``most`` faces, including those from splitting."""
    target, least = most, int(_FOR_SHAPE * most)
    # Of the full mesh: later ones have no grid.
    view = _View.of(shape)
    while True:
        shape = _front_facing(_down_to(shape, target, view))
        if len(shape.faces) > target:
            return shape
        split = _split(shape, lens, None)
        if len(split.faces) <= most:
            return split
        if target <= least:
            # Too few faces for a long floor: the shape has priority; the rest is used where the texture slips most.
            return _split(shape, lens, most)
        target = max(least, int(0.98 * target * most / len(split.faces)))


def _down_to(shape: _Shape, target: int, view: "_View") -> _Shape:
    """Decimates to ``target`` faces or slightly fewer; leaves more if the mesh has too many separate pieces."""
    if len(shape.faces) <= target:
        return shape
    shape = _Shape(view.seen(shape.points), shape.faces)
    if len(_outline(shape.faces, len(shape.points))) <= _OUTLINE_SHARE * target:
        from fast_simplification import simplify as decimate  # type: ignore[import-untyped]

        shape = _compact(*decimate(shape.points, shape.faces, target_count=target, preserve_border=True))
    if len(shape.faces) > target:
        shape = _with_growing_error(shape, target)
    return _Shape(view.in_space(shape.points), shape.faces)


@dataclass(frozen=True)
class _View:
    """Coordinates as the photo's camera sees them: the ray ``x / z, y / z``, and inverse depth as the third.

    Planes stay planes, so that the decimator can measure its errors here: along an outline they open gaps in the
    picture, however near the outline is.
    """

    weight_m: float
    """Of inverse depth."""
    near: float
    """Lowest third coordinate."""
    far: float
    """Highest third coordinate."""

    @classmethod
    def of(cls, shape: _Shape) -> "_View":
        z_m = shape.points[:, 2]
        step = _grid_step(shape.points[:, :2] / z_m[:, None], shape.faces)
        weight_m = step / _DEPTH_PER_STEP * float(np.median(z_m))
        return cls(weight_m, -weight_m / float(z_m.min()), -weight_m / float(z_m.max()))

    def seen(self, points: Points) -> Points:
        return np.column_stack([points[:, :2], np.full(len(points), -self.weight_m)]) / points[:, 2:]

    def in_space(self, seen: Points) -> Points:
        z_m = -self.weight_m / np.clip(seen[:, 2:], self.near, self.far)
        return np.concatenate([seen[:, :2] * z_m, z_m], axis=1)


def _with_growing_error(shape: _Shape, target: int) -> _Shape:
    """Decimates with approximately the smallest error in ``_View`` that reaches ``target`` faces."""

    def smaller(error: float) -> _Shape:
        return _hung(shape, _outline(shape.faces, len(shape.points)), _lossless(error), _backwards)

    error = _FIRST_ERROR
    while len((found := smaller(error)).faces) > target:
        # The next step continues from this mesh, which is faster.
        shape, error = found, error * _GROWTH
        if error > 1:
            return shape
    low, high = 0.1 * error, error
    for _ in range(_HALVINGS):
        if len(found.faces) > _NEAR * target:
            break
        middle = (low * high) ** 0.5
        tried = smaller(middle)
        if len(tried.faces) > target:
            low = middle
        else:
            found, high = tried, middle
    return found


def _within(shape: _Shape, error_m: float) -> _Shape:
    """Decimates as far as the error allows, and at least one face is left."""
    # An error of more than the size of the mesh allows no more, and makes the numbers too small to compute with.
    error_m = min(error_m, float(np.linalg.norm(np.ptp(shape.points, axis=0))))
    before = 2 * len(shape.faces)
    # Until a round removes almost nothing.
    while len(shape.faces) <= 0.98 * before:
        before = len(shape.faces)
        run = _lossless(_SPENT * error_m)
        smaller = _hung(shape, _outline(shape.faces, len(shape.points)), run, _along_rays)
        if not len(smaller.faces):
            return shape
        shape, error_m = smaller, error_m * (1 - _SPENT)
    return shape


def _lossless(error: float) -> Callable[[Points, Faces], tuple[Points, Faces]]:
    # The decimator's lossless mode collapses edges while the sum of squared distances to the planes is below the
    # float64 epsilon in the unit of the mesh: so the mesh is scaled such that epsilon corresponds to the allowed
    # error.
    unit = float(np.finfo(np.float64).eps) ** 0.5 / error

    def run(points: Points, faces: Faces) -> tuple[Points, Faces]:
        from fast_simplification import simplify as decimate

        moved, kept = decimate(points * unit, faces, lossless=True, preserve_border=True)
        return moved / unit, kept

    return run


def _hung(
    shape: _Shape,
    edges: NDArray[np.int32],
    run: Callable[[Points, Faces], tuple[Points, Faces]],
    away: Callable[[Points], Points],
) -> _Shape:
    """Decimates with a curtain attached to the outline, and removes the curtain.

    ``run`` takes and returns points and faces; ``away`` returns unit vectors away from the camera.
    """
    hung, hem_of = np.unique(edges, return_inverse=True)
    first = len(shape.points)
    hem = (hem_of.reshape(edges.shape) + first).astype(np.int32)
    # Consistent winding: the curtain, as the neighbour, uses the surface's edge a, b in the opposite direction.
    curtain = np.concatenate(
        [np.stack([edges[:, 1], edges[:, 0], hem[:, 0]], 1), np.stack([edges[:, 1], hem[:, 0], hem[:, 1]], 1)]
    )
    hanging = _lengths(shape.points, edges, hem_of)[:, None] * away(shape.points[hung])
    points = np.concatenate([shape.points, shape.points[hung] + hanging])
    points, faces = run(points, np.concatenate([shape.faces, curtain.astype(np.int32)]))
    # The hem is now the border, which the decimator preserves, and it preserves the order: the hem comes last.
    return _compact(points, faces[(faces < len(points) - len(hung)).all(axis=1)])


def _lengths(points: Points, edges: NDArray[np.int32], hem_of: NDArray[np.intp]) -> NDArray[np.float64]:
    """Length of the curtain at each vertex of the outline: the mean length of its edges.

    A longer curtain would have triangles so thin that the decimator ignores them.
    """
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    ends = hem_of.reshape(-1)
    return np.asarray(np.bincount(ends, np.repeat(length, 2)) / np.bincount(ends))


def _along_rays(points: Points) -> Points:
    """Unit vectors along the lines of sight."""
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _backwards(points: Points) -> Points:
    """The same in ``_View``, where the lines of sight are parallel."""
    return np.broadcast_to((0.0, 0.0, 1.0), points.shape)


def _outline(faces: Faces, count: int) -> NDArray[np.int32]:
    """Edges that belong to a single face, (E, 2), in the direction of that face."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    key = edges.min(axis=1).astype(np.int64) * count + edges.max(axis=1)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    return np.asarray(edges[order[new[:-1] & new[1:]]])


def _front_facing(shape: _Shape) -> _Shape:
    """Removes the few folded triangles that face away from the camera; their neighbours cover the same area."""
    a, b, c = (shape.points[shape.faces[:, k]] for k in range(3))
    faces_camera = np.einsum("fi,fi->f", np.cross(b, c), a) < 0
    return _compact(shape.points, shape.faces[faces_camera])


def _compact(points: Points, faces: NDArray[np.integer]) -> _Shape:
    used = np.zeros(len(points), np.bool_)
    used[faces.reshape(-1)] = True
    renumbered = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return _Shape(points[used], renumbered[faces].astype(np.int32))


def _split(shape: _Shape, lens: _Lens | None, most: int | None) -> _Shape:
    """Splits edges along which the texture would slip, the worst first, up to ``most`` faces."""
    if lens is None:
        return shape
    for _ in range(12):
        corners = np.stack([shape.faces, np.roll(shape.faces, -1, axis=1)], axis=-1)
        key = corners.min(axis=-1).astype(np.int64) * len(shape.points) + corners.max(axis=-1)
        edges, edge_of, uses = np.unique(key, return_inverse=True, return_counts=True)
        start, end = np.divmod(edges, len(shape.points))
        slip = _slip(shape.points[start], shape.points[end], lens)
        chosen = slip > lens.largest_slip
        if most is not None:
            worst = np.argsort(-slip, kind="stable")
            chosen[worst[np.cumsum(uses[worst]) > most - len(shape.faces)]] = False
        if not chosen.any():
            break
        shape = _halved(shape, start[chosen], end[chosen], chosen, edge_of.reshape(-1, 3))
    return shape


def _slip(start: Points, end: Points, lens: _Lens) -> NDArray[np.float64]:
    """Displacement of the texture at the middle of each edge, as a fraction of the photo's width: (E,)."""
    length = np.linalg.norm((lens.uv(end) - lens.uv(start)) / lens.scale * lens.scale[0], axis=1)
    z0, z1 = start[:, 2], end[:, 2]
    return np.asarray(length * np.abs(z1 - z0) / (2 * (z0 + z1)))


def _halved(
    shape: _Shape,
    start: NDArray[np.integer],
    end: NDArray[np.integer],
    chosen: NDArray[np.bool_],
    edge_of: NDArray[np.integer],
) -> _Shape:
    """Splits edges at the middle of their projections; ``edge_of`` (F, 3) is the edge that begins at each corner."""
    nearness = np.stack([1 / shape.points[start, 2], 1 / shape.points[end, 2]])
    share = nearness / nearness.sum(axis=0)
    middles = shape.points[start] * share[0][:, None] + shape.points[end] * share[1][:, None]
    number = np.full(len(chosen), -1, np.int64)
    number[chosen] = np.arange(len(start)) + len(shape.points)
    middle = number[edge_of]
    count = (middle >= 0).sum(axis=1)
    # Rotated so that a single split edge comes first, and two come first and second.
    first = np.where(count == 2, (np.argmin(middle, axis=1) + 1) % 3, np.argmax(middle >= 0, axis=1))
    turn = (first[:, None] + np.arange(3)) % 3
    corner = np.take_along_axis(shape.faces, turn, axis=1).astype(np.int64)
    middle = np.take_along_axis(middle, turn, axis=1)
    (a, b, c), (ab, bc, ca) = corner.T, middle.T
    pieces = {
        0: [(a, b, c)],
        1: [(a, ab, c), (ab, b, c)],
        2: [(ab, b, bc), (a, ab, bc), (a, bc, c)],
        3: [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)],
    }
    faces = [np.stack(piece, axis=1)[count == k] for k, cut in pieces.items() for piece in cut]
    return _Shape(np.concatenate([shape.points, middles]), np.concatenate(faces).astype(np.int32))


def _with_attributes(mesh: Mesh, shape: _Shape, lens: _Lens | None) -> Mesh:
    """Adds texture coordinates, and the colour and normal of the nearest vertex of ``mesh``."""
    points = shape.points if lens is None else lens.inside(shape.points)
    rgb, normals = mesh.rgb, mesh.normals
    if rgb is not None or normals is not None:
        from scipy.spatial import cKDTree

        nearest = cKDTree(mesh.vertices, balanced_tree=False, compact_nodes=False).query(points)[1]
        rgb = None if rgb is None else rgb[nearest]
        normals = None if normals is None else normals[nearest]
    return Mesh(
        vertices=points.astype(np.float32),
        faces=shape.faces,
        uv=None if lens is None else np.clip(lens.uv(points), 0, 1).astype(np.float32),
        rgb=rgb,
        normals=normals,
    )
