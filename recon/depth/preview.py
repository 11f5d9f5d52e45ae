"""The embedded default: a small network of our own, for a machine without weights and without a network.

It was trained by ``tools/preview`` on generated scenes alone and works on a thumbnail of the photo: rooms and streets
become recognisable, details do not, and metres are guesses. Its MODEL_CARD.md has the figures.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.estimator_names import PREVIEW
from recon.journal import Journal
from recon.types import DepthEstimate, Intrinsics, MetricDepth, Photo

if TYPE_CHECKING:
    from recon.depth.nets.preview import Weights

_NOTE = f"{PREVIEW}: a small bundled network; shapes are coarse, metres are guesses"
_WEIGHTS = "preview.safetensors"


@dataclass
class Preview:
    """Depth by the embedded network. The focal length is not its own: it predicts none that can be trusted."""

    name: str = PREVIEW
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Depth on the photo's grid: ``z = (f / W) / C``, with the network's canonical inverse depth C.

        Args:
            photo: Any size; the network sees a thumbnail of it.
            focal_px: Focal length, px; None takes the default field of view.
            journal: Told that the depth is rough, unless the choice of this model said so already.
        """
        from recon.depth.nets.joint_upsampling import upsample

        if not any(entry.values.get("chosen") == self.name for entry in journal.entries):
            journal.decide("model", _NOTE)
        if focal_px is None:
            focal_px = Intrinsics.default(width=photo.width, height=photo.height).fx
        with journal.stage("Estimating depth with the preview network"):
            log_inverse, likely_sky = self._predict(photo.rgb)
            log_inverse = upsample(log_inverse, photo.rgb)
            sky = upsample(likely_sky, photo.rgb) > 0.5
        z_m = np.float32(focal_px / photo.width) * np.exp(-log_inverse)
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

        found = look(self._weights.net, rgb, self._weights.pixels)
        return found.log_inverse[0].numpy(), torch.sigmoid(found.sky_logit[0]).numpy()


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name=PREVIEW,
        gives="metric",
        summary="rough, embedded: a small network trained on generated scenes; for a first look only",
        create=_create,
        licence="Apache-2.0",
    ),
)
