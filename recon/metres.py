"""What brings an estimate to metres: a saved calibration, a metric model, a measured depth, or nothing at all."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon import calibrate
from recon.calibrate import Calibration
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.measured import Measured
from recon.depthfile import SUFFIXES as DEPTH_SUFFIXES
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.options import Options
from recon.types import BoolMap, DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

# Beyond this disagreement between a model and what it is calibrated with, the result is doubtful.
_DOUBTFUL_RESIDUAL = 0.25


def open_reference(
    estimator: Estimator, options: Options, journal: Journal
) -> Calibration | Estimator | None:
    """What brings an estimator's depth to metres: a saved calibration, a metric estimator, or nothing.

    ``--depth`` beside a model that was named calibrates it, as ``--reference`` does.

    Raises:
        CalibrationError: The estimator is relative and there is no reference; the reference is relative itself, is
            missing, or is a calibration of another model.
        ModelUnavailable: There is no model of that name.
    """
    name = options.reference
    if name is None and options.depth is not None and options.model != "auto":
        name = str(options.depth)
    if name is None:
        if estimator.gives == "relative":
            raise CalibrationError(
                f"{estimator.name} knows depth only up to scale, and metres would be invented: add "
                "--reference depthpro (or another metric model), --reference CALIBRATION.json of `recon calibrate`, "
                "or --depth FILE with measured depth"
            )
        return None
    path = Path(name)
    if path.suffix.lower() == ".json":
        calibration = calibrate.load(path)
        if calibration.model != estimator.name:
            raise CalibrationError(
                f"{name} calibrates {calibration.model}, not {estimator.name}: make one with "
                f"`recon calibrate --model {estimator.name}`"
            )
        return calibration
    if path.is_file():
        return Measured(path, options.depth_unit)
    if path.suffix.lower() in DEPTH_SUFFIXES and not name.startswith("hf:"):
        raise CalibrationError(
            f"{name} does not exist; --reference takes a model's name, a depth file or a calibration"
        )
    teacher = registry.create(name, RunOptions.of(options), journal)
    if teacher.gives != "metric":
        raise CalibrationError(
            f"{name} knows depth only up to scale itself: --reference takes a metric model"
        )
    return teacher


@dataclass(frozen=True)
class Metric:
    """Depth in metres, and what came with it."""

    depth: MetricDepth
    sky: BoolMap | None
    """Of the estimate, else of the reference."""
    calibration: Calibration | None
    focal_px: float | None
    """Focal length that a model predicted, px; None where none did."""
    focal_model: str
    """Which model that was."""


def to_metric(
    photo: Photo,
    estimate: DepthEstimate,
    reference: Calibration | Estimator | None,
    known: Intrinsics | None,
    journal: Journal,
) -> Metric:
    """Metric depth: the estimate's own, or calibrated by the reference, whose sky and focal length fill in.

    Raises:
        CalibrationError: Relative depth and no reference, or a reference that does not fit.
    """
    if reference is None:
        if isinstance(estimate.depth, RelativeDepth):
            raise CalibrationError(f"{estimate.model} gave relative depth, and there is no reference")
        return Metric(estimate.depth, estimate.sky, None, estimate.focal_px, estimate.model)
    sky, focal_px, focal_model = estimate.sky, estimate.focal_px, estimate.model
    if isinstance(reference, Calibration):
        calibration = reference
        _warn_of_another_photo(calibration, photo, journal)
        if focal_px is None and calibration.focal_px is not None:
            focal_px = calibration.focal_px * photo.width / calibration.width
            focal_model = calibration.reference
    else:
        calibration, truth = fit(photo, estimate, reference, known, journal)
        sky = truth.sky if sky is None else sky
        if focal_px is None:
            focal_px, focal_model = truth.focal_px, truth.model
    depth = calibrate.apply(calibration, estimate.depth)
    if sky is not None:
        depth = replace(depth, valid=depth.valid & ~sky)
    journal.decide(
        "calibration",
        f"{estimate.model} calibrated with {calibration.reference}: residual "
        f"{100 * calibration.relative_error:.1f} % of the distance, scale ± {100 * calibration.scale_interval:.1f} % "
        f"(95 %, if the reference is right)",
        **as_json(calibration),
    )
    return Metric(depth, sky, calibration, focal_px, focal_model)


def fit(
    photo: Photo, estimate: DepthEstimate, teacher: Estimator, known: Intrinsics | None, journal: Journal
) -> tuple[Calibration, DepthEstimate]:
    """Calibrates an estimate with a metric estimator's depth of the same photo.

    Returns:
        The calibration and the teacher's own estimate.

    Raises:
        CalibrationError: The two do not fit.
    """
    truth = teacher.estimate(photo, focal_px=None if known is None else known.fx, journal=journal)
    if not isinstance(truth.depth, MetricDepth):
        raise CalibrationError(f"{teacher.name} gave relative depth: --reference takes a metric model")
    source = str(truth.details.get("file", teacher.name)) if isinstance(teacher, Measured) else teacher.name
    fitting = (
        calibrate.fit_relative(estimate.depth, truth.depth, model=estimate.model, source=source)
        if isinstance(estimate.depth, RelativeDepth)
        else calibrate.fit_metric(estimate.depth, truth.depth, model=estimate.model, source=source)
    )
    if fitting.relative_error > _DOUBTFUL_RESIDUAL:
        journal.warn(
            "calibration",
            f"{estimate.model} and {source} agree poorly: half of the pixels differ by over "
            f"{67 * fitting.relative_error:.0f} % of the distance",
        )
    return replace(fitting, photo=photo.name, focal_px=known.fx if known else truth.focal_px), truth


def _warn_of_another_photo(calibration: Calibration, photo: Photo, journal: Journal) -> None:
    same = photo.name == calibration.photo and (photo.width, photo.height) == (
        calibration.width,
        calibration.height,
    )
    if calibration.kind == "relative" and not same:
        journal.warn(
            "calibration",
            f"the calibration was made on {calibration.photo} ({calibration.width} x {calibration.height} px): "
            "relative depth changes its scale from photo to photo, so metres hold only for the same camera and much "
            "the same view",
        )


def as_json(calibration: Calibration) -> dict[str, Any]:
    """A calibration as plain JSON values: JSON has no infinity."""
    limit_m = calibration.max_depth_m
    return {**asdict(calibration), "max_depth_m": limit_m if np.isfinite(limit_m) else None}
