"""The embedded default: a floor and a back wall, for a machine without weights and without a network.

It is a prior, not a measurement: the stage, a level floor that meets a wall, that comes nearest to the typical depth
of each row of a photo, as ``tools/preview`` learned it from generated scenes. It does not see what is in the photo.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.journal import Journal
from recon.types import DEFAULT_FOV_X_DEG, DepthEstimate, Intrinsics, MetricDepth, Photo

WARNING = (
    "depth is a rough preview, a floor and a back wall at typical distances: it does not look at the photo, and "
    "metres are guesses. For real depth run `recon models pull depthpro` once, or give --depth FILE"
)


@dataclass(frozen=True)
class _Stage:
    """A level camera in front of a wall."""

    height_m: float
    """Of the camera above the floor. Smaller than a person's: tables and sofas stand on most floors."""
    wall_m: float
    """Distance of the wall."""

    def log_depth(self, slope: NDArray[Any]) -> NDArray[Any]:
        """log of z in m of rays that fall by ``slope`` m per m forward."""
        falling = np.maximum(slope, 1e-9)
        return np.log(np.minimum(np.asarray(self.height_m) / falling, self.wall_m))


@dataclass
class Preview:
    """Depth of the stage at every pixel; a known focal length sets the rays."""

    name: str = "preview"
    gives: Literal["metric"] = "metric"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """The prior on the photo's grid.

        Args:
            photo: Only its size matters.
            focal_px: Focal length, px; None takes the default field of view.
            journal: Gets the warning.
        """
        journal.warn("model", WARNING)
        if focal_px is None:
            focal_px = Intrinsics.from_fov(
                DEFAULT_FOV_X_DEG, width=photo.width, height=photo.height, source="default"
            ).fx
        stage, source = _stage()
        slope = (np.arange(photo.height) + 0.5 - photo.height / 2) / focal_px
        z_m = np.exp(stage.log_depth(slope)).astype(np.float32)
        shape = (photo.height, photo.width)
        return DepthEstimate(
            depth=MetricDepth(
                z_m=np.repeat(z_m[:, None], photo.width, axis=1), valid=np.ones(shape, np.bool_)
            ),
            model=self.name,
            focal_used_px=focal_px,
            details={
                "method": "floor and back wall",
                "camera_height_m": stage.height_m,
                "wall_m": stage.wall_m,
                "source": source,
            },
        )


@cache
def _stage() -> tuple[_Stage, str]:
    """The stage nearest to the learned row curve (mean absolute difference of log depth), and the curve's source."""
    prior = json.loads((files("recon.depth") / "preview_prior.json").read_text(encoding="utf-8"))
    focal = prior["focal_over_width"]
    # The curve is canonical inverse depth C = f / (W z), of landscape pictures of 4:3.
    learned = np.log(focal) - np.array(prior["log_canonical_inverse_depth"])
    slope = (np.array(prior["rows"]) - 0.5) * (3 / 4) / focal
    stages = [_Stage(h, w) for h in np.arange(0.5, 2.01, 0.05) for w in np.arange(2.0, 8.01, 0.1)]
    best = min(stages, key=lambda stage: float(np.abs(stage.log_depth(slope) - learned).mean()))
    return _Stage(round(float(best.height_m), 2), round(float(best.wall_m), 2)), prior["source"]


def _create(run: RunOptions) -> Estimator:
    return Preview()


CARDS = (
    ModelCard(
        name="preview",
        gives="metric",
        summary="rough geometric prior, embedded: a floor and a back wall; for a first look only",
        create=_create,
        licence="Apache-2.0",
    ),
)
