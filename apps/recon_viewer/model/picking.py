"""Finds the drawn point under the mouse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.render.drawable import Drawn
from recon.render.view_camera import ViewCamera

SNAP_PX = 7.0
"""Largest distance of a point from the mouse in the view, px."""
_BEHIND = 0.02
"""Depth range, relative to the height of the view there, within which the point nearest to the mouse is preferred to
the one nearest to the eye."""


@dataclass(frozen=True)
class Hit:
    """A point under the mouse."""

    index: int
    """Index among the drawn points."""
    ahead_m: float
    """Distance along the optical axis of the view, m."""
    point: tuple[float, float, float]
    """World frame, m."""
    pixel_px: tuple[float, float] | None
    """Position in the photo, px; None without a photo."""


def hit(
    drawn: Drawn,
    camera: ViewCamera,
    at: tuple[float, float],
    size: tuple[float, float],
    snap_px: float = SNAP_PX,
) -> Hit | None:
    """The front-most point near a position in the view, or None.

    Args:
        drawn: Points, or vertices of triangles.
        camera: Camera of the view.
        at: (x, y) px from the view's top-left corner.
        size: (width, height) of the view, px.
        snap_px: Largest distance of a point, px.
    """
    if not len(drawn.points):
        return None
    seen, ahead = camera.project(drawn.points, *size)
    off: NDArray[np.float64] = np.hypot(seen[:, 0] - at[0], seen[:, 1] - at[1])
    near = np.flatnonzero((off <= snap_px) & (ahead > 0))
    if not near.size:
        return None
    # Start with a small radius: with many points under the mouse, ignore silhouettes next to it.
    for reach in (snap_px / 4, snap_px / 2):
        close = near[off[near] <= reach]
        if close.size:
            near = close
            break
    behind = _BEHIND * camera.lens.height / camera.lens.fy
    front = near[ahead[near] <= ahead[near].min() * (1 + behind)]
    best = int(front[off[front].argmin()])
    pixel = None if drawn.pixels_px is None else drawn.pixels_px[best]
    x, y, z = (float(value) for value in drawn.points[best])
    return Hit(
        best, float(ahead[best]), (x, y, z), None if pixel is None else (float(pixel[0]), float(pixel[1]))
    )
