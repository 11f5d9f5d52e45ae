"""From a map of points that is known up to a shift along the optical axis, to depth and a focal length.

MoGe (Wang et al., arXiv:2410.19115, section 3.1) predicts points (x, y, z) up to scale and a shift t of z. With
(u, v) the position of a pixel from the centre of the photo, in halves of its diagonal, and f the focal length in the
same unit, ``f x / (z + t) = u`` and ``f y / (z + t) = v``. Focal length and shift are the least-squares solution over
all pixels: the focal length is linear for each shift, so that only the shift is searched for.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap

_SAMPLES = 64
"""The solution uses this many rows and columns, as the authors do."""
_TOLERANCE = 1e-3
"""Relative change of the squared error at which the search ends, as the authors have it."""
_FEWEST = 2


@dataclass(frozen=True)
class View:
    """What makes depth of a map of points."""

    shift: float
    """Added to z, in the unit of the points."""
    focal_px: float | None
    """Focal length, px of the photo; None if too few pixels are valid."""


def solve(points: NDArray[np.float32], valid: BoolMap, *, focal_px: float | None) -> View:
    """The shift along the optical axis, and the focal length if it is not known.

    Args:
        points: (H, W, 3) in any unit, cam frame, the shift unknown.
        valid: (H, W) bool.
        focal_px: Focal length if it is known, px of the photo.
    """
    height, width = valid.shape
    half_diagonal_px = float(np.hypot(width, height)) / 2
    rows, columns = (_samples(side) for side in (height, width))
    sample = points[np.ix_(rows, columns)]
    # Half precision may overflow, and a point in the plane of the camera has no ray.
    seen = valid[np.ix_(rows, columns)] & np.isfinite(sample).all(axis=2) & (sample[..., 2] != 0)
    if int(seen.sum()) < _FEWEST:
        return View(0.0, focal_px)
    xyz = sample[seen].astype(np.float64)
    across, down = np.meshgrid(columns + 0.5 - width / 2, rows + 0.5 - height / 2)
    at = np.stack((across[seen], down[seen]), axis=-1) / half_diagonal_px
    focal = None if focal_px is None else focal_px / half_diagonal_px
    shift = _shift(xyz, at, focal)
    if focal is None:
        focal = _focal(xyz[:, :2] / (xyz[:, 2:] + shift), at)
    return View(shift, float(focal) * half_diagonal_px)


def _samples(side: int) -> NDArray[np.int64]:
    """Rows or columns, as nearest-neighbour resizing takes them."""
    return np.floor(np.arange(_SAMPLES, dtype=np.float32) * np.float32(side / _SAMPLES)).astype(np.int64)


def _shift(xyz: NDArray[np.float64], at: NDArray[np.float64], focal: float | None) -> float:
    from scipy.optimize import least_squares

    def residuals(shift: NDArray[np.float64]) -> NDArray[np.float64]:
        rays = xyz[:, :2] / (xyz[:, 2:] + shift)
        scale = _focal(rays, at) if focal is None else focal
        return np.asarray((scale * rays - at).ravel())

    # Levenberg-Marquardt from no shift: another method may end in another local minimum than the authors'.
    return float(least_squares(residuals, x0=np.zeros(1), ftol=_TOLERANCE, method="lm").x[0])


def _focal(rays: NDArray[np.float64], at: NDArray[np.float64]) -> float:
    """The least-squares factor between x/z, y/z and the positions."""
    return float((rays * at).sum() / np.square(rays).sum())


def remapped(raw: NDArray[np.float32], how: str) -> NDArray[np.float32]:
    """The points (H, W, 3) from the network's output, in place.

    Args:
        raw: (H, W, 3) float32.
        how: ``linear``: as they are; ``exp``: z from its logarithm, x and y as tangents; ``sinh``, ``sinh_exp``.
    """
    if how == "exp":
        np.exp(raw[..., 2], out=raw[..., 2])
        raw[..., :2] *= raw[..., 2:]
    elif how == "sinh":
        np.sinh(raw, out=raw)
    elif how == "sinh_exp":
        np.exp(raw[..., 2], out=raw[..., 2])
        np.sinh(raw[..., :2], out=raw[..., :2])
    return raw


def depth_along_axis(z: FloatMap, view: View, scale: float) -> FloatMap:
    """``(z + shift) scale``: metres if ``scale`` is the metres of a unit."""
    return np.asarray((z + np.float32(view.shift)) * np.float32(scale), np.float32)
