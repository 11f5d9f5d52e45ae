"""Brings the depth of one model to that of another: a scale for metric depth, scale and shift of inverse depth for
relative depth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.evaluate.metrics.depth_errors import fit_inverse, median_scale
from recon.types import BoolMap, DepthEstimate, FloatMap, MetricDepth
from recon.units import significant

Kind = Literal["reference", "scale", "scale+shift"]
_NEAR, _FAR = 1.0, 10.0
"""Where no depth is metric, the nearest and the farthest percent of the reference, in a unit without meaning."""


@dataclass(frozen=True)
class Alignment:
    """``z = scale * depth`` of metric depth, ``1 / z = scale * inverse + shift`` of relative depth."""

    kind: Kind
    scale: float = 1.0
    shift: float = 0.0
    """1/m; 0 for metric depth."""
    farthest: float = float("inf")
    """Relative depth is limited to this, m, also where the fit puts it behind the camera."""

    def apply(self, estimate: DepthEstimate) -> FloatMap:
        """(H, W) float32 aligned depth, m; meaningless where it is not valid."""
        depth = estimate.depth
        if isinstance(depth, MetricDepth):
            return np.asarray(depth.z_m * np.float32(self.scale), np.float32)
        inverse = self.scale * depth.inverse.astype(np.float64) + self.shift
        return np.asarray(1 / np.maximum(inverse, 1 / self.farthest), np.float32)

    def text(self, unit: str) -> str:
        """In words: ``depth x 1.08``."""
        if self.kind == "reference":
            return "the reference"
        if self.kind == "scale":
            return f"depth x {significant(self.scale, 3)}"
        sign = "-" if self.shift < 0 else "+"
        scale, shift = significant(self.scale, 3), significant(abs(self.shift), 3)
        fit = f"1/z = {scale} · output {sign} {shift} 1/{unit}"
        return fit if self.scale >= 0 else f"{fit}, reversed: its near is the reference's far"


def of_reference(estimate: DepthEstimate) -> Alignment:
    """The alignment of the reference itself: none for metric depth; for relative depth, a range of 1 to 10 units."""
    depth = estimate.depth
    if isinstance(depth, MetricDepth):
        return Alignment("reference")
    low, high = (float(value) for value in np.percentile(depth.inverse[depth.valid], (1, 99)))
    scale = (1 / _NEAR - 1 / _FAR) / ((high - low) or 1.0)
    return Alignment("reference", scale, 1 / _FAR - scale * low, _FAR)


def align(estimate: DepthEstimate, reference: FloatMap, both: BoolMap) -> Alignment:
    """The alignment of an estimate.

    Args:
        estimate: Of the same photo.
        reference: (H, W) depth of the reference.
        both: (H, W) the pixels to fit, at least one: both depths are valid there.
    """
    depth = estimate.depth
    wanted = _values(reference, both)
    if isinstance(depth, MetricDepth):
        return Alignment("scale", median_scale(_values(depth.z_m, both), wanted))
    fit = fit_inverse(_values(depth.inverse, both), wanted)
    return Alignment("scale+shift", fit.scale, fit.shift, fit.farthest_m)


def _values(map_: FloatMap, both: BoolMap) -> NDArray[np.float64]:
    return np.asarray(map_[both], np.float64)
