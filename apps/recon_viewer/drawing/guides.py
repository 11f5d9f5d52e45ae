"""Guide lines in the world frame: the floor grid in metres, the axes, the photo's camera, the crop box."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform
from recon.types import Intrinsics
from recon_viewer.drawing.line_sets import Lines
from recon_viewer.model.state import Box

_MOST_LINES = 60
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours of the guides, sRGB, for one background of the view."""

    ground: Rgb
    glow: Rgb
    """Of the background at half its height."""
    strong: Rgb
    """Every fifth line of the floor grid."""
    weak: Rgb
    axes: tuple[Rgb, Rgb, Rgb]
    frustum: Rgb
    box: Rgb
    section: Rgb


DARK = Palette(
    ground=(24, 26, 30),
    glow=(52, 56, 63),
    strong=(150, 155, 165),
    weak=(95, 100, 110),
    axes=((230, 70, 70), (80, 200, 80), (80, 130, 255)),
    frustum=(255, 190, 60),
    box=(90, 220, 255),
    section=(240, 130, 215),
)
LIGHT = Palette(
    ground=(226, 228, 232),
    glow=(248, 249, 250),
    strong=(95, 100, 110),
    weak=(165, 170, 178),
    axes=((200, 40, 40), (20, 125, 20), (30, 80, 220)),
    frustum=(165, 95, 0),
    box=(0, 105, 165),
    section=(165, 35, 130),
)


def palette(dark: bool) -> Palette:
    """The palette for a dark or light background."""
    return DARK if dark else LIGHT


def floor_grid(
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    height: float,
    world_T_upright: Transform,
    colours: Palette = DARK,
) -> tuple[Lines, float]:
    """A grid on the floor under a box.

    Args:
        low: (3,) lowest corner of the geometry, upright frame, m.
        high: (3,) the opposite corner.
        height: Height of the floor in this frame, m.
        world_T_upright: (4, 4).
        colours: Palette for the background.

    Returns:
        The lines, and the side of one cell, m: 1 m, or 0.1, 10, 100 ... if that gives too many or too few cells.
    """
    extent = float(max(high[0] - low[0], high[2] - low[2], 1e-6))
    cell = 1.0
    while extent / cell > _MOST_LINES:
        cell *= 10
    while extent / cell < 1.5:
        cell /= 10
    x0, x1 = floor(low[0] / cell) * cell, ceil(high[0] / cell) * cell
    z0, z1 = floor(low[2] / cell) * cell, ceil(high[2] / cell) * cell
    points, rgb = [], []
    for x in np.arange(x0, x1 + cell / 2, cell):
        points += [(x, height, z0), (x, height, z1)]
        rgb.append(colours.strong if abs(round(x / cell)) % 5 == 0 else colours.weak)
    for z in np.arange(z0, z1 + cell / 2, cell):
        points += [(x0, height, z), (x1, height, z)]
        rgb.append(colours.strong if abs(round(z / cell)) % 5 == 0 else colours.weak)
    return _segments(points, rgb, world_T_upright), cell


def axes(length_m: float, world_T_upright: Transform, colours: Palette = DARK) -> Lines:
    """x red, y (up) green, z blue, starting at the point below the camera on the floor, or at the camera."""
    ends = length_m * np.eye(3)
    points = [point for end in ends for point in ((0.0, 0.0, 0.0), tuple(end))]
    return _segments(points, list(colours.axes), world_T_upright)


def frustum(camera: Intrinsics, depth_m: float, world_T_cam: Transform, colours: Palette = DARK) -> Lines:
    """The photo's camera as a pyramid, with a mark at its upper side."""
    corners = [
        ((x - camera.cx) / camera.fx * depth_m, (y - camera.cy) / camera.fy * depth_m, depth_m)
        for x, y in ((0, 0), (camera.width, 0), (camera.width, camera.height), (0, camera.height))
    ]
    middle = tuple(np.mean(corners[:2], axis=0) - [0, 0.12 * depth_m, 0])
    points: list[tuple[float, ...]] = []
    for k in range(4):
        points += [(0.0, 0.0, 0.0), corners[k], corners[k], corners[(k + 1) % 4]]
    points += [corners[0], middle, middle, corners[1]]
    return _segments(points, [colours.frustum] * (len(points) // 2), world_T_cam)


def box_lines(box: Box, world_T_own: Transform, rgb: Rgb) -> Lines:
    """The twelve edges of the crop box, or of a section."""
    low, high = box.low, box.high
    corners = [tuple((high if at >> k & 1 else low)[k] for k in range(3)) for at in range(8)]
    points = []
    for at in range(8):
        for k in range(3):
            if not at >> k & 1:
                points += [corners[at], corners[at | 1 << k]]
    return _segments(points, [rgb] * 12, world_T_own)


def _segments(
    points: Sequence[Sequence[float]], rgb: Sequence[Sequence[int]], world_T_own: Transform
) -> Lines:
    own = np.array(points, np.float64)
    world = (own @ world_T_own[:3, :3].T + world_T_own[:3, 3]).astype(np.float32)
    return Lines(world, np.arange(len(points), dtype=np.int32).reshape(-1, 2), np.array(rgb, np.uint8))
