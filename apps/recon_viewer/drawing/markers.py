"""Picked points and the lines between them, drawn with constant size on the screen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon_viewer.drawing import open3d_geometry
from recon_viewer.model.measurements import Reading

Point = tuple[float, float, float]
MARK_RGB, PENDING_RGB = (255, 220, 40), (60, 255, 170)
OUTLINE_RGB = (20, 22, 26)
_TOWARDS_EYE, _OUTLINE_TOWARDS_EYE = 0.8, 0.78
"""Fraction of the way to the eye by which marks are moved so that nothing hides them; their position on the screen
is unchanged."""


def mark_points(
    readings: Sequence[Reading], pending: Sequence[Point], eye: Point, *, outline: bool = False
) -> Any:
    """Open3D point cloud of all picked points, or of their dark outlines; None if there are none."""
    marks = [(point, MARK_RGB) for one in readings for point in one.points_world]
    marks += [(point, PENDING_RGB) for point in pending]
    if not marks:
        return None
    at = _before(np.array([point for point, _ in marks]), eye, outline)
    return open3d_geometry.points(
        at, np.array([OUTLINE_RGB if outline else rgb for _, rgb in marks], np.uint8)
    )


def mark_lines(
    readings: Sequence[Reading], pending: Sequence[Point], eye: Point, *, outline: bool = False
) -> Any:
    """Open3D lines between picks, or their dark outlines; None if there are none."""
    chains = [(one.points_world, MARK_RGB) for one in readings] + [(tuple(pending), PENDING_RGB)]
    points: list[Point] = []
    ends: list[tuple[int, int]] = []
    rgb: list[tuple[int, int, int]] = []
    for chain, colour in chains:
        ends += [(len(points) + k, len(points) + k + 1) for k in range(len(chain) - 1)]
        rgb += [OUTLINE_RGB if outline else colour] * (len(chain) - 1)
        points += chain
    if not ends:
        return None
    return open3d_geometry.lines(
        _before(np.array(points), eye, outline), np.array(ends, np.int32), np.array(rgb, np.uint8)
    )


def tag_texts(readings: Sequence[Reading]) -> list[tuple[Point, str]]:
    """The text of each measurement, at the mean of its points."""
    texts = []
    for one in readings:
        x, y, z = np.mean(np.array(one.points_world), axis=0)
        text = f"{one.label}: {one.short}" if one.label else one.short
        texts.append(((float(x), float(y), float(z)), text))
    return texts


def _before(points: NDArray[np.float64], eye: Point, outline: bool) -> NDArray[np.float32]:
    share = _OUTLINE_TOWARDS_EYE if outline else _TOWARDS_EYE
    return (points + share * (np.array(eye) - points)).astype(np.float32)
