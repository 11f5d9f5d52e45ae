"""Which errors a scene's measurements have, as far as anybody knows: the uncertainty budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_model import ErrorModel
from recon.calibration.report import unfit_text
from recon.constraints import PICKING_PX
from recon.depth.names import DEPTH_PRO, MEASURED, RELATIVE_FILE
from recon.measure.measurement import MeasurementError
from recon.provenance import CalibrationRecord
from recon.scene import Scene

Array = NDArray[np.float64]

_EXIF_FOCAL_SIGMA = 0.015
"""Relative standard deviation of a focal length from EXIF: 35 mm equivalents are rounded, and off by 0.1 to 1.3 %."""
_COARSEST_STEP_M = 0.05
"""A depth file whose unit is larger holds fractions of it, and no steps."""


@dataclass(frozen=True)
class Assumptions:
    """What the user says about the errors."""

    pixel_sigma_px: float = PICKING_PX
    """Standard deviation of each picked position along x and y, px."""
    depth_sigma: float | None = None
    """Relative standard deviation of the depth, independent from pixel to pixel, in place of what is known."""
    depth_sigma_m: float | None = None
    """The same in m."""
    error_models: Mapping[str, ErrorModel] = field(default_factory=dict)
    """By estimator, in place of what is known (``recon.calibration.error_model.read_error_models``)."""

    def __post_init__(self) -> None:
        for name in ("pixel_sigma_px", "depth_sigma", "depth_sigma_m"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, got {value}")
        if sum(bool(x) for x in (self.depth_sigma, self.depth_sigma_m, self.error_models)) > 1:
            raise ValueError("give one of depth_sigma, depth_sigma_m and error_models")


@dataclass(frozen=True)
class _Calibrated:
    """``1 / z = scale * value + shift``, and how wrong the two are."""

    scale: float
    shift: float
    covariance: Array
    anchors: Array
    """(P, 4) points x, y, px, and how scale and shift have followed the depth's own error there."""

    def by_unknown(self, z_m: Array) -> Array:
        """(N, 2) change of log depth with scale and shift: d log z = -z (value d scale + d shift)."""
        value = (1 / z_m - self.shift) / self.scale
        return np.asarray(-z_m[:, None] * np.stack([value, np.ones_like(z_m)], axis=1))


@dataclass(frozen=True)
class Budget:
    """The errors of one scene's measurements."""

    spread: ErrorModel | None
    """Of the depth itself; None where it is not known."""
    absolute_m: float
    """Standard deviation of depth that is the same everywhere, and independent from pixel to pixel, m."""
    calibration: _Calibrated | None
    calibrated: bool
    """Whether the common factor of all depths was fitted, so that the estimator's own does not count."""
    pixel_sigma_px: float
    focal_sigma: float
    """Of the logarithm of the focal length; 0 where it is not counted."""
    depth_follows_focal: bool
    """Whether the metres were computed with the focal length."""
    includes: tuple[str, ...]
    not_included: tuple[str, ...]
    unknown: str | None
    """Why no interval can be given."""

    def log_depth_covariance(self, pixels_px: Array, z_m: Array, *, width: int, height: int) -> Array:
        """Covariance of the errors of log depth, (N, N) float64.

        Args:
            pixels_px: (N, 2) positions in the photo, px.
            z_m: (N,) depth there, m.
            width: Of the photo, px.
            height: Of the photo, px.
        """
        total = np.zeros((len(z_m), len(z_m)))
        total += np.diag((self.absolute_m / z_m) ** 2)
        size = {"width": width, "height": height}
        if self.spread is not None:
            total += self.spread.covariance(pixels_px, calibrated=self.calibrated, **size)
        if self.calibration is not None:
            modes = self.calibration.by_unknown(z_m)
            total += modes @ self.calibration.covariance @ modes.T
            if self.spread is not None and len(self.calibration.anchors):
                # What the calibration has taken up of the depth's own error (``recon.calibration.gain``).
                at_px, gains = self.calibration.anchors[:, :2], self.calibration.anchors[:, 2:]
                shared = self.spread.between(at_px, pixels_px, **size)
                taken = modes @ gains.T @ shared
                total -= taken + taken.T
        return total


def budget_of(scene: Scene, assume: Assumptions) -> Budget:
    """What is known about the errors of a scene's depth and camera.

    The depth's own error is taken from, in this order: what the user assumes; the error model in the scene's
    provenance; the one that is shipped for its estimator.

    Raises:
        MeasurementError: ``assume.error_models`` has none of the scene's estimator.
    """
    calibration = scene.provenance.calibration
    includes: list[str] = []
    missing: list[str] = []
    if assume.pixel_sigma_px:
        includes.append(f"picking ({assume.pixel_sigma_px:g} px)")
    else:
        missing.append("picking")
    spread, unknown = _spread_of(scene, assume, includes, missing)
    # Other errors than those that the calibration reckoned with do not go with what it took up of them.
    as_fitted = assume.depth_sigma is None and assume.depth_sigma_m is None and not assume.error_models
    step_m = 0.0 if assume.depth_sigma_m is not None else _step_m(scene, includes)
    calibrated = None if calibration is None else _calibrated(calibration, includes, missing, as_fitted)
    focal_sigma = _focal_sigma(scene, calibration, includes, missing)
    return Budget(
        spread=spread,
        # What is rounded to a step is evenly spread over it (JCGM 100:2008, 4.3.7).
        absolute_m=assume.depth_sigma_m or step_m / 12**0.5,
        calibration=calibrated,
        calibrated=calibration is not None,
        pixel_sigma_px=assume.pixel_sigma_px,
        focal_sigma=focal_sigma,
        depth_follows_focal=calibration is None and _follows_focal(scene),
        includes=tuple(includes),
        not_included=tuple(missing),
        unknown=unknown,
    )


def unfit_reason(scene: Scene, assume: Assumptions) -> str | None:
    """Why nothing should be measured in a scene, a sentence; None where it may be, or the user states the errors.

    Raises:
        MeasurementError: As ``budget_of``.
    """
    if assume.depth_sigma is not None or assume.depth_sigma_m is not None:
        return None
    return unfit_text(_spread_of(scene, assume, [], [])[0])


def _spread_of(
    scene: Scene,
    assume: Assumptions,
    includes: list[str],
    missing: list[str],
) -> tuple[ErrorModel | None, str | None]:
    """The depth's error model, or why nothing is known of it."""
    name = _estimator(scene)
    if assume.depth_sigma_m is not None:
        includes.append(f"the depth's error ({assume.depth_sigma_m:g} m, as stated)")
        return None, None
    if assume.depth_sigma is not None:
        includes.append(f"the depth's error ({100 * assume.depth_sigma:g} %, as stated)")
        return _independent(assume.depth_sigma), None
    found = _known_spread(scene, assume.error_models, name)
    if found is not None:
        seen = f"measured on {found.photos} photos: " if found.photos > 1 else ""
        includes.append(
            f"{found.estimator}'s error ({100 * found.spread:.1f} % of the distance, {seen}{found.source})"
        )
        return found, None
    if name == MEASURED:
        missing.append("the sensor's own error, which is not known (--depth-sigma states it)")
        return None, None
    if name is None:
        return None, "the scene does not tell what its depth comes from; --depth-sigma states its error"
    measuring = f"`recon eval FOLDER --model {name} --error-model FILE` does, and "
    # What another program wrote into a file cannot be run again on photos with known depth.
    return None, (
        f"nobody has measured how far {name} is off; {'' if name == RELATIVE_FILE else measuring}--depth-sigma "
        "states it"
    )


def _step_m(scene: Scene, includes: list[str]) -> float:
    """Step in which a measured depth's file counts, m; 0 where it does not count in steps."""
    model = scene.provenance.model
    step_m = (model.unit_m if model is not None else None) or 0.0
    if not 0 < step_m < _COARSEST_STEP_M or scene.provenance.calibration is not None:
        return 0.0
    includes.append(f"the steps of the depth file ({1000 * step_m:.3g} mm)")
    return float(step_m)


def _known_spread(scene: Scene, given: Mapping[str, ErrorModel], name: str | None) -> ErrorModel | None:
    if given:
        if name is None or name not in given:
            raise MeasurementError(
                f"the scene's depth comes from {name or 'an unknown source'}, but the error model is of "
                f"{', '.join(given)}"
            )
        return given[name]
    return scene.provenance.error_model


def _independent(sigma: float) -> ErrorModel:
    return ErrorModel("", scale=0.0, smooth=0.0, reach=1.0, local=sigma, photos=0, source="stated")


def _estimator(scene: Scene) -> str | None:
    return scene.provenance.model_name


def _calibrated(
    calibration: CalibrationRecord, includes: list[str], missing: list[str], as_fitted: bool
) -> _Calibrated | None:
    if calibration.covariance is None:
        missing.append("the calibration's error, which this scene file does not hold")
        return None
    told = [f"scale ± {100 * calibration.scale_interval:.1f} %"] if calibration.scale_interval else []
    if not calibration.has_constraints:
        told.append(f"if {calibration.reference} is right")
    includes.append(f"the calibration by {calibration.reference}" + (f" ({', '.join(told)})" if told else ""))
    anchors = np.array(calibration.anchors if as_fitted else (), np.float64).reshape(-1, 4)
    return _Calibrated(calibration.scale, calibration.shift, np.array(calibration.covariance), anchors)


def _focal_sigma(
    scene: Scene, calibration: CalibrationRecord | None, includes: list[str], missing: list[str]
) -> float:
    """Of the logarithm of the focal length; says what is counted, and what is not."""
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
    told = {
        "model": "the error of the focal length, which a model predicted",
        "default": "the error of the focal length, which is a guess",
        "fit": "the error of the fitted focal length, which this scene file does not hold",
    }.get(source)
    if told is not None:
        missing.append(told)
    return 0.0


def _follows_focal(scene: Scene) -> bool:
    told = None if scene.provenance.focal is None else scene.provenance.focal.sets_depth
    # Scenes of before that key: of the estimators, Depth Pro's metres go with the focal length.
    return bool(told) if told is not None else _estimator(scene) == DEPTH_PRO
