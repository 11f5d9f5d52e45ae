"""What a picked pixel shows: a point on one surface, how the surface slopes there, and whether an edge is near."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite

import numpy as np
from numpy.typing import NDArray

from recon.geometry.depth_edges import connect
from recon.geometry.unproject import pixel_centres, rays_at
from recon.measure.measurement import MeasurementError
from recon.options import Options
from recon.scene import Scene
from recon.types import BoolMap, Connections, FloatMap

Array = NDArray[np.float64]
Pixel = tuple[float, float]

_REACH = 24
"""Pixels around a picked one in which depth edges are looked for: enough to tell the depth's own roughness."""
_SLOPE_REACH = 3
_LEAST_SLOPE_PIXELS = 6
_AROUND = 2
"""A surface may be followed this far beyond the neighbourhood, around a pixel that noise has cut off."""
_ANOTHER_SURFACE = 0.01
"""Relative difference in depth below which it does not matter which of two surfaces was hit."""


@dataclass(frozen=True)
class SurfacePoint:
    """The point of the scene that a pixel shows."""

    pixel_px: Pixel
    z_m: float
    """Depth along the optical axis, m."""
    slope: Pixel
    """Change of log depth per px, along x and y, of the surface there."""
    other_z_m: float | None
    """Depth of another surface that the picking may have meant, m; None where there is none near."""

    @property
    def warning(self) -> str | None:
        """What to tell about a depth edge."""
        if self.other_z_m is None:
            return None
        return (
            f"{show(self.pixel_px)} lies on a depth edge, {self.z_m:.3g} m or {self.other_z_m:.3g} m away: "
            f"{self.z_m:.3g} m was taken; pick a position further inside if the other was meant"
        )


@dataclass(frozen=True)
class _Window:
    """A part of the depth map; ``row`` and ``col`` are the picked pixel's within it."""

    inverse: Array
    usable: BoolMap
    connections: Connections
    row: int
    col: int
    top: int
    left: int


def show(pixel_px: Pixel) -> str:
    """As on the command line."""
    return f"{pixel_px[0]:g},{pixel_px[1]:g}"


def check_inside(pixels_px: Sequence[Pixel], *, width: int, height: int) -> None:
    """Raises MeasurementError for a position outside of the photo, or one that is no number."""
    for x, y in pixels_px:
        if not (isfinite(x) and isfinite(y)):
            raise MeasurementError(f"{show((x, y))} is not a position: x and y are numbers, in px")
        if not (0 <= x <= width and 0 <= y <= height):
            raise MeasurementError(
                f"{show((x, y))} lies outside of the photo of {width} x {height} px: x counts from its left edge, y "
                "from its top"
            )


def usable(scene: Scene, rows: slice = slice(None), cols: slice = slice(None)) -> BoolMap:
    """Where depth is known and no sky, (h, w) bool, of the whole photo or a part of it."""
    known = scene.depth.valid[rows, cols]
    return known if scene.sky is None else known & ~scene.sky[rows, cols]


def point_at(scene: Scene, pixel_px: Pixel, *, pixel_sigma_px: float) -> SurfacePoint:
    """The point that a pixel shows.

    Between four neighbours of one surface, inverse depth is interpolated bilinearly (exact on planes); elsewhere the
    pixel that the position lies in decides.

    Args:
        scene: The scene.
        pixel_px: (x, y), px.
        pixel_sigma_px: Standard deviation of picking: within twice of it another surface may have been meant.

    Raises:
        MeasurementError: Outside of the photo, or nothing is known there; the message names the nearest pixel.
    """
    check_inside([pixel_px], width=scene.photo.width, height=scene.photo.height)
    near = max(1, ceil(2 * pixel_sigma_px))
    window = _window(scene, pixel_px, max(_REACH, near + _AROUND))
    if not window.usable[window.row, window.col]:
        raise MeasurementError(_without_depth(scene, pixel_px))
    surface = _connected(window, near + _AROUND)
    inverse = _between(window, pixel_px)
    if inverse is None:
        inverse = float(window.inverse[window.row, window.col])
    return SurfacePoint(
        pixel_px=pixel_px,
        z_m=1 / inverse,
        slope=_slope(window, inverse),
        other_z_m=_another(window, surface, near, 1 / inverse),
    )


def _window(scene: Scene, pixel_px: Pixel, reach: int) -> _Window:
    height, width = scene.depth.z_m.shape
    col, row = min(floor(pixel_px[0]), width - 1), min(floor(pixel_px[1]), height - 1)
    top, left = max(row - reach, 0), max(col - reach, 0)
    rows, cols = slice(top, row + reach + 1), slice(left, col + reach + 1)
    z_m: FloatMap = np.ascontiguousarray(scene.depth.z_m[rows, cols])
    known = usable(scene, rows, cols)
    rays = rays_at(scene.intrinsics, pixel_centres(width)[cols], pixel_centres(height)[rows])
    inverse = np.zeros(z_m.shape)
    np.divide(1.0, z_m.astype(np.float64), out=inverse, where=known)
    # A scene that is exported without cuts has depth edges all the same.
    connections = connect(z_m, known, rays, scene.options.edge or Options().edge)
    return _Window(inverse, known, connections, row - top, col - left, top, left)


def _without_depth(scene: Scene, pixel_px: Pixel) -> str:
    height, width = scene.depth.z_m.shape
    row, col = min(floor(pixel_px[1]), height - 1), min(floor(pixel_px[0]), width - 1)
    why = (
        "it shows the sky"
        if scene.sky is not None and scene.sky[row, col]
        else "the depth is not known there"
    )
    rows, cols = np.nonzero(usable(scene))
    if not len(rows):
        return f"{show(pixel_px)}: {why}, nor at any other pixel"
    away = np.hypot(cols + 0.5 - pixel_px[0], rows + 0.5 - pixel_px[1])
    best = int(away.argmin())
    nearest = (cols[best] + 0.5, rows[best] + 0.5)
    return f"{show(pixel_px)}: {why}; the nearest pixel with a depth is {show(nearest)}, {away[best]:.1f} px away"


def _between(window: _Window, pixel_px: Pixel) -> float | None:
    """Inverse depth between four connected pixel centres, 1/m; None where they are not one surface."""
    height, width = window.inverse.shape
    x, y = pixel_px[0] - 0.5 - window.left, pixel_px[1] - 0.5 - window.top
    # Beyond the centres of the photo's outermost pixels there is nothing to interpolate: the outermost decide.
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
    """Pixels of the surface that the picked one belongs to, as far as they are at most ``reach`` away."""
    rows, cols = np.ogrid[: window.usable.shape[0], : window.usable.shape[1]]
    inside = (np.abs(rows - window.row) <= reach) & (np.abs(cols - window.col) <= reach) & window.usable
    found = np.zeros_like(inside)
    found[window.row, window.col] = True
    right, down = window.connections.right, window.connections.down
    while True:
        grown = found.copy()
        grown[:, 1:] |= found[:, :-1] & right
        grown[:, :-1] |= found[:, 1:] & right
        grown[1:] |= found[:-1] & down
        grown[:-1] |= found[1:] & down
        grown &= inside
        if (grown == found).all():
            return found
        found = grown


def _slope(window: _Window, inverse: float) -> Pixel:
    """Of log depth, per px, from a plane through the surface's pixels around; 0 where they are too few."""
    rows, cols = np.nonzero(_connected(window, _SLOPE_REACH))
    design = np.stack([cols - window.col, rows - window.row, np.ones(len(rows))], axis=1).astype(np.float64)
    solution, _, rank, _ = np.linalg.lstsq(design, window.inverse[rows, cols], rcond=None)
    if len(rows) < _LEAST_SLOPE_PIXELS or rank < 3:
        return 0.0, 0.0
    return -float(solution[0]) / inverse, -float(solution[1]) / inverse


def _another(window: _Window, surface: BoolMap, near: int, z_m: float) -> float | None:
    """Depth of the nearest pixel of another surface within ``near`` px, m."""
    rows, cols = np.nonzero(window.usable & ~surface)
    away_rows, away_cols = np.abs(rows - window.row), np.abs(cols - window.col)
    close = (away_rows <= near) & (away_cols <= near)
    if not close.any():
        return None
    order = np.hypot(away_rows[close], away_cols[close]).argsort(kind="stable")
    others_m = 1 / window.inverse[rows[close], cols[close]][order]
    others_m = others_m[np.abs(np.log(others_m / z_m)) > _ANOTHER_SURFACE]
    return float(others_m[0]) if len(others_m) else None
