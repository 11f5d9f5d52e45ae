"""Outlines at the photo's edges: an estimator around an estimator whose map is coarser than the photo.

Networks predict at their own size, and the map is interpolated to the photo, which smears each outline over as many
pixels as the photo is larger. Here the map is taken back to that size and brought to the photo's by its colours.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.depth.estimator import Estimator
from recon.estimator_names import PREVIEW
from recon.journal import Journal
from recon.options import Refinement
from recon.types import BoolMap, DepthEstimate, DepthKind, FloatMap, MetricDepth, Photo, RelativeDepth

_LEAST_RATIO = 1.2
"""A photo that is larger than the map by less gains nothing."""
_LIFT = 0.25
"""Relative depth has no zero: its range is taken to begin at this share of its width, to have a logarithm."""


class Refined:
    """Runs an estimator and refines its outlines."""

    def __init__(self, inner: Estimator, how: Refinement) -> None:
        """Takes the estimator and the method."""
        self.inner = inner
        self.name: str = inner.name
        self.gives: DepthKind = inner.gives
        self._how = how

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """The estimate with refined depth; all else stays. Errors as for the estimator."""
        estimate = self.inner.estimate(photo, focal_px=focal_px, journal=journal)
        width, height = (estimate.details.get(f"processing_{side}") for side in ("width", "height"))
        reason = None
        if self.name == PREVIEW:
            reason = "its outlines follow the photo already"
        elif not (isinstance(width, int) and isinstance(height, int)):
            reason = "the size of its map is not known"
        elif min(photo.width / width, photo.height / height) < _LEAST_RATIO:
            reason = "its map is about as large as the photo"
        elif not estimate.depth.valid.any():
            reason = "it found no depth"
        if reason is not None:
            journal.warn("options", f"--refine has no effect on {self.name}: {reason}", option="--refine")
            return estimate
        with journal.stage("Refining outlines"):
            depth = refine(estimate.depth, photo.rgb, self._how, width=int(width), height=int(height))  # type: ignore[arg-type]
        return replace(estimate, depth=depth, details={**estimate.details, "refine": self._how})


def refine(
    depth: MetricDepth | RelativeDepth,
    rgb: NDArray[np.uint8],
    how: Refinement,
    *,
    width: int,
    height: int,
) -> MetricDepth | RelativeDepth:
    """Depth whose outlines follow the photo.

    Args:
        depth: (H, W), interpolated from a smaller map.
        rgb: (H, W, 3) the photo.
        how: ``guided`` or ``bilateral``.
        width: Width of the smaller map, px.
        height: Height of the smaller map, px.
    """
    valid = depth.valid
    if isinstance(depth, MetricDepth):
        log_inverse = -np.log(depth.z_m, out=np.zeros_like(depth.z_m), where=valid)
        z_m = np.exp(-_from_small(log_inverse, valid, rgb, how, width, height))
        return replace(depth, z_m=np.where(valid, z_m, depth.z_m))
    known = depth.inverse[valid]
    low, span = float(known.min()), float(np.ptp(known)) or 1.0
    lifted = np.where(valid, depth.inverse - np.float32(low - _LIFT * span), np.float32(1))
    inverse = np.exp(_from_small(np.log(lifted), valid, rgb, how, width, height)) + np.float32(
        low - _LIFT * span
    )
    return replace(depth, inverse=np.where(valid, inverse, depth.inverse))


def _from_small(
    log_inverse: FloatMap, valid: BoolMap, rgb: NDArray[np.uint8], how: Refinement, width: int, height: int
) -> FloatMap:
    """The map taken to the smaller size, where the network predicted it, and from there to the photo's."""
    import cv2

    # The pixels at the centres of the small ones are those that interpolation has not changed.
    small = np.asarray(cv2.resize(log_inverse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    share = cv2.resize(valid.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    weight = np.asarray(share > 0.99, np.float32)
    if how == "bilateral":
        from recon.depth.nets.joint_bilateral import bilateral

        return bilateral(small, rgb, weight)
    from recon.depth.nets.joint_upsampling import upsample

    return upsample(small, rgb, weight)
