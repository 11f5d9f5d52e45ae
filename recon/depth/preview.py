"""The embedded default: depth by picture row, for a machine without weights and without a network.

It is a prior, not a measurement: the typical depth of a row of a photo, learned by ``tools/preview`` from generated
scenes. The floor recedes and the middle stands back; it does not see what is in the photo.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.journal import Journal
from recon.types import DEFAULT_FOV_X_DEG, DepthEstimate, Intrinsics, MetricDepth, Photo

WARNING = (
    "depth is a rough preview, the typical depth of each picture row: it does not look at the photo, and metres are "
    "guesses. For real depth run `recon models pull depthpro` once, or give --depth FILE"
)


@dataclass
class Preview:
    """Depth from the row alone: canonical inverse depth ``C = f / (W z)`` by a learned curve."""

    name: str = "preview"
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """The prior on the photo's grid; a known focal length scales it.

        Args:
            photo: Only its size matters.
            focal_px: Horizontal focal length, px; None takes the default field of view.
            journal: Gets the warning.
        """
        journal.warn("model", WARNING)
        prior = _prior()
        if focal_px is None:
            focal_px = Intrinsics.from_fov(
                DEFAULT_FOV_X_DEG, width=photo.width, height=photo.height, source="default"
            ).fx
        row = (np.arange(photo.height) + 0.5) / photo.height
        log_inverse = np.interp(row, prior["rows"], prior["log_canonical_inverse_depth"])
        z_m = (focal_px / photo.width * np.exp(-log_inverse)).astype(np.float32)
        shape = (photo.height, photo.width)
        return DepthEstimate(
            depth=MetricDepth(
                z_m=np.repeat(z_m[:, None], photo.width, axis=1), valid=np.ones(shape, np.bool_)
            ),
            model=self.name,
            focal_used_px=focal_px,
            details={"method": "row prior", "source": prior["source"]},
        )


@cache
def _prior() -> dict[str, Any]:
    text = (files("recon.depth") / "preview_prior.json").read_text(encoding="utf-8")
    prior: dict[str, Any] = json.loads(text)
    return prior


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name="preview",
        gives="metric",
        summary="rough geometric prior, embedded: typical depth by picture row; for a first look only",
        create=_create,
        licence="Apache-2.0",
    ),
)
