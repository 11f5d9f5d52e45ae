"""Lens distortion: OpenCV's two models, from rays to positions in the picture and back.

``opencv`` is the model of ``cv2.calibrateCamera`` (Brown's polynomial, with the rational denominator), ``fisheye``
that of ``cv2.fisheye`` (Kannala and Brandt, equidistant). Rays are (x, y) at z = 1 of the cam frame.
"""

from dataclasses import dataclass
from functools import cached_property
from math import inf, radians
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.types import Intrinsics

Array = NDArray[np.float64]
LensKind = Literal["opencv", "fisheye"]
NAMES: dict[LensKind, tuple[str, ...]] = {
    "opencv": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"),
    "fisheye": ("k1", "k2", "k3", "k4"),
}
"""Of the coefficients, in OpenCV's order."""

_WIDEST_DEG = 88.0
"""Angle from the optical axis beyond which no pinhole picture reaches."""
_SAMPLES = 4000
_STEPS = 12
_EXACT = 1e-7
"""Largest error of an inverse, in focal lengths: a thousandth of a pixel."""


@dataclass(frozen=True)
class Lens:
    """A camera with distortion."""

    camera: Intrinsics
    """Focal lengths and principal point of the distorted picture."""
    kind: LensKind
    coefficients: tuple[float, ...]
    """As ``NAMES``; those that are left out at the end are 0."""

    def __post_init__(self) -> None:
        most = len(NAMES[self.kind])
        if not 0 < len(self.coefficients) <= most:
            raise ValueError(f"a lens of kind {self.kind} has 1 to {most} coefficients")

    @property
    def is_pinhole(self) -> bool:
        """Whether there is nothing to undistort."""
        return self.kind == "opencv" and not any(self.coefficients)

    def distorted(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Rays at z = 1 to distorted ones: where a pinhole with this camera would have to look for them."""
        r = np.hypot(x, y)
        factor = self._radius(r) / np.where(r > 0, r, 1)
        factor = np.where(r > 0, factor, 1.0)
        if self.kind == "fisheye":
            return x * factor, y * factor
        p1, p2 = self._padded[2:4]
        xy, rr = x * y, r * r
        return (
            x * factor + 2 * p1 * xy + p2 * (rr + 2 * x * x),
            y * factor + p1 * (rr + 2 * y * y) + 2 * p2 * xy,
        )

    def project(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Rays at z = 1 to positions in the distorted picture, px; NaN for rays that the model cannot place."""
        xd, yd = self.distorted(x, y)
        inside = np.hypot(x, y) < self.widest
        k = self.camera
        return np.where(inside, k.fx * xd + k.cx, np.nan), np.where(inside, k.fy * yd + k.cy, np.nan)

    def rays(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Positions in the distorted picture, px, to rays at z = 1; NaN where there is none."""
        k = self.camera
        xd, yd = (np.asarray(u, float) - k.cx) / k.fx, (np.asarray(v, float) - k.cy) / k.fy
        rd = np.hypot(xd, yd)
        r, reached = self._table
        start = np.interp(rd, reached, r) / np.where(rd > 0, rd, 1)
        x, y = self._newton(xd, yd, np.where(rd > 0, start, 1.0))
        back_x, back_y = self.distorted(x, y)
        exact = (np.hypot(back_x - xd, back_y - yd) < _EXACT) & (np.hypot(x, y) < self.widest)
        return np.where(exact, x, np.nan), np.where(exact, y, np.nan)

    def stretch(self, x: Array, y: Array) -> Array:
        """How much longer a step along the radius is in a pinhole picture than in the distorted one."""
        r = np.hypot(x, y)
        step = 1e-4
        return 2 * step / (self._radius(r + step) - self._radius(np.abs(r - step)) * np.sign(r - step))

    @cached_property
    def widest(self) -> float:
        """Radius at z = 1 up to which the distorted radius grows: beyond it, two rays would meet in one pixel."""
        return float(self._table[0][-1])

    @property
    def folds_at_px(self) -> float:
        """Distance from the principal point where the distorted radius stops growing, px; inf: nowhere."""
        if len(self._table[0]) == _SAMPLES:
            return inf
        return float(self._table[1][-1]) * min(self.camera.fx, self.camera.fy)

    @cached_property
    def _padded(self) -> tuple[float, ...]:
        return (*self.coefficients, *[0.0] * (len(NAMES[self.kind]) - len(self.coefficients)))

    def _radius(self, r: Array) -> Array:
        """Distorted radius."""
        if self.kind == "fisheye":
            k1, k2, k3, k4 = self._padded
            theta = np.arctan(r)
            t = theta * theta
            return theta * (1 + t * (k1 + t * (k2 + t * (k3 + t * k4))))
        k1, k2, _, _, k3, k4, k5, k6 = self._padded
        rr = r * r
        with np.errstate(divide="ignore", invalid="ignore"):
            return r * (1 + rr * (k1 + rr * (k2 + rr * k3))) / (1 + rr * (k4 + rr * (k5 + rr * k6)))

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """Radii and their distorted ones, as long as both grow."""
        r = np.tan(np.linspace(0, radians(_WIDEST_DEG), _SAMPLES))
        distorted = self._radius(r)
        # A pole of the rational model (a denominator of 0) jumps from +inf to -inf, which is a fall as well.
        grows = np.isfinite(distorted[1:]) & (np.diff(distorted) > 0)
        count = len(r) if grows.all() else int(np.argmin(grows)) + 1
        return r[:count], distorted[:count]

    def _newton(self, xd: Array, yd: Array, start: Array) -> tuple[Array, Array]:
        """Solves ``distorted(x, y) = (xd, yd)``; the derivatives are differences."""
        x, y, h = xd * start, yd * start, 1e-6
        for _ in range(_STEPS):
            fx, fy = self.distorted(x, y)
            ax, ay = self.distorted(x + h, y)
            bx, by = self.distorted(x, y + h)
            xx, yx, xy, yy = (ax - fx) / h, (ay - fy) / h, (bx - fx) / h, (by - fy) / h
            ex, ey, det = fx - xd, fy - yd, xx * yy - xy * yx
            det = np.where(np.abs(det) > 1e-9, det, np.nan)
            x, y = x - (yy * ex - xy * ey) / det, y - (xx * ey - yx * ex) / det
        return x, y


@dataclass(frozen=True)
class StatedLens:
    """What a file states, in the pixel convention of recon."""

    fx: float
    fy: float
    cx: float
    cy: float
    size: tuple[int, int] | None
    """Width and height that the numbers belong to, px; None: not stated."""
    kind: LensKind
    coefficients: tuple[float, ...]
