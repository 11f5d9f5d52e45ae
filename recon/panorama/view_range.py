"""The depth of one view as range along the rays, at any direction."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.panorama.sphere import Array
from recon.panorama.views import View
from recon.types import BoolMap, FloatMap, MetricDepth

_SAME_SURFACE = 1.05
"""Ratio of ranges of neighbouring pixels up to which they are interpolated."""


@dataclass(frozen=True, eq=False)
class ViewRange:
    """Depth of a view, as distances from the camera's centre."""

    view: View
    inverse: FloatMap
    """(H, W) 1 / range, 1/m; 0 where unknown."""
    sky: BoolMap
    """(H, W) bool."""

    @classmethod
    def of(cls, view: View, depth: MetricDepth, sky: BoolMap | None) -> "ViewRange":
        """From z-depth: the range is z times the length of the ray (x, y, 1)."""
        k = view.camera
        x = (np.arange(k.width) + 0.5 - k.cx) / k.fx
        y = (np.arange(k.height) + 0.5 - k.cy) / k.fy
        length = np.sqrt(1 + x[None, :] ** 2 + y[:, None] ** 2).astype(np.float32)
        inverse = np.zeros_like(depth.z_m)
        np.divide(1, depth.z_m * length, out=inverse, where=depth.valid)
        return cls(view, inverse, np.zeros_like(depth.valid) if sky is None else sky)

    def nearest(self, directions: Array) -> NDArray[np.float64]:
        """Inverse range of the pixels that contain the directions, (N, 3) to (N,); 0 where there is none."""
        columns, rows, inside = self._pixels(directions)
        return np.where(inside, self.inverse[rows, columns], 0.0)

    def sample(self, directions: Array) -> tuple[FloatMap, BoolMap, FloatMap]:
        """Inverse range (0 where unknown), sky, and a weight that falls to 0 at the view's border.

        Interpolated within a surface; across a depth edge, the nearest pixel's.

        Args:
            directions: (h, w, 3) of any length, cam frame of the panorama.
        """
        x, y, inside = self.view.project(directions)
        columns, rows, inside = self._pixels(directions)
        k = self.view.camera
        # OpenCV counts pixels from 0.
        u, v = ((k.fx * each + c - 0.5).astype(np.float32) for each, c in ((x, k.cx), (y, k.cy)))
        smooth = cv2.remap(self.inverse, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        value = np.where(self._is_smooth[rows, columns], smooth, self.inverse[rows, columns])
        half = k.width / 2 / k.fx
        edge = 1 - np.maximum(np.abs(x), np.abs(y)) / half
        weight = np.where(inside, np.clip(edge, 1e-6, 1) ** 2, 0)
        return (
            np.where(inside, value, 0).astype(np.float32),
            inside & self.sky[rows, columns],
            weight.astype(np.float32),
        )

    def _pixels(self, directions: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], BoolMap]:
        x, y, inside = self.view.project(directions)
        k = self.view.camera
        columns = np.where(inside, np.clip(k.fx * x + k.cx, 0, k.width - 1), 0).astype(np.intp)
        rows = np.where(inside, np.clip(k.fy * y + k.cy, 0, k.height - 1), 0).astype(np.intp)
        return columns, rows, inside

    @cached_property
    def _is_smooth(self) -> BoolMap:
        """Pixels whose neighbours all are on their surface."""
        kernel = np.ones((3, 3), np.uint8)
        low, high = cv2.erode(self.inverse, kernel), cv2.dilate(self.inverse, kernel)
        return np.asarray((low > 0) & (high < low * _SAME_SURFACE), np.bool_)
