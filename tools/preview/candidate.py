"""The next preview network as an estimator, so that its scenes can be looked at before it ships."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.nets.joint_upsampling import upsample
from recon.journal import Journal
from recon.types import DEFAULT_FOV_DEG, DepthEstimate, MetricDepth, Photo
from tools.preview.network import Weights, look, read_weights

_WIDEST = 2.5  # the network has seen pictures up to 3.3 to 1; longer strips are padded to this ratio


@dataclass
class Candidate:
    """Depth by a weights file of `export.py`."""

    path: Path
    name: str = "preview-candidate"
    gives: Literal["metric"] = "metric"

    @cached_property
    def _weights(self) -> Weights:
        return read_weights(self.path)

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Return depth on the photo's grid: `z = (f / W) / C`; without a focal length the longer side has 60
        degrees.
        """
        known = focal_px is not None
        if focal_px is None:
            focal_px = float(max(photo.width, photo.height) / 2 / np.tan(np.deg2rad(DEFAULT_FOV_DEG) / 2))
        padded, left, top = _padded(photo.rgb)
        high, wide = padded.shape[:2]
        seen = look(self._weights.net, padded, focal_px / wide, known=known, pixels=self._weights.pixels)
        inside = (slice(top, top + photo.height), slice(left, left + photo.width))
        log_inverse = upsample(seen.log_inverse, padded)[inside]
        sky = np.asarray(cv2.resize(seen.sky, (wide, high), interpolation=cv2.INTER_LINEAR))[inside] > 0.5
        depth = MetricDepth(np.float32(focal_px / wide) * np.exp(-log_inverse), ~sky)
        return DepthEstimate(
            depth, self.name, f"{self._weights.samples} samples", focal_used_px=focal_px, sky=sky
        )


def _padded(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int, int]:
    """Return the photo with its border repeated, so that it is no strip, and the pixels added at the left and top."""
    height, width = rgb.shape[:2]
    down = max(0, round(width / _WIDEST) - height)
    across = max(0, round(height / _WIDEST) - width)
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(rgb, top, down - top, left, across - left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), left, top
