"""The uncertainty budget: which errors are included in a scene's measurements, and how large they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_models import assumed_error_model, known_error_model
from recon.calibration.report import unfit_text
from recon.constraints import PICKING_PX
from recon.error_model import ErrorModel
from recon.estimator_names import DEPTH_PRO, MEASURED, RELATIVE_FILE
from recon.measure.measurement import MeasurementError
from recon.provenance import CalibrationRecord
from recon.scene import Scene
from recon.types import FloatMap
from recon.units import counted, scale_text

Array = NDArray[np.float64]

_EXIF_FOCAL_SIGMA = 0.015
"""Relative standard deviation of a focal length from EXIF: 35 mm equivalents are rounded, and off by 0.1 to 1.3 %."""
_COARSEST_STEP_M = 0.05
"""A depth file with a larger unit stores fractions of it and is not quantised."""


@dataclass(frozen=True)
class Assumptions:
    """Assumptions about the errors, stated by the user."""

    pixel_sigma_px: float = PICKING_PX
    """Standard deviation of each picked position along x and y, px."""
    depth_sigma: float | None = None
    """Relative standard deviation of the depth, independent from pixel to pixel; replaces the error model."""
    depth_sigma_m: float | None = None
    """The same in m."""
    error_models: Mapping[str, ErrorModel] = field(default_factory=dict)
    """Error models by estimator, which replace the built-in ones (``error_models.read_error_models``)."""

    def __post_init__(self) -> None:
        for name in ("pixel_sigma_px", "depth_sigma", "depth_sigma_m"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value}")
        if sum(bool(x) for x in (self.depth_sigma, self.depth_sigma_m, self.error_models)) > 1:
            raise ValueError("give one of depth_sigma, depth_sigma_m and error_models")


@dataclass(frozen=True)
class _Calibrated:
    """The calibration ``1 / z = scale * value + shift``, with the covariance of its parameters."""

    scale: float
    shift: float
    covariance: Array
    anchors: Array
    """(P, 4) points x, y, px, and the sensitivity of scale and shift to the depth error at each."""

    def jacobian(self, z_m: Array) -> Array:
        """(N, 2) derivatives of log depth by scale and shift: d log z = -z (value d scale + d shift)."""
        value = (1 / z_m - self.shift) / self.scale
        return np.asarray(-z_m[:, None] * np.stack([value, np.ones_like(z_m)], axis=1))


@dataclass(frozen=True)
class Budget:
    """The errors of measurements in one scene."""

    depth_error: ErrorModel | None
    """Error model of the depth; None if unknown."""
    absolute_m: float
    """Standard deviation of a depth error of constant size, independent from pixel to pixel, m."""
    calibration: _Calibrated | None
    calibrated: bool
    """Whether the common scale of all depths was fitted, which replaces the estimator's own error of scale."""
    pixel_sigma_px: float
    focal_sigma: float
    """Standard deviation of the logarithm of the focal length; 0 if it is not included."""
    depth_follows_focal: bool
    """Whether depth is proportional to the assumed focal length."""
    includes: tuple[str, ...]
    not_included: tuple[str, ...]
    unknown: str | None
    """Why there is no interval; None if there is one."""
    log_sigma: FloatMap | None = None
    """(H, W) standard deviation of log depth predicted by the estimator; None if it predicts none."""

    def log_depth_covariance(self, pixels_px: Array, z_m: Array, *, width: int, height: int) -> Array:
        """Covariance of the errors of log depth, (N, N) float64.

        Args:
            pixels_px: (N, 2) positions in the photo, px.
            z_m: (N,) depth at these positions, m.
            width: Width of the photo, px.
            height: Height of the photo, px.
        """
        total = np.zeros((len(z_m), len(z_m)))
        total += np.diag((self.absolute_m / z_m) ** 2)
        size = {"width": width, "height": height}
        if self.depth_error is not None:
            factor = self.depth_error.factors(self.log_sigma, pixels_px)
            total += self.depth_error.covariance(pixels_px, calibrated=self.calibrated, factor=factor, **size)
        if self.calibration is not None:
            jacobian = self.calibration.jacobian(z_m)
            total += jacobian @ self.calibration.covariance @ jacobian.T
            if self.depth_error is not None and len(self.calibration.anchors):
                # The part of the depth error that the calibration has compensated (``recon.calibration.gain``).
                at_px, gains = self.calibration.anchors[:, :2], self.calibration.anchors[:, 2:]
                factors = [
                    self.depth_error.factors(self.log_sigma, some_px) for some_px in (at_px, pixels_px)
                ]
                shared = self.depth_error.between(
                    at_px, pixels_px, one_factor=factors[0], other_factor=factors[1], **size
                )
                compensated = jacobian @ gains.T @ shared
                total -= compensated + compensated.T
        return total


def budget_of(scene: Scene, assume: Assumptions) -> Budget:
    """Collects the errors of a scene's depth and camera.

    The depth error is taken from the user's assumptions, otherwise from the error model in the scene's provenance.

    Raises:
        MeasurementError: ``assume.error_models`` has none for the scene's estimator.
    """
    calibration = scene.provenance.calibration
    includes: list[str] = []
    missing: list[str] = []
    if assume.pixel_sigma_px:
        includes.append(f"picking ({assume.pixel_sigma_px:g} px)")
    else:
        missing.append("picking")
    depth_error, unknown = _depth_error(scene, assume, includes, missing)
    # The anchors are valid only for the errors that were assumed when the calibration was fitted.
    stated = assume.depth_sigma is not None or assume.depth_sigma_m is not None
    as_fitted = not stated and not assume.error_models
    step_m = 0.0 if assume.depth_sigma_m is not None else _step_m(scene, includes)
    calibrated = None if calibration is None else _calibrated(calibration, includes, missing, as_fitted)
    focal_sigma = _focal_sigma(scene, calibration, includes, missing)
    return Budget(
        depth_error=depth_error,
        # A rounding error is uniformly distributed over the step (JCGM 100:2008, 4.3.7).
        absolute_m=assume.depth_sigma_m or step_m / 12**0.5,
        calibration=calibrated,
        calibrated=calibration is not None,
        pixel_sigma_px=assume.pixel_sigma_px,
        focal_sigma=focal_sigma,
        depth_follows_focal=calibration is None and _follows_focal(scene),
        includes=tuple(includes),
        not_included=tuple(missing),
        unknown=unknown,
        log_sigma=None if stated else scene.depth.log_sigma,
    )


def unfit_reason(scene: Scene, assume: Assumptions) -> str | None:
    """Why a scene is unfit for measuring, in one sentence; None if it is fit, or the user states the errors.

    Raises:
        MeasurementError: As ``budget_of``.
    """
    if assume.depth_sigma is not None or assume.depth_sigma_m is not None:
        return None
    return unfit_text(_depth_error(scene, assume, [], [])[0])


def _depth_error(
    scene: Scene,
    assume: Assumptions,
    includes: list[str],
    missing: list[str],
) -> tuple[ErrorModel | None, str | None]:
    """The error model of the depth, or why there is none."""
    name = _estimator(scene)
    if assume.depth_sigma_m is not None:
        includes.append(f"the depth error ({assume.depth_sigma_m:g} m, as stated)")
        return None, None
    if assume.depth_sigma is not None:
        includes.append(f"the depth error ({100 * assume.depth_sigma:g} %, as stated)")
        return _independent(assume.depth_sigma), None
    model = _error_model(scene, assume.error_models, name)
    if model is not None:
        basis = _basis(model)
        if scene.depth.log_sigma is not None:
            scaled = "on average, scaled by its predicted uncertainty"
            basis = f"{scaled if model.typical_sigma else 'widened where its predictions disagree'}, {basis}"
        includes.append(
            f"the error of {model.estimator} ({100 * model.spread:.1f} % of the distance, {basis})"
        )
        return model, None
    if name == MEASURED:
        sensor = replace(assumed_error_model(name), scale=0.0)
        includes.append(
            f"the sensor's error ({100 * sensor.local:g} %, assumed; state it with --depth-sigma)"
        )
        return sensor, None
    if name is None:
        return None, "the scene does not record the source of its depth; state its error with --depth-sigma"
    measuring = f"measure it with `recon eval FOLDER --model {name} --error-model FILE`, or "
    # Depth that another program wrote cannot be evaluated: that program cannot be run on photos with ground truth.
    return None, (
        f"there is no error model for {name}; {'' if name == RELATIVE_FILE else measuring}state its error with "
        "--depth-sigma"
    )


def _basis(model: ErrorModel) -> str:
    """What an error model was fitted to; the source of one from `recon eval` itself starts with the number."""
    if model.photos <= 1:
        return model.source
    count = counted(model.photos, "photo")
    return (
        f"measured on {model.source}"
        if model.source.startswith(count)
        else f"measured on {count}: {model.source}"
    )


def _step_m(scene: Scene, includes: list[str]) -> float:
    """Quantisation step of a measured depth file, m; 0 if it is not quantised."""
    model = scene.provenance.model
    step_m = (model.unit_m if model is not None else None) or 0.0
    if not 0 < step_m < _COARSEST_STEP_M or scene.provenance.calibration is not None:
        return 0.0
    includes.append(f"the resolution of the depth file ({1000 * step_m:.3g} mm)")
    return float(step_m)


def _error_model(scene: Scene, given: Mapping[str, ErrorModel], name: str | None) -> ErrorModel | None:
    if given:
        if name is None or name not in given:
            raise MeasurementError(
                f"the scene's depth comes from {name or 'an unknown source'}, but the error model is for "
                f"{', '.join(given)}"
            )
        return given[name]
    recorded = scene.provenance.error_model
    return known_error_model(name) if recorded is None and name is not None else recorded


def _independent(sigma: float) -> ErrorModel:
    return ErrorModel("", scale=0.0, smooth=0.0, reach=1.0, local=sigma, photos=0, source="stated")


def _estimator(scene: Scene) -> str | None:
    return scene.provenance.model_name


def _calibrated(
    calibration: CalibrationRecord, includes: list[str], missing: list[str], as_fitted: bool
) -> _Calibrated | None:
    if calibration.covariance is None:
        missing.append("the error of the calibration, which is missing from this scene file")
        return None
    notes = [f"scale {scale_text(calibration.scale_interval)}"] if calibration.scale_interval else []
    if not calibration.has_constraints:
        notes.append(f"assuming {calibration.reference} is correct")
    includes.append(
        f"the calibration with {calibration.reference}" + (f" ({', '.join(notes)})" if notes else "")
    )
    anchors = np.array(calibration.anchors if as_fitted else (), np.float64).reshape(-1, 4)
    return _Calibrated(calibration.scale, calibration.shift, np.array(calibration.covariance), anchors)


def _focal_sigma(
    scene: Scene, calibration: CalibrationRecord | None, includes: list[str], missing: list[str]
) -> float:
    """Standard deviation of the logarithm of the focal length; extends the lists of included and missing errors."""
    source = scene.intrinsics.source
    sigma = None if scene.provenance.focal is None else scene.provenance.focal.sigma
    if sigma is None and source == "fit" and calibration is not None:
        sigma = calibration.focal_sigma
    if sigma is None and source == "exif":
        sigma = _EXIF_FOCAL_SIGMA
    if sigma:
        origin = {"exif": "from EXIF", "fit": "from the calibration"}.get(source, f"source: {source}")
        includes.append(f"the focal length {origin} ({100 * sigma:.1f} %)")
        return float(sigma)
    not_included = {
        "model": "the error of the focal length, which a model predicted",
        "default": "the error of the focal length, which is a guess",
        "fit": "the error of the fitted focal length, which is missing from this scene file",
    }.get(source)
    if not_included is not None:
        missing.append(not_included)
    return 0.0


def _follows_focal(scene: Scene) -> bool:
    recorded = None if scene.provenance.focal is None else scene.provenance.focal.sets_depth
    # Older scenes do not have this key: only the depth of Depth Pro is proportional to the focal length.
    return bool(recorded) if recorded is not None else _estimator(scene) == DEPTH_PRO
