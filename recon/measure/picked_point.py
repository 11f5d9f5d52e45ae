"""The 3D point at a picked pixel, the local slope of its surface, and whether a depth edge is near."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, isfinite

import numpy as np
from numpy.typing import NDArray

from recon.geometry.depth_edges import connect
from recon.geometry.nearer_surface import nearer_surface, outline_reach
from recon.geometry.unproject import pixel_centres, rays_at
from recon.measure.measurement import MeasurementError
from recon.options import Options
from recon.scene import Scene
from recon.types import BoolMap, Connections, FloatMap
from recon.units import significant

Array = NDArray[np.float64]
Pixel = tuple[float, float]

_REACH = 24
"""Radius in px in which depth edges are detected: large enough to estimate the roughness of the depth."""
_SLOPE_REACH = 3
_LEAST_SLOPE_PIXELS = 6
_AROUND = 2
"""A surface is followed this far beyond the neighbourhood, to go around a pixel that noise has cut off."""
_ANOTHER_SURFACE = 0.01
"""Relative difference in depth below which two surfaces count as one."""


@dataclass(frozen=True)
class SurfacePoint:
    """The point of the scene at a pixel."""

    pixel_px: Pixel
    z_m: float
    """Depth along the optical axis, m."""
    slope: Pixel
    """Change of the surface's log depth per px, along x and y."""
    other_z_m: float | None
    """Depth of another surface near the position, m; None if there is none."""
    in_front: bool = False
    """Whether the pixel's own depth is that of the other surface, behind this one (``nearer_surface``)."""

    @property
    def warning(self) -> str | None:
        """A warning if the position lies on a depth edge."""
        if self.other_z_m is None:
            return None
        used, other = significant(self.z_m, 3), significant(self.other_z_m, 3)
        which = "the nearer is" if self.in_front else f"{used} m is"
        return (
            f"{show(self.pixel_px)} lies on a depth edge between {used} m and {other} m: {which} "
            "used; for the other surface, pick a position further inside it"
        )


@dataclass(frozen=True)
class _Window:
    """A part of the depth map; ``row`` and ``col`` locate the picked pixel within it."""

    inverse: Array
    usable: BoolMap
    connections: Connections
    row: int
    col: int
    top: int
    left: int


def show(pixel_px: Pixel) -> str:
    """Formats a position as on the command line."""
    return f"{pixel_px[0]:g},{pixel_px[1]:g}"


def check_inside(pixels_px: Sequence[Pixel], *, width: int, height: int) -> None:
    """Raises MeasurementError for a position that is outside the photo or not finite."""
    for x, y in pixels_px:
        if not (isfinite(x) and isfinite(y)):
            raise MeasurementError(f"{show((x, y))} is not a position: x and y must be finite numbers, in px")
        if not (0 <= x <= width and 0 <= y <= height):
            raise MeasurementError(
                f"{show((x, y))} lies outside the photo of {width} x {height} px: x is measured from its left edge, "
                "y from its top"
            )


def usable(scene: Scene, rows: slice = slice(None), cols: slice = slice(None)) -> BoolMap:
    """Where depth is valid and not sky, (h, w) bool, for the whole photo or a part of it.

    Raises:
        MeasurementError: The scene is a panorama's, whose pixels are directions and not on a plane.
    """
    if scene.intrinsics.angular:
        raise MeasurementError(
            "a panorama cannot be measured in yet: measure in its mesh (save it as .glb), or in a photo of the place"
        )
    valid = scene.depth.valid[rows, cols]
    return valid if scene.sky is None else valid & ~scene.sky[rows, cols]


def point_at(scene: Scene, pixel_px: Pixel, *, pixel_sigma_px: float) -> SurfacePoint:
    """The scene's point at a pixel position.

    Between four neighbours on one surface, inverse depth is interpolated bilinearly (exact on planes); elsewhere the
    depth of the nearest pixel is used. Next to an object's outline, which a network may place off by one of its own
    pixels, it is the object's.

    Args:
        scene: The scene.
        pixel_px: (x, y), px.
        pixel_sigma_px: Standard deviation of picking; other surfaces are searched for within twice this distance.

    Raises:
        MeasurementError: The position is outside the photo or has no depth; the message names the nearest pixel with
            a depth.
    """
    check_inside([pixel_px], width=scene.photo.width, height=scene.photo.height)
    near = max(1, ceil(2 * pixel_sigma_px))
    window = _window(scene, pixel_px, max(_REACH, near + _AROUND))
    if not window.usable[window.row, window.col]:
        raise MeasurementError(_without_depth(scene, pixel_px))
    front = nearer_surface(
        window.inverse, window.usable, row=window.row, col=window.col, reach=_outline_px(scene)
    )
    if front is not None:
        behind_m = 1 / float(window.inverse[window.row, window.col])
        front_window = replace(window, row=front[0], col=front[1])
        inverse = float(window.inverse[front])
        return SurfacePoint(pixel_px, 1 / inverse, _slope(front_window, inverse), behind_m, in_front=True)
    surface = _connected(window, near + _AROUND)
    between = _between(window, pixel_px)
    inverse = float(window.inverse[window.row, window.col]) if between is None else between
    return SurfacePoint(
        pixel_px=pixel_px,
        z_m=1 / inverse,
        slope=_slope(window, inverse),
        other_z_m=_another(window, surface, near, 1 / inverse),
    )


def _outline_px(scene: Scene) -> int:
    model = scene.provenance.model
    height, width = scene.depth.z_m.shape
    return outline_reach(None if model is None else model.seen_pixels, width=width, height=height)


def _window(scene: Scene, pixel_px: Pixel, reach: int) -> _Window:
    height, width = scene.depth.z_m.shape
    col, row = min(floor(pixel_px[0]), width - 1), min(floor(pixel_px[1]), height - 1)
    top, left = max(row - reach, 0), max(col - reach, 0)
    rows, cols = slice(top, row + reach + 1), slice(left, col + reach + 1)
    z_m: FloatMap = np.ascontiguousarray(scene.depth.z_m[rows, cols])
    valid = usable(scene, rows, cols)
    rays = rays_at(scene.intrinsics, pixel_centres(width)[cols], pixel_centres(height)[rows])
    inverse = np.zeros(z_m.shape)
    np.divide(1.0, z_m.astype(np.float64), out=inverse, where=valid)
    # Depth edges matter here even if the scene is exported without cuts (edge 0).
    normals = None if scene.depth.normals is None else scene.depth.normals[rows, cols]
    connections = connect(z_m, valid, rays, scene.options.edge or Options().edge, normals)
    return _Window(inverse, valid, connections, row - top, col - left, top, left)


def _without_depth(scene: Scene, pixel_px: Pixel) -> str:
    height, width = scene.depth.z_m.shape
    row, col = min(floor(pixel_px[1]), height - 1), min(floor(pixel_px[0]), width - 1)
    why = "it shows the sky" if scene.sky is not None and scene.sky[row, col] else "it has no depth"
    rows, cols = np.nonzero(usable(scene))
    if not len(rows):
        return f"{show(pixel_px)}: {why}; no pixel of the photo has a usable depth"
    distance_px = np.hypot(cols + 0.5 - pixel_px[0], rows + 0.5 - pixel_px[1])
    best = int(distance_px.argmin())
    nearest = f"{show((cols[best] + 0.5, rows[best] + 0.5))}, at a distance of {distance_px[best]:.1f} px"
    return f"{show(pixel_px)}: {why}; the nearest pixel with a depth is {nearest}"


def _between(window: _Window, pixel_px: Pixel) -> float | None:
    """Inverse depth interpolated between four connected pixel centres, 1/m; None if they are not one surface."""
    height, width = window.inverse.shape
    x, y = pixel_px[0] - 0.5 - window.left, pixel_px[1] - 0.5 - window.top
    # Beyond the centres of the outermost pixels, the value at their centres is used.
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    col, row = min(floor(x), max(width - 2, 0)), min(floor(y), max(height - 2, 0))
    if width < 2 or height < 2:
        return None
    right, down = window.connections.right, window.connections.down
    linked = (right[row, col], right[row + 1, col], down[row, col], down[row, col + 1])
    if np.count_nonzero(linked) < 3:
        return None
    a, b = x - col, y - row
    corners = window.inverse[row : row + 2, col : col + 2]
    return float(np.array([1 - b, b]) @ corners @ np.array([1 - a, a]))


def _connected(window: _Window, reach: int) -> BoolMap:
    """Pixels of the picked pixel's surface within ``reach``."""
    rows, cols = np.ogrid[: window.usable.shape[0], : window.usable.shape[1]]
    inside = (np.abs(rows - window.row) <= reach) & (np.abs(cols - window.col) <= reach) & window.usable
    region = np.zeros_like(inside)
    region[window.row, window.col] = True
    right, down = window.connections.right, window.connections.down
    while True:
        grown = region.copy()
        grown[:, 1:] |= region[:, :-1] & right
        grown[:, :-1] |= region[:, 1:] & right
        grown[1:] |= region[:-1] & down
        grown[:-1] |= region[1:] & down
        grown &= inside
        if (grown == region).all():
            return region
        region = grown


def _slope(window: _Window, inverse: float) -> Pixel:
    """Slope of log depth, per px, from a plane through the neighbouring pixels of the surface; 0 if too few."""
    rows, cols = np.nonzero(_connected(window, _SLOPE_REACH))
    design = np.stack([cols - window.col, rows - window.row, np.ones(len(rows))], axis=1).astype(np.float64)
    solution, _, rank, _ = np.linalg.lstsq(design, window.inverse[rows, cols], rcond=None)
    if len(rows) < _LEAST_SLOPE_PIXELS or rank < 3:
        return 0.0, 0.0
    return -float(solution[0]) / inverse, -float(solution[1]) / inverse


def _another(window: _Window, surface: BoolMap, near: int, z_m: float) -> float | None:
    """Depth of the nearest pixel of another surface within ``near`` px, m."""
    rows, cols = np.nonzero(window.usable & ~surface)
    row_offset, col_offset = np.abs(rows - window.row), np.abs(cols - window.col)
    close = (row_offset <= near) & (col_offset <= near)
    if not close.any():
        return None
    order = np.hypot(row_offset[close], col_offset[close]).argsort(kind="stable")
    others_m = 1 / window.inverse[rows[close], cols[close]][order]
    others_m = others_m[np.abs(np.log(others_m / z_m)) > _ANOTHER_SURFACE]
    return float(others_m[0]) if len(others_m) else None
