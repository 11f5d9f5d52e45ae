"""The bundled default: a small network of our own, for a machine without downloaded weights.

``tools/preview`` trained it on generated scenes and a few real photos. It works at low resolution: rooms, streets and
landscapes become recognisable, and metres are approximate. Its MODEL_CARD.md has the figures.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.depth.joint_upsampling import upsample
from recon.journal import Journal
from recon.types import DEFAULT_FOV_X_DEG, DepthEstimate, MetricDepth, Photo

if TYPE_CHECKING:
    from recon.depth.nets.preview import Weights

WARNING = (
    "depth comes from the bundled preview network: shapes are coarse and metres are approximate. For accurate depth, run "
    "`recon models pull depthpro` once, or pass --depth FILE"
)
_WEIGHTS = "preview.safetensors"
_WIDEST = 2.5
"""The network has seen pictures up to 3.3 to 1; longer strips are padded to this ratio."""


@dataclass
class Preview:
    """Depth by the bundled network. It predicts no focal length, but uses a known one."""

    name: str = "preview"
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth on the photo's grid: ``z = (f / W) / C``, with the network's canonical inverse depth C.

        Args:
            photo: Any size; the network sees it reduced.
            focal_px: Focal length, px; None uses the default field of view along the longer side.
            journal: Receives the warning.
        """
        journal.warn("model", WARNING)
        known = focal_px is not None
        if focal_px is None:
            focal_px = max(photo.width, photo.height) / 2 / np.tan(np.deg2rad(DEFAULT_FOV_X_DEG) / 2)
        with journal.stage("Estimating depth with the preview network"):
            log_inverse, likely_sky, log_sigma = self._predict(photo.rgb, float(focal_px), known)
        sky = likely_sky > 0.5
        return DepthEstimate(
            depth=MetricDepth(
                z_m=np.float32(focal_px / photo.width) * np.exp(-log_inverse),
                valid=~sky,
                log_sigma=np.exp(log_sigma),
            ),
            model=self.name,
            revision=f"{self._weights.samples} samples",
            focal_used_px=float(focal_px),
            sky=sky,
            details={"network": "recon preview 2", "processing_pixels": self._weights.pixels},
        )

    @cached_property
    def _weights(self) -> "Weights":
        from recon.depth.nets.preview import read_weights

        with as_file(files("recon.depth") / _WEIGHTS) as path:
            return read_weights(path)

    def _predict(
        self, rgb: NDArray[np.uint8], focal_px: float, known: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Maps (H, W): log inverse depth for the photo's width, probability of sky, log of the standard deviation."""
        from recon.depth.nets.preview import look

        height, width = rgb.shape[:2]
        padded, left, top = _padded(rgb)
        wide = padded.shape[1]
        seen = look(self._weights.net, padded, focal_px / wide, known=known, pixels=self._weights.pixels)
        # The canonical inverse depth is per width of the picture, and the padded one is wider.
        log_inverse = upsample(seen.log_inverse, padded) + np.float32(np.log(wide / width))
        size = (wide, padded.shape[0])
        sky, log_sigma = (
            cv2.resize(m, size, interpolation=cv2.INTER_LINEAR) for m in (seen.sky, seen.log_sigma)
        )
        inside = (slice(top, top + height), slice(left, left + width))
        return log_inverse[inside], sky[inside], log_sigma[inside]


def _padded(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int, int]:
    """The photo with its border repeated, so that it is no strip, and how many pixels were added at the left and at the top."""
    height, width = rgb.shape[:2]
    down = max(0, round(width / _WIDEST) - height)
    across = max(0, round(height / _WIDEST) - width)
    if not down and not across:
        return rgb, 0, 0
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(rgb, top, down - top, left, across - left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), left, top


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name="preview",
        gives="metric",
        summary="bundled: a small network for a first look, trained on generated scenes and a few photos",
        create=_create,
        licence="Apache-2.0",
    ),
)
