"""The embedded default: a small network of our own, for a machine without weights and without a network.

It was trained by ``tools/preview`` on generated scenes alone and works on a thumbnail of the photo: rooms and streets
become recognisable, details do not, and metres are guesses. Its MODEL_CARD.md has the figures.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from math import ceil
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions, check_shape
from recon.estimator_names import PREVIEW
from recon.journal import Journal
from recon.types import DepthEstimate, Intrinsics, MetricDepth, Photo

if TYPE_CHECKING:
    from recon.depth.nets.preview import Weights

_NOTE = f"{PREVIEW}: a small bundled network; shapes are coarse, metres are guesses"
_WEIGHTS = "preview.safetensors"
_NARROWEST = 0.5
"""Width by height of the narrowest photos that the network was trained on."""


@dataclass
class Preview:
    """Depth by the embedded network. The focal length is not its own: it predicts none that can be trusted."""

    name: str = PREVIEW
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Depth on the photo's grid: ``z = (f / W) / C``, with the network's canonical inverse depth C.

        Args:
            photo: The network sees a thumbnail of it, with its outer columns repeated where it is very tall.
            focal_px: Focal length, px; None takes the default field of view.
            journal: Receives a note that the depth is rough, unless the choice of this model has reported it.
        """
        from recon.depth.nets.joint_upsampling import upsample

        check_shape(photo, self.name)
        if not any(entry.values.get("chosen") == self.name for entry in journal.entries):
            journal.decide("model", _NOTE)
        if focal_px is None:
            focal_px = Intrinsics.default(width=photo.width, height=photo.height).fx
        with journal.stage("Estimating depth with the preview network"):
            padded, columns = _padded(photo.rgb)
            log_inverse, likely_sky = (_within(each, columns) for each in self._predict(padded))
            log_inverse = upsample(log_inverse, photo.rgb)
            sky = upsample(likely_sky, photo.rgb) > 0.5
        z_m = np.float32(focal_px / padded.shape[1]) * np.exp(-log_inverse)
        return DepthEstimate(
            depth=MetricDepth(z_m=z_m, valid=~sky),
            model=self.name,
            revision=f"{self._weights.samples} samples",
            focal_used_px=focal_px,
            sky=sky,
            details={"network": "recon preview", "processing_pixels": self._weights.pixels},
        )

    @cached_property
    def _weights(self) -> "Weights":
        from recon.depth.nets.preview import read_weights

        with as_file(files("recon.depth") / _WEIGHTS) as path:
            return read_weights(path)

    def _predict(self, rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The network's maps, (h, w): log canonical inverse depth, and the probability of sky."""
        import torch

        from recon.depth.nets.preview import look

        prediction = look(self._weights.net, rgb, self._weights.pixels)
        return prediction.log_inverse[0].numpy(), torch.sigmoid(prediction.sky_logit[0]).numpy()


def _padded(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """A photo that is not narrower than the network knows: half as wide as high. The canonical depth of narrower ones
    collapses (0.07 of the room at 1:10), and with their outer columns repeated it is within a third of it.

    Returns:
        The padded photo, and where the photo lies in it: shares of its width.
    """
    height, width = rgb.shape[:2]
    missing = max(0, ceil(height * _NARROWEST) - width)
    left = missing // 2
    if not missing:
        return rgb, (0.0, 1.0)
    padded = np.pad(rgb, ((0, 0), (left, missing - left), (0, 0)), mode="edge")
    return padded, (left / padded.shape[1], (left + width) / padded.shape[1])


def _within(values: NDArray[np.float32], columns: tuple[float, float]) -> NDArray[np.float32]:
    """The columns of a map between two shares of its width, at its own spacing: at least one."""
    if columns == (0.0, 1.0):
        return values
    width = values.shape[1]
    first, last = columns[0] * width, columns[1] * width
    count = max(1, round(last - first))
    at = first + (np.arange(count) + 0.5) * (last - first) / count - 0.5
    before = np.clip(np.floor(at).astype(int), 0, width - 1)
    after = np.minimum(before + 1, width - 1)
    share = np.clip(at - before, 0, 1).astype(np.float32)
    return np.ascontiguousarray(values[:, before] * (1 - share) + values[:, after] * share)


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name=PREVIEW,
        gives="metric",
        summary="rough, embedded: a small network trained on generated scenes; for a first look only",
        create=_create,
        licence="Apache-2.0",
        commercial=True,
        masks_sky=True,
    ),
)
