"""Picked points and the lines between them, as arrays to draw: of constant size on the screen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon_viewer.drawing import open3d_geometry
from recon_viewer.model.measurements import Reading

Point = tuple[float, float, float]
MARK_RGB, PENDING_RGB = (255, 220, 40), (60, 255, 170)
RIM_RGB = (20, 22, 26)
_TOWARDS_EYE, _RIM_TOWARDS_EYE = 0.8, 0.78
"""Share of the way to the eye that marks are moved, so that nothing hides them; they appear at the same place."""


def mark_points(
    readings: Sequence[Reading], pending: Sequence[Point], eye: Point, *, rim: bool = False
) -> Any:
    """Open3D's cloud of every picked point; None where there is none. ``rim``: what stands behind it."""
    marks = [(point, MARK_RGB) for one in readings for point in one.points_world]
    marks += [(point, PENDING_RGB) for point in pending]
    if not marks:
        return None
    at = _before(np.array([point for point, _ in marks]), eye, rim)
    return open3d_geometry.points(at, np.array([RIM_RGB if rim else rgb for _, rgb in marks], np.uint8))


def mark_lines(
    readings: Sequence[Reading], pending: Sequence[Point], eye: Point, *, rim: bool = False
) -> Any:
    """Open3D's lines from pick to pick; None where there are none. ``rim``: what stands behind them."""
    chains = [(one.points_world, MARK_RGB) for one in readings] + [(tuple(pending), PENDING_RGB)]
    points: list[Point] = []
    ends: list[tuple[int, int]] = []
    rgb: list[tuple[int, int, int]] = []
    for chain, colour in chains:
        ends += [(len(points) + k, len(points) + k + 1) for k in range(len(chain) - 1)]
        rgb += [RIM_RGB if rim else colour] * (len(chain) - 1)
        points += chain
    if not ends:
        return None
    return open3d_geometry.lines(
        _before(np.array(points), eye, rim), np.array(ends, np.int32), np.array(rgb, np.uint8)
    )


def tag_texts(readings: Sequence[Reading]) -> list[tuple[Point, str]]:
    """Each measurement's text, in the middle of its points."""
    told = []
    for one in readings:
        x, y, z = np.mean(np.array(one.points_world), axis=0)
        told.append(((float(x), float(y), float(z)), one.text))
    return told


def _before(points: NDArray[np.float64], eye: Point, rim: bool) -> NDArray[np.float32]:
    share = _RIM_TOWARDS_EYE if rim else _TOWARDS_EYE
    return (points + share * (np.array(eye) - points)).astype(np.float32)
