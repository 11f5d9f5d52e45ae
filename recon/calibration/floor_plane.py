"""Finds the floor in depth of unknown scale, for a known camera height.

Inverse depth of a plane is linear in the ray, ``1 / z = q . (x, y, 1)``, and 1 / |q| is the camera's distance from
it. Scale and shift of inverse depth preserve linearity: the relative depth of a floor is linear too, so the floor can
be found before calibration.
"""

from dataclasses import dataclass, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from recon.errors import CalibrationError
from recon.geometry.gravity import Levelling
from recon.types import BoolMap, FloatMap, Rays

Array = NDArray[np.float64]

_SAMPLES = 4_000
_TRIALS = 600
_LOWER_PART = 0.5
_MAX_ROLL_SLOPE = 0.35
"""Largest sideways over downwards slope of a floor: the camera's roll is assumed to be within 20 degrees."""
_TOLERANCE = 0.015
"""Inlier threshold, as a fraction of the range of values."""
_MIN_SLOPE = 0.1
"""Smallest rise from the middle of the photo to its bottom, as a fraction of the range of values."""
_MIN_SHARE = 0.12
"""Smallest fraction of the lower half of the photo covered by a floor."""
_MAX_BEYOND = 0.06
"""Largest fraction of the lower half behind the plane: nothing is visible beneath a floor."""
_SAME_FLOOR = 0.25
"""Largest difference of the logarithms of two heights of the same floor: a counter or a step is another surface."""
_LEAST = 1e-12
_CELLS = 8
"""The floor's pixels are averaged in a grid of this many by this many cells."""


@dataclass(frozen=True)
class Floor:
    """A floor plane, and its sensitivity to the depth of its parts."""

    plane: Array
    """(3,) ``a`` with ``value = a . (x, y, 1)`` on the floor."""
    rays: Array
    """(F, 3) mean rays of its parts, scaled to z = 1."""
    pixels_px: Array
    """(F, 2) their mean positions in the photo."""
    pull: Array
    """(F, 3) derivative of ``plane`` with respect to the value of each part (least squares)."""

    def height(self, near: float, far: float, stretch: float) -> float:
        """The camera's distance from the floor, m, where ``1 / z = far + near * value``.

        Args:
            near: 1/m per unit of value.
            far: 1/m.
            stretch: Factor of the rays: assumed over true focal length.
        """
        return 1 / max(float(np.linalg.norm(self._metric(near, far, stretch))), _LEAST)

    def weights(self, near: float, far: float, stretch: float) -> Array:
        """(F,) derivative of the log height with respect to the log depth of each part; the sum is 1.

        The height depends on the vertical slope of inverse depth, so the nearest parts have the largest weights, and
        the farthest have negative ones.
        """
        q = self._metric(near, far, stretch)
        inverse = far + near * (self.rays @ self.plane)
        moved = self.pull / np.array([stretch, stretch, 1.0])
        return np.asarray((moved @ q) * inverse / max(float(q @ q), _LEAST**2))

    def levelled(self, levelling: Levelling, near: float = 1.0, far: float = 0.0) -> "Floor":
        """The same floor as the plane that levels a scene with ``1 / z = far + near * value``.

        Where the depth bends the floor, the two planes differ; the scene is levelled by this one, so the known height
        is that above it. The same ``Floor`` if levelling is not trusted, or by another surface.
        """
        height = levelling.camera_height_m
        if not levelling.trusted or height is None or height <= 0:
            return self
        if abs(log(height / self.height(near, far, 1.0))) > _SAME_FLOOR:
            return self
        return replace(self, plane=(-np.array(levelling.up_cam) / height - (0.0, 0.0, far)) / near)

    def _metric(self, near: float, far: float, stretch: float) -> Array:
        """(3,) ``q`` with ``1 / z = q . ray`` in m; its length is the inverse of the height."""
        a = self.plane
        return np.array([near * a[0] / stretch, near * a[1] / stretch, near * a[2] + far])


def find_floor(value: FloatMap, valid: BoolMap, rays: Rays) -> Floor:
    """Finds the floor by RANSAC (Fischler and Bolles, 1981), refined by least squares over the inliers.

    Args:
        value: (H, W) inverse depth, of any scale and shift.
        valid: (H, W) bool.
        rays: Of the same grid.

    Raises:
        CalibrationError: No floor was found.
    """
    top = int(value.shape[0] * (1 - _LOWER_PART))
    rows, cols = np.nonzero(valid[top:])
    if len(rows) < 100:
        raise CalibrationError(_NO_FLOOR)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(rows))[:_SAMPLES]
    rows, cols = rows[chosen] + top, cols[chosen]
    ray = np.stack([rays.x[cols], rays.y[rows], np.ones(len(rows))], axis=1).astype(np.float64)
    seen = value[rows, cols].astype(np.float64)
    span = float(np.subtract(*np.percentile(value[valid], [99, 1])))
    if span <= 0:
        raise CalibrationError(_NO_FLOOR)
    tolerance = _TOLERANCE * span
    trios = rng.integers(0, len(seen), (_TRIALS, 3))
    solvable = np.abs(np.linalg.det(ray[trios])) > 1e-9
    planes = np.linalg.solve(ray[trios][solvable], seen[trios][solvable][..., None])[..., 0]
    least_slope = _MIN_SLOPE * span / float(rays.y[-1] - rays.y[top])
    planes = planes[(planes[:, 1] > least_slope) & (np.abs(planes[:, 0]) < _MAX_ROLL_SLOPE * planes[:, 1])]
    if not len(planes):
        raise CalibrationError(_NO_FLOOR)
    off = seen[None] - planes @ ray.T
    # Inliers are weighted by how well they fit (MSAC: Torr and Zisserman, CVIU 78, 2000).
    on = np.maximum(0.0, 1 - (off / tolerance) ** 2).mean(axis=1)
    beyond = (off < -2 * tolerance).mean(axis=1)
    score = np.where(beyond <= _MAX_BEYOND, on, 0.0)
    best = int(score.argmax())
    if score[best] < _MIN_SHARE:
        raise CalibrationError(_NO_FLOOR)
    plane = planes[best]
    for _ in range(8):
        off_now = np.abs(seen - ray @ plane)
        inside = off_now < tolerance
        # For a floor smoother than the tolerance, a tighter threshold excludes the foot of a wall.
        inside = off_now <= max(4 * float(np.median(off_now[inside])), 1e-3 * tolerance)
        plane = np.linalg.lstsq(ray[inside], seen[inside], rcond=None)[0]
    cell = (rows[inside] * _CELLS // value.shape[0]) * _CELLS + cols[inside] * _CELLS // value.shape[1]
    return _summed_up(np.asarray(plane), ray[inside], cell, np.stack([cols, rows], axis=1)[inside] + 0.5)


def _summed_up(plane: Array, ray: Array, cell: NDArray[np.int64], pixels_px: Array) -> Floor:
    _, part, count = np.unique(cell, return_inverse=True, return_counts=True)

    def mean(of: Array) -> Array:
        sums = [np.bincount(part, of[:, k]) / count for k in range(of.shape[1])]
        return np.stack(sums, axis=1)

    rays = mean(ray)
    weighted = rays * count[:, None]
    pull = weighted @ np.linalg.pinv(weighted.T @ rays)
    return Floor(plane, rays, mean(pixels_px), pull)


_NO_FLOOR = (
    "--camera-height was given, but no floor was found that is flat in the estimated depth: give a --length or --at "
    "instead"
)
