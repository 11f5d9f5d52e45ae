"""Extends the background of a mesh behind foreground objects.

At a depth edge the background ends where the foreground occludes it, so a moving camera sees a hole. This module
extends the background as far as a small camera move uncovers it: every border pixel has a plane, fitted to the
adjacent background (inverse depth is linear on planes), and the background's colour. All of this geometry is
synthetic, not measured. It stays behind everything visible in the photo: from the photo's camera, it is visible only
in the gaps of the cuts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.background_border import Border, Planes, border_of, fit_planes
from recon.geometry.mesh.pixel_border import PixelBorder
from recon.geometry.mesh.triangulate import triangulate
from recon.geometry.normals import grid_normals
from recon.geometry.unproject import unproject
from recon.types import BoolMap, Connections, FloatMap, Mesh, Rays

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

CAMERA_MOVE = 0.05
"""Sideways camera move that the strip covers, as a fraction of the foreground's distance."""
FILL_NOTE = "the background is extended behind foreground objects: synthetic, not measured"
"""Note that is written to files."""

# Largest width of the strip in cells (a cell is at least one pixel).
_CELLS = 20
# Relative to inverse depth: distance of the strip behind the visible background at its border, and the largest
# difference between two extensions, or an extension and the surface that it meets, that count as one surface.
_BEHIND = 5e-4
_SAME = 0.04
# Colours next to a depth edge are mixed from both sides: width of this zone in px, at least, and as a share of the
# image width.
_MIXED_PX, _MIXED_SHARE = 2, 1 / 1200
# A triangle whose texture is stretched more than this many times spans two places in the photo, and is not used.
_LARGEST_STRETCH = 3.0


@dataclass(frozen=True)
class Patch:
    """Triangles of the extended background."""

    points: Floats
    """(V, 3) m, cam frame."""
    faces: NDArray[np.int32]
    """(F, 3), counter-clockwise as the camera sees them."""
    normals: Floats
    """(V, 3) unit vectors that face the camera."""
    source: Floats
    """(V, 2) column and row of the grid pixel with the colour of each vertex."""


@dataclass(frozen=True)
class _Strip:
    """The extended background on every ``step``-th pixel of the grid."""

    step: int
    used: BoolMap
    """(h, w)."""
    inverse: FloatMap
    """(h, w) 1/m."""
    slopes: Floats
    """(h, w, 2) of inverse depth along columns and rows, per pixel."""
    border: NDArray[np.int32]
    """(h, w) number of the border pixel that each pixel is extended from."""
    hidden: BoolMap
    """(h, w) behind the foreground, not behind the background's own border."""


def continue_background(
    z_m: FloatMap,
    keep: BoolMap,
    between: BoolMap,
    connections: Connections,
    rays: Rays,
    pixel_border: PixelBorder,
    most_faces: int | None = None,
) -> Patch:
    """Extends the background at every depth edge.

    The width of the strip in px is the parallax of a move by ``CAMERA_MOVE`` times the foreground's distance:
    ``f * move * (1 / z_near - 1 / z_far)``.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: pixels of the visible surfaces.
        between: (H, W) bool: dropped flying pixels.
        connections: Connections of the kept pixels; missing ones are cuts.
        rays: Of the same grid.
        pixel_border: Of the visible surfaces; the background is extended behind it, too.
        most_faces: Largest number of triangles; the strip is made coarser until it has no more.

    Returns:
        The triangles; none if there are no cuts.

    Raises:
        ValueError: The arrays differ in size.
    """
    if not z_m.shape == keep.shape == between.shape == (len(rays.y), len(rays.x)):
        raise ValueError(
            f"depth of {z_m.shape}, pixels of {keep.shape} and {between.shape}, and rays of "
            f"{(len(rays.y), len(rays.x))} differ in size"
        )
    if min(z_m.shape) < 2:
        return _NOTHING
    inverse = np.zeros_like(z_m)
    np.divide(1.0, z_m, out=inverse, where=keep)
    focal_px = 1 / min(float(rays.x[1] - rays.x[0]), float(rays.y[1] - rays.y[0]))
    mixed_px = max(_MIXED_PX, round(max(z_m.shape) * _MIXED_SHARE))
    border = border_of(inverse, keep, between, connections, CAMERA_MOVE * focal_px, mixed_px)
    if border is None:
        return _NOTHING
    limit = pixel_border.inverse_between(width=z_m.shape[1], height=z_m.shape[0])
    limit[::2, ::2] = border.limit
    step = max(1, round(float(border.reach_px.max()) / _CELLS))
    while True:
        patch = _patch(border, limit, rays, step)
        if most_faces is None or len(patch.faces) <= most_faces:
            return patch
        step *= 2


_NOTHING = Patch(
    np.empty((0, 3), np.float32),
    np.empty((0, 3), np.int32),
    np.empty((0, 3), np.float32),
    np.empty((0, 2), np.float32),
)


def joined(mesh: Mesh, patch: Patch, rgb: NDArray[np.uint8], uv_of_grid: tuple[Floats, Floats]) -> Mesh:
    """Appends the vertices and faces of the patch to the mesh.

    Args:
        mesh: With texture coordinates, colours and normals.
        patch: Of the same grid.
        rgb: (H, W, 3) colours of the grid's pixels.
        uv_of_grid: Texture coordinates u of each column and v of each row.

    Returns:
        The mesh itself if it or the patch is empty. Vertices and faces of the mesh come first, unchanged.
    """
    if (
        not len(patch.faces)
        or not len(mesh.faces)
        or mesh.uv is None
        or mesh.rgb is None
        or mesh.normals is None
    ):
        return mesh
    cols, rows = patch.source.T
    height, width = rgb.shape[:2]
    uv = [
        np.interp(at, np.arange(len(positions)), positions)
        for at, positions in zip((cols, rows), uv_of_grid, strict=True)
    ]
    nearest = rgb[
        np.clip(np.rint(rows), 0, height - 1).astype(np.intp),
        np.clip(np.rint(cols), 0, width - 1).astype(np.intp),
    ]
    return Mesh(
        vertices=np.concatenate([mesh.vertices, patch.points]),
        faces=np.concatenate([mesh.faces, patch.faces + np.int32(len(mesh.vertices))]),
        uv=np.concatenate([mesh.uv, np.stack(uv, axis=1).astype(np.float32)]),
        rgb=np.concatenate([mesh.rgb, nearest]),
        normals=np.concatenate([mesh.normals, patch.normals]),
    )


def _patch(border: Border, limit: FloatMap, rays: Rays, step: int) -> Patch:
    strip, planes = _strip(border, step)
    coarse = Rays(x=rays.x[::step], y=rays.y[::step])
    links = _links(strip)
    z_m = np.zeros_like(strip.inverse)
    np.divide(1.0, strip.inverse, out=z_m, where=strip.used)
    faces = triangulate(unproject(z_m, coarse), links)
    # Normals of the planes, before the strip's border is moved behind the visible surfaces.
    normals = grid_normals(z_m, coarse, links)
    faces, lowered = _behind(faces, strip, border, limit)
    if not len(faces):
        return _NOTHING
    np.divide(1.0, lowered, out=z_m, where=strip.used)
    vertices, corners = np.unique(faces, return_inverse=True)
    rows, cols = np.divmod(vertices, strip.used.shape[1])
    source = _sources(border, planes, strip, rows, cols)
    corner = corners.reshape(-1, 3).astype(np.int32)
    pieces = [unproject(z_m, coarse)[rows, cols], normals[rows, cols], source]
    return Patch(*_without_seams(corner, np.stack([cols, rows], 1) * np.float32(step), pieces))


def _strip(border: Border, step: int) -> tuple[_Strip, Planes]:
    """The planes of the border pixels, evaluated at the pixels assigned to each."""
    number = border.nearest(step)
    lap_px = 1.5 * step + 1
    rows, cols = np.indices(number.shape, dtype=np.int32) * np.int32(step)
    from_border = np.stack([cols, rows], axis=-1) - border.at[number]
    near = (from_border**2).sum(axis=-1) <= (border.reach_px[number] + lap_px) ** 2
    planes = fit_planes(border, np.unique(number[near]))
    rows, cols = np.nonzero(near)
    at = np.stack([cols, rows], 1) * step
    chosen, from_border = number[rows, cols], from_border[rows, cols]
    inverse, slopes = planes.at(chosen, at)
    inverse = np.maximum(inverse, np.float32(border.farthest))
    far = np.hypot(*from_border.T)
    front, visible = border.front[at[:, 1], at[:, 0]], border.inverse[at[:, 1], at[:, 0]]
    beyond = np.einsum("ni,ni->n", from_border, border.inward[chosen]) < 0
    hidden = front > inverse * np.where(beyond, 1 + 2 * _BEHIND, 1 + _SAME / 2)
    hidden &= far <= border.reach_px[chosen] + lap_px - 1
    lap = ~hidden & (np.abs(visible - inverse) <= _SAME * inverse) & (far <= lap_px)
    shape = near.shape
    strip = _Strip(
        step=step,
        used=np.zeros(shape, np.bool_),
        inverse=np.zeros(shape, np.float32),
        slopes=np.zeros((*shape, 2), np.float32),
        border=number,
        hidden=np.zeros(shape, np.bool_),
    )
    strip.used[rows, cols] = hidden | lap
    strip.hidden[rows, cols] = hidden
    strip.inverse[rows, cols] = inverse
    strip.slopes[rows, cols] = slopes
    return strip, planes


def _links(strip: _Strip) -> Connections:
    """Connections between neighbours whose planes agree."""

    def agree(first: tuple[slice, slice], second: tuple[slice, slice], axis: int) -> BoolMap:
        rise = strip.inverse[second] - strip.inverse[first]
        allowed = np.float32(_SAME) * np.minimum(strip.inverse[first], strip.inverse[second])
        linked = strip.used[first] & strip.used[second]
        for side in (first, second):
            linked &= np.abs(rise - strip.slopes[side][..., axis] * strip.step) <= allowed
        return linked

    every = slice(None)
    return Connections(
        right=agree((every, slice(None, -1)), (every, slice(1, None)), 0),
        down=agree((slice(None, -1), every), (slice(1, None), every), 1),
    )


def _behind(
    faces: NDArray[np.int32], strip: _Strip, border: Border, limit: FloatMap
) -> tuple[NDArray[np.int32], FloatMap]:
    """The faces that can be moved behind everything visible, and the inverse depths that achieve this.

    A face is tested at every pixel that it covers, and at those just across its slanted side, so that it is also
    behind
    the visible triangles between these pixels; and halfway between pixels, where pixel borders have their vertices.

    Args:
        faces: Faces of the strip's grid.
        strip: The extended background.
        border: The border that it is extended from.
        limit: (2 H - 1, 2 W - 1) inverse depth of the visible surfaces at pixels and halfway between them.
    """
    step, width = strip.step, strip.used.shape[1]
    corners = _right_angle_first(faces, width)
    rows, cols = np.divmod(corners.astype(np.int64), width)
    pixel = (rows * border.inverse.shape[1] + cols) * step
    place = (rows * limit.shape[1] + cols) * 2 * step
    values = strip.inverse.reshape(-1)[corners]
    hidden = strip.hidden.reshape(-1)[corners]
    needed = hidden[:, 0] | hidden[:, 1] | hidden[:, 2]
    excess = np.zeros(len(faces), np.float32)
    # From the right angle's pixel along either short side, half a pixel at a time.
    halves = 2 * step
    rise_one, rise_other = ((values[:, k] - values[:, 0]) / np.float32(halves) for k in (1, 2))
    limits, front = limit.reshape(-1), border.front.reshape(-1)
    for along, across in _lattice(step):
        inverse = values[:, 0] + np.float32(along) * rise_one + np.float32(across) * rise_other
        at = place[:, 0] + along * (place[:, 1] - place[:, 0]) // halves
        at += across * (place[:, 2] - place[:, 0]) // halves
        np.maximum(excess, inverse - limits[at] * np.float32(1 - _BEHIND), out=excess)
        if along % 2 == across % 2 == 0:
            at = pixel[:, 0] + along * (pixel[:, 1] - pixel[:, 0]) // halves
            at += across * (pixel[:, 2] - pixel[:, 0]) // halves
            needed |= front[at] > inverse * np.float32(1 + _SAME / 2)
    kept: BoolMap = needed & (excess <= _SAME * values.min(axis=1))
    lowering = np.zeros(strip.inverse.size, np.float32)
    np.maximum.at(lowering, corners[kept].reshape(-1), np.repeat(excess[kept], 3))
    return faces[kept], strip.inverse - lowering.reshape(strip.inverse.shape)


def _right_angle_first(faces: NDArray[np.int32], width: int) -> NDArray[np.int32]:
    rows, cols = np.divmod(faces, width)
    slanted = (rows != np.roll(rows, -1, axis=1)) & (cols != np.roll(cols, -1, axis=1))
    # Side k goes from corner k to k + 1: opposite of the slanted one is the right angle.
    turn = (np.argmax(slanted, axis=1)[:, None] + 2 + np.arange(3)) % 3
    return np.asarray(np.take_along_axis(faces, turn, axis=1))


def _lattice(step: int) -> list[tuple[int, int]]:
    """Half steps along both short sides that cover a triangle, and the pixels just across its slanted side."""
    places = [(j, k) for j in range(2 * step + 1) for k in range(2 * step + 1)]
    return [(j, k) for j, k in places if j + k <= 2 * step + (2 if j % 2 == k % 2 == 0 else 0)]


def _sources(border: Border, planes: Planes, strip: _Strip, rows: Indices, cols: Indices) -> Floats:
    """Position of the colour of each vertex in the photo: (V, 2) column and row."""
    at = np.stack([cols, rows], 1).astype(np.float32) * strip.step
    unmixed = ~strip.hidden[rows, cols] & border.clean[rows * strip.step, cols * strip.step]
    return np.where(unmixed[:, None], at, planes.colour_at[planes.of[strip.border[rows, cols]]])


def _without_seams(
    faces: NDArray[np.int32], at: Floats, pieces: list[Floats]
) -> tuple[Floats, NDArray[np.int32], Floats, Floats]:
    """Gives faces whose colours come from two places their own corners, with a single colour.

    Returns:
        Points, faces, normals, source.
    """
    points, normals, source = pieces
    torn = np.zeros(len(faces), np.bool_)
    for k in range(3):
        start, end = faces[:, k], faces[:, (k + 1) % 3]
        (u, v), (x, y) = (source[start] - source[end]).T, (at[start] - at[end]).T
        torn |= u * u + v * v > _LARGEST_STRETCH**2 * (x * x + y * y)
    corners = faces[torn].reshape(-1)
    faces = faces.copy()
    faces[torn] = np.arange(len(corners), dtype=np.int32).reshape(-1, 3) + np.int32(len(points))
    one = np.repeat(source[corners.reshape(-1, 3)[:, 0]], 3, axis=0)
    return (
        np.concatenate([points, points[corners]]),
        faces,
        np.concatenate([normals, normals[corners]]),
        np.concatenate([source, one]),
    )
