"""The bundled default: a small network for a machine without other weights and without a network connection.

``tools/preview`` trains it, on generated scenes and a few real photos. It sees a thumbnail of the photo: shapes are
coarse, and metres approximate. Its MODEL_CARD.md has the figures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions, check_shape
from recon.depth.inference.interruptible import interruptible
from recon.estimator_names import PREVIEW
from recon.journal import Journal
from recon.types import DepthEstimate, Intrinsics, MetricDepth, Photo

if TYPE_CHECKING:
    from recon.depth.nets.preview_look import Look, Weights

_NOTE = f"{PREVIEW}: a small bundled network; shapes are coarse, metres are guesses"
_WEIGHTS = "preview.safetensors"
_WIDEST, _TALLEST = 6.5, 2.0
"""Width over height of the widest picture that the network sees, and height over width of the tallest; longer strips
are padded to these ratios. Beyond, the errors of held-out photos that were cut to strips grow."""


@dataclass
class Preview:
    """Depth by the bundled network, for a given focal length or the default one."""

    weights_file: Path | None = None
    """Of ``tools/preview/export.py``; None: the bundled weights."""
    name: str = PREVIEW
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth on the photo's grid: ``z = (f / W) / C``, with the network's canonical inverse depth C.

        Args:
            photo: The network sees a thumbnail of it, with its border repeated if it is a strip.
            focal_px: Focal length, px; None for the default field of view. The network sees it, and whether it is
                the camera's own.
            journal: Receives a note that the depth is rough, unless the choice of this model has reported it.
        """
        check_shape(photo, self.name)
        if not any(entry.values.get("chosen") == self.name for entry in journal.entries):
            journal.decide("model", _NOTE)
        with journal.stage("Estimating depth with the preview network"), interruptible(journal):
            return estimate_by(
                self._look,
                photo,
                focal_px=focal_px,
                model=self.name,
                revision=f"{self._weights.samples} samples",
                details={"network": "recon preview", "processing_pixels": self._weights.pixels},
            )

    def _look(self, rgb: NDArray[np.uint8], focal_over_width: float, known: bool) -> "Look":
        from recon.depth.nets.preview_look import look

        weights = self._weights
        seen = look(weights.net, rgb, focal_over_width, known=known, pixels=weights.pixels)
        return seen._replace(log_sigma=weights.calibrated(seen.log_sigma))

    @cached_property
    def _weights(self) -> "Weights":
        from recon.depth.nets.preview_look import read_weights

        if self.weights_file is not None:
            return read_weights(self.weights_file)
        with as_file(files("recon.depth") / _WEIGHTS) as path:
            return read_weights(path)


def estimate_by(
    look: "Callable[[NDArray[np.uint8], float, bool], Look]",
    photo: Photo,
    *,
    focal_px: float | None,
    model: str,
    revision: str | None,
    details: Mapping[str, Any],
) -> DepthEstimate:
    """The estimate that a run of the network gives, whatever runs it.

    Args:
        look: Runs it on a picture (H, W, 3), the focal length over the picture's width, and whether that is the
            camera's own; its standard deviation of log depth is calibrated.
        photo: As for ``Estimator.estimate``.
        focal_px: As for ``Estimator.estimate``.
        model: Of the estimate.
        revision: Of the estimate.
        details: Of the estimate, to which the size of the network's input is added.
    """
    import cv2

    from recon.depth.nets.joint_upsampling import upsample

    known = focal_px is not None
    if focal_px is None:
        focal_px = Intrinsics.default(width=photo.width, height=photo.height).fx
    padded, left, top = _padded(photo.rgb)
    high, wide = padded.shape[:2]
    seen = look(padded, focal_px / wide, known)
    inside = (slice(top, top + photo.height), slice(left, left + photo.width))
    log_inverse = upsample(seen.log_inverse, padded, solid(seen.sky))[inside]
    sky = upsample(seen.sky, padded)[inside] > 0.5
    # As a scene file stores it, so that a scene that was saved measures the same.
    whole = cv2.resize(seen.log_sigma, (wide, high), interpolation=cv2.INTER_LINEAR)[inside].astype(
        np.float16
    )
    z_m = np.float32(focal_px / wide) * np.exp(-log_inverse)
    # The maps are of half the size of the network's input.
    size = {"processing_width": 2 * seen.sky.shape[1], "processing_height": 2 * seen.sky.shape[0]}
    return DepthEstimate(
        depth=MetricDepth(z_m=z_m, valid=~sky, log_sigma=whole.astype(np.float32)),
        model=model,
        revision=revision,
        focal_used_px=focal_px,
        sky=sky,
        details={**details, **size},
    )


def solid(sky: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel of the network's map counts, from its probability of sky: what touches the sky has blurred
    depth, and counts only where there is nothing else, as in a pole.
    """
    import cv2

    solid = np.clip(1 - 2 * sky, 0, 1).astype(np.float32)
    return np.asarray(cv2.erode(solid, np.ones((3, 3), np.uint8)) + np.float32(1e-3) * solid, np.float32)


def _padded(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int, int]:
    """The photo with its border repeated, so that it is no strip, and the pixels added at the left and top."""
    import cv2

    height, width = rgb.shape[:2]
    down = max(0, round(width / _WIDEST) - height)
    across = max(0, round(height / _TALLEST) - width)
    if not down and not across:
        return rgb, 0, 0
    left, top = across // 2, down // 2
    padded = cv2.copyMakeBorder(rgb, top, down - top, left, across - left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), left, top


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name=PREVIEW,
        gives="metric",
        summary="rough, bundled: a small network trained on generated scenes and a few photos; for a first look only",
        create=_create,
        licence="Apache-2.0",
        commercial=True,
        masks_sky=True,
    ),
)
