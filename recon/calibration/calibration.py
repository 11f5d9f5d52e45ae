"""A calibration: the mapping from an estimator's depth to metres, its uncertainty, and the data it was fitted to.

Relative depth is inverse depth up to scale and shift, ``1 / z = s * r + t``; a metric model is off by one scale, so
``1 / z = s * (1 / z_model)`` and t = 0, unless the shift was fitted as well.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recon.errors import CalibrationError
from recon.strict_json import as_kind, read_json
from recon.types import (
    FARTHEST_M,
    LEAST_LOG_SIGMA,
    NEAREST_M,
    BoolMap,
    FloatMap,
    MetricDepth,
    RelativeDepth,
)

_FORMAT = "recon-calibration-3"
_EXTREME = 1e15
"""Scales and focal lengths beyond it, or below its inverse, are damage: float32 depths would overflow."""


@dataclass(frozen=True)
class Residual:
    """How well one constraint is met."""

    constraint: str
    """As on the command line."""
    given_m: float
    """The known length, m."""
    fitted_m: float
    """The same length after the fit, m."""
    given_sigma: float
    """Standard deviation of the logarithm of the given length, including the picking error."""
    sigma: float
    """Expected standard deviation of ``log(fitted_m / given_m)``, from the given length and the estimator."""
    used: bool
    """False: the constraint disagrees with the others and was rejected."""

    @property
    def off(self) -> float:
        """Calibrated over known length, less 1."""
        return self.fitted_m / self.given_m - 1


@dataclass(frozen=True)
class Calibration:
    """The fit ``1 / z = scale * value + shift``; ``value`` is relative, or a metric model's own ``1 / z``."""

    kind: Literal["relative", "metric"]
    """Kind of depth that it applies to."""
    scale: float
    """1/m per unit of relative inverse depth; no unit for a metric model."""
    shift: float
    """1/m."""
    covariance: tuple[tuple[float, float], tuple[float, float]]
    """Of (scale, shift); to be combined with ``anchors`` if there are any."""
    relative_error: float | None
    """Robust standard deviation of the relative depth residuals; None if it cannot be estimated (as many unknowns as
    constraints, or constraints that agree within their own uncertainty)."""
    outliers: float
    """Fraction of outliers among the reference's pixels, or among the constraints if there is no reference."""
    max_depth_m: float
    """Greatest distance, m, up to which the fit is valid."""
    scale_interval: float
    """Relative half-width of the 95 % interval of the mean depth of the scene."""
    model: str
    """Name of the calibrated estimator."""
    reference: str
    """Description of the reference or constraints."""
    photo: str | None = None
    """File name of the photo used for the calibration."""
    width: int = 0
    """Width of that photo, px."""
    height: int = 0
    """Height of that photo, px."""
    focal_px: float | None = None
    """Focal length for which the metric scale holds, px; None if unknown."""
    focal_sigma: float | None = None
    """Standard deviation of its logarithm, if it was fitted to the constraints."""
    constraints: tuple[Residual, ...] = ()
    """Residuals of the user's constraints."""
    scale_prior: float | None = None
    """Prior standard deviation of the logarithm of a metric model's scale; None if there was no prior, or if the
    constraints contradict it."""
    contradictory: bool = False
    """Whether the constraints contradict each other by more than the estimator's errors explain, and no majority of
    them identifies the wrong one; the interval of the scale then covers them."""
    anchors: tuple[tuple[float, float, float, float], ...] = ()
    """Points (x, y), px, whose errors of log depth the fit absorbed, and the (negated) change of scale (1) and shift
    (1/m) caused by each: measurements near these points are more certain than those far from them."""


def apply(calibration: Calibration, depth: RelativeDepth | MetricDepth) -> MetricDepth:
    """Applies a calibration; pixels beyond its ``max_depth_m`` become invalid.

    Args:
        calibration: Of the same kind as the depth.
        depth: (H, W).

    Raises:
        CalibrationError: The calibration is for the other kind of depth.
    """
    if (calibration.kind == "relative") != isinstance(depth, RelativeDepth):
        raise CalibrationError(
            f"the calibration is for the {calibration.kind} depth of {calibration.model}: create one for this "
            "model with `recon calibrate`"
        )
    if isinstance(depth, RelativeDepth):
        inverse = np.float32(calibration.scale) * depth.inverse + np.float32(calibration.shift)
        metric = _inverted(inverse, depth.valid, calibration)
        if depth.sigma is None:
            return metric
        log_sigma = np.abs(np.float32(calibration.scale)) * depth.sigma * metric.z_m
        return replace(metric, log_sigma=np.maximum(log_sigma, np.float32(LEAST_LOG_SIGMA)))
    if calibration.shift == 0:
        scaled = _metric(depth.z_m / np.float32(calibration.scale), depth.valid, calibration)
        return replace(scaled, log_sigma=depth.log_sigma, normals=depth.normals)
    inverse = np.zeros_like(depth.z_m)
    np.divide(np.float32(calibration.scale), depth.z_m, out=inverse, where=depth.valid)
    shifted = _inverted(inverse + np.float32(calibration.shift), depth.valid, calibration)
    # As for the error model, the errors of log depth are those of before the shift, which is small.
    return replace(shifted, log_sigma=depth.log_sigma, normals=depth.normals)


def _inverted(inverse: FloatMap, known: BoolMap, calibration: Calibration) -> MetricDepth:
    """Depth from inverse depth, 1/m."""
    valid: BoolMap = known & (inverse > np.float32(1 / FARTHEST_M))
    z_m: FloatMap = np.zeros_like(inverse)
    np.divide(np.float32(1.0), inverse, out=z_m, where=valid)
    return _metric(z_m, valid, calibration)


def _metric(z_m: FloatMap, valid: BoolMap, calibration: Calibration) -> MetricDepth:
    """Depth, m; invalid beyond the calibration's ``max_depth_m``, and where nothing is seen or no number is left."""
    farthest_m = min(calibration.max_depth_m, FARTHEST_M)
    usable: BoolMap = valid & (z_m > NEAREST_M) & (z_m < farthest_m)
    if valid.any() and not usable.any():
        raise CalibrationError(
            f"with this scale no pixel is between {NEAREST_M:g} m and {farthest_m:g} m away: check the units of what "
            "was given"
        )
    return MetricDepth(z_m=z_m, valid=usable, scale_interval=calibration.scale_interval)


def as_json(calibration: Calibration) -> dict[str, Any]:
    """A calibration as plain JSON values; an infinite distance becomes null."""
    limit_m = calibration.max_depth_m
    return {**asdict(calibration), "max_depth_m": limit_m if np.isfinite(limit_m) else None}


def recorded(values: Mapping[str, Any]) -> Calibration | None:
    """From what a scene holds of its calibration, which may be of another version; None: it cannot be read."""
    try:
        # The limit of distance means nothing for a finished scene, and may be infinite, which JSON does not have.
        return as_kind(Calibration, {**values, "max_depth_m": 1.0})
    except ValueError:
        return None


def dumps(calibration: Calibration) -> str:
    """The text of a calibration file (JSON)."""
    return json.dumps({"format": _FORMAT, **as_json(calibration)}, indent=1) + "\n"


def load(path: Path) -> Calibration:
    """Reads a calibration file.

    Raises:
        CalibrationError: The file is missing, or is not a calibration.
    """
    try:
        content = read_json(path)
    except OSError as error:
        raise CalibrationError(f"{path}: the calibration cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CalibrationError(f"{path} is not a calibration: {error}") from error
    form = content.get("format") if isinstance(content, dict) else None
    if form != _FORMAT:
        older = "was saved by another version of recon: recreate it with" if form else "was not saved by"
        raise CalibrationError(f"{path} {older} `recon calibrate`")
    values = {key: one for key, one in content.items() if key != "format"}
    try:
        unlimited = values.get("max_depth_m", 0.0) is None
        calibration = as_kind(Calibration, {**values, "max_depth_m": 1.0} if unlimited else values)
        _check_ranges(calibration)
    except ValueError as error:
        raise CalibrationError(f"{path} is a damaged calibration: {error}") from error
    return replace(calibration, max_depth_m=float("inf")) if unlimited else calibration


def _check_ranges(calibration: Calibration) -> None:
    for name in ("scale", "focal_px"):
        value = getattr(calibration, name)
        if value is not None and not 1 / _EXTREME <= value <= _EXTREME:
            raise ValueError(f"{name} must be between {1 / _EXTREME:g} and {_EXTREME:g}, got {value:g}")
    if calibration.max_depth_m <= 0:
        raise ValueError(f"max_depth_m must be positive, got {calibration.max_depth_m:g}")
    for name in (
        "relative_error",
        "outliers",
        "scale_interval",
        "focal_sigma",
        "scale_prior",
        "width",
        "height",
    ):
        value = getattr(calibration, name)
        if value is not None and value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value:g}")
