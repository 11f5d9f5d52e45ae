"""The geometry of a panorama: pixels to directions and back.

A panorama's pixels are affine in two numbers of a direction: the longitude, and the latitude (equirectangular) or
its tangent (cylindrical). ``Intrinsics`` with ``angular`` hold that map: ``u = fx * x + cx`` with x the longitude in
rad, from straight ahead to the right, and ``v = fy * y + cy`` with y downwards. Rays (x, y) of these intrinsics are a
chart of the sphere: a point (x r, y r, r) of the chart stands for the point at the range r along the direction of
(x, y). A small piece of a plane has an inverse range that is linear in the chart's pixels, as inverse depth is in a
pinhole picture, so the stages for depth maps (depth edges, flying pixels, triangles) work on it.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from recon.types import Intrinsics, PanoramaFrame

Array = NDArray[np.float64]
_POLE = pi / 2


@dataclass(frozen=True)
class Sphere:
    """A panorama of some size."""

    frame: PanoramaFrame
    chart: Intrinsics
    """Of the picture; focal lengths in px for each unit of the chart."""

    @classmethod
    def of(cls, frame: PanoramaFrame, *, width: int, height: int) -> "Sphere":
        """For a picture of that size, px, whose frame counts in its pixels."""
        fx = frame.full_width / (2 * pi)
        fy = frame.full_height / pi if frame.projection == "equirectangular" else fx
        cx, cy = frame.full_width / 2 - frame.left, frame.full_height / 2 - frame.top
        return cls(frame, Intrinsics(fx, fy, cx, cy, width, height, "file", True))

    def resized(self, *, width: int, height: int) -> "Sphere":
        """The same directions in a picture of another size."""
        return Sphere(self.frame, self.chart.resized(width=width, height=height))

    @property
    def wraps(self) -> bool:
        """Whether the left and the right edge are the same direction."""
        return abs(self.chart.width / self.chart.fx - 2 * pi) < 0.5 / self.chart.fx

    @property
    def poles(self) -> tuple[bool, bool]:
        """Whether the top edge is straight up, and the bottom edge straight down."""
        if self.frame.projection == "cylindrical":
            return False, False
        k = self.chart
        top, bottom = -k.cy / k.fy, (k.height - k.cy) / k.fy
        return top < -_POLE + 0.5 / k.fy, bottom > _POLE - 0.5 / k.fy

    def directions(self, x: Array, y: Array) -> Array:
        """Chart coordinates (...) to unit vectors (..., 3) of the cam frame."""
        if self.frame.projection == "cylindrical":
            length = np.sqrt(1 + y * y)
            flat, down = 1 / length, y / length
        else:
            flat, down = np.cos(y), np.sin(y)
        return np.stack([flat * np.sin(x), down, flat * np.cos(x)], axis=-1)

    def chart_of(self, directions: Array) -> tuple[Array, Array]:
        """Vectors (..., 3) of any length to chart coordinates; the longitude is from -pi to pi."""
        x = np.arctan2(directions[..., 0], directions[..., 2])
        flat = np.hypot(directions[..., 0], directions[..., 2])
        if self.frame.projection == "cylindrical":
            return x, directions[..., 1] / np.maximum(flat, 1e-9)
        return x, np.arctan2(directions[..., 1], flat)

    def positions(self, directions: Array) -> tuple[Array, Array]:
        """Where vectors (..., 3) lie in the picture, px; maybe outside of a partial panorama."""
        x, y = self.chart_of(directions)
        k = self.chart
        u = k.fx * x + k.cx
        # The picture of a partial panorama may cross the direction straight behind.
        around = 2 * pi * k.fx
        u = np.where(u < 0, u + around, u)
        return np.where(u >= np.maximum(around, k.width), u - around, u), k.fy * y + k.cy

    def pixel_directions(self) -> Array:
        """(H, W, 3) unit vectors of the pixel centres."""
        k = self.chart
        x = (np.arange(k.width) + 0.5 - k.cx) / k.fx
        y = (np.arange(k.height) + 0.5 - k.cy) / k.fy
        return self.directions(*np.meshgrid(x, y))
