"""What brings an estimate to metres: a calibration, a metric model, measured depth, known lengths, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import expm1
from typing import Any

from recon.calibration.calibration import Calibration, apply, as_json
from recon.calibration.error_model import ErrorModel, known_error_model
from recon.calibration.fit import Known, Unknowns, calibrate
from recon.calibration.references import Knowledge
from recon.constraints import Constraint, LengthBetween, Rectangle
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.types import BoolMap, DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

# Beyond this disagreement between a model and what it is calibrated with, the result is doubtful.
_DOUBTFUL_RESIDUAL = 0.25
_ASSUMED_REACH = 0.1
"""Of an error whose spread over the picture is not known, as a share of the diagonal."""
_WELL_DETERMINED = 0.15
"""Standard deviation of the logarithm of a focal length that is taken from known lengths without being asked to."""
_OFF_FOCAL = 0.05
"""Least disagreement of a focal length with the known lengths that is worth a warning."""


@dataclass(frozen=True)
class Metric:
    """Depth in metres, and what came with it."""

    depth: MetricDepth
    sky: BoolMap | None
    """Of the estimate, else of the reference."""
    calibration: Calibration | None
    focal_px: float | None
    """Focal length that a model predicted or the known lengths tell, px; None where nothing does."""
    focal_model: str
    """Which model that was."""
    focal_fitted: bool
    """Whether the known lengths told it."""
    error_model: ErrorModel | None
    """How far the depth is off beside its scale; None where that is not known."""


def to_metric(
    photo: Photo,
    estimate: DepthEstimate,
    knowledge: Knowledge,
    known: Intrinsics | None,
    journal: Journal,
) -> Metric:
    """Metric depth: the estimate's own, or calibrated by what is known; a reference's sky and focal length fill in.

    Raises:
        CalibrationError: Relative depth and nothing known, or what is known does not fit.
    """
    error_model = known_error_model(estimate.model)
    if knowledge.empty:
        if isinstance(estimate.depth, RelativeDepth):
            raise CalibrationError(f"{estimate.model} gave relative depth, and there is no reference")
        depth = estimate.depth
        if depth.scale_interval is None and error_model is not None:
            depth = replace(depth, scale_interval=expm1(1.96 * error_model.scale))
        return Metric(depth, estimate.sky, None, estimate.focal_px, estimate.model, False, error_model)
    sky, focal_px, focal_model, fitted = estimate.sky, estimate.focal_px, estimate.model, False
    if knowledge.calibration is not None:
        calibration = knowledge.calibration
        _check_validity(calibration, photo, known, journal)
        if focal_px is None and calibration.focal_px is not None:
            focal_px = calibration.focal_px * photo.width / calibration.width
            focal_model = calibration.reference
    else:
        calibration, truth = fit(photo, estimate, knowledge, known, journal)
        fitted = calibration.focal_sigma is not None
        if fitted:
            focal_px = calibration.focal_px
        if truth is not None:
            sky = truth.sky if sky is None else sky
            if focal_px is None:
                focal_px, focal_model = truth.focal_px, truth.model
    depth = apply(calibration, estimate.depth)
    if sky is not None:
        depth = replace(depth, valid=depth.valid & ~sky)
    journal.decide("calibration", _told(calibration, estimate.model), **as_json(calibration))
    if error_model is None and calibration.relative_error:
        error_model = _scatter_model(calibration)
    return Metric(depth, sky, calibration, focal_px, focal_model, fitted, error_model)


def fit(
    photo: Photo, estimate: DepthEstimate, knowledge: Knowledge, known: Intrinsics | None, journal: Journal
) -> tuple[Calibration, DepthEstimate | None]:
    """Calibrates an estimate with what is known of the same photo.

    Returns:
        The calibration, and the reference's own estimate where there is one.

    Raises:
        CalibrationError: They do not fit.
    """
    truth, depth = None, None
    sources = _counted(knowledge.constraints)
    if knowledge.teacher is not None:
        teacher = knowledge.teacher
        truth = teacher.estimate(photo, focal_px=None if known is None else known.fx, journal=journal)
        if not isinstance(truth.depth, MetricDepth):
            raise CalibrationError(f"{teacher.name} gave relative depth: --reference takes a metric model")
        depth = truth.depth
        is_file = isinstance(teacher, Measured | SparsePoints)
        sources.insert(0, str(truth.details.get("file", teacher.name)) if is_file else teacher.name)
    everything = Known(knowledge.constraints, depth, " and ".join(sources), knowledge.teacher_sigma)
    predicted = estimate.focal_px or (None if truth is None else truth.focal_px)
    calibration = _fitted(photo, estimate, everything, knowledge.fit, known, predicted, journal)
    error = calibration.relative_error
    if error is not None and error > _DOUBTFUL_RESIDUAL:
        journal.warn(
            "calibration",
            f"{estimate.model} and {everything.source} agree poorly: they differ by {100 * error:.0f} "
            "% of the distance "
            "(one standard deviation)",
        )
    for residual in calibration.constraints:
        if not residual.used:
            journal.warn(
                "calibration",
                f"{residual.constraint} disagrees with the others and was left out: it comes out "
                f"{100 * abs(residual.off):.0f} % too {'long' if residual.off > 0 else 'short'}; "
                "check its position and unit",
            )
    focal_px = calibration.focal_px or (known.fx if known else predicted)
    return replace(calibration, photo=photo.name, focal_px=focal_px), truth


def _fitted(
    photo: Photo,
    estimate: DepthEstimate,
    everything: Known,
    wanted: str,
    known: Intrinsics | None,
    predicted_px: float | None,
    journal: Journal,
) -> Calibration:
    size = {"width": photo.width, "height": photo.height}
    if known is not None:
        camera = known
    elif predicted_px is not None:
        camera = Intrinsics.from_focal(predicted_px, **size, source="model")
    else:
        camera = Intrinsics.default(**size)
    relative = isinstance(estimate.depth, RelativeDepth)
    shift = relative if wanted == "auto" else "shift" in wanted

    def fitted(focal: bool) -> Calibration:
        return calibrate(
            estimate.depth,
            everything,
            camera=camera,
            unknowns=Unknowns(shift, focal),
            model=estimate.model,
            spread=known_error_model(estimate.model),
        )

    if wanted != "auto":
        return fitted("focal" in wanted)
    fixed = fitted(False)
    free = _with_focal(everything, fitted)
    if free is None or free.focal_px is None or free.focal_sigma is None:
        return fixed
    guessed = known is None and predicted_px is None
    if guessed and free.focal_sigma < _WELL_DETERMINED:
        return free
    off = abs(free.focal_px / camera.fx - 1)
    if not guessed and off > max(_OFF_FOCAL, 3 * free.focal_sigma):
        journal.warn(
            "focal",
            f"the known lengths fit a focal length of {free.focal_px:.0f} px, not {camera.fx:.0f} px (source: "
            f"{camera.source}): the picture may be cropped, or a length wrong; --fit "
            f"scale{'+shift' if shift else ''}+focal "
            "takes the former",
        )
    return fixed


def _with_focal(everything: Known, fitted: Any) -> Calibration | None:
    """The fit with a free focal length, where enough is known for it."""
    spans = sum(
        4 if isinstance(one, Rectangle) else isinstance(one, LengthBetween) for one in everything.constraints
    )
    if spans < 2:
        return None
    try:
        return fitted(True)
    except CalibrationError:
        return None


def _counted(constraints: Sequence[Constraint]) -> list[str]:
    """``2 lengths``, ``1 distance``, ... for the record."""
    names = {
        "DistanceAt": "distance",
        "LengthBetween": "length",
        "Rectangle": "rectangle",
        "CameraHeight": "camera height",
    }
    counts: dict[str, int] = {}
    for one in constraints:
        name = names[type(one).__name__]
        counts[name] = counts.get(name, 0) + 1
    return [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items()]


def _told(calibration: Calibration, model: str) -> str:
    scatter = (
        ""
        if not calibration.relative_error
        else f"residual {100 * calibration.relative_error:.1f} % of the distance, "
    )
    doubt = " (95 %, if the reference is right)" if not calibration.constraints else " (95 %)"
    scale = f"scale ± {100 * calibration.scale_interval:.1f} %{doubt}"
    return f"{model} calibrated with {calibration.reference}: {scatter}{scale}"


def _scatter_model(calibration: Calibration) -> ErrorModel:
    """The estimator's error on this photo, as its residuals show it.

    How it is spread over the picture is not known: half of the variance is taken as shared by neighbours, so that
    neither the distance of two pixels nor the mean over a surface comes out too sure.
    """
    half = (calibration.relative_error or 0.0) / 2**0.5
    return ErrorModel(
        estimator=calibration.model,
        scale=0.0,
        smooth=half,
        reach=_ASSUMED_REACH,
        local=half,
        photos=1,
        source=f"residuals of this calibration with {calibration.reference}",
    )


def _check_validity(
    calibration: Calibration, photo: Photo, known: Intrinsics | None, journal: Journal
) -> None:
    """Warns where a saved calibration is used for what it may not hold for."""
    size = (photo.width, photo.height)
    same = photo.name == calibration.photo and size == (calibration.width, calibration.height)
    if calibration.kind == "relative" and not same:
        journal.warn(
            "calibration",
            f"the calibration was made on {calibration.photo} ({calibration.width} x {calibration.height} px): "
            "relative depth changes its scale from photo to photo, so metres hold only for the same camera and much "
            "the same view",
        )
    if known is None or calibration.focal_px is None or not calibration.width:
        return
    expected_px = calibration.focal_px * photo.width / calibration.width
    if abs(known.fx / expected_px - 1) > _OFF_FOCAL:
        journal.warn(
            "calibration",
            f"the calibration was made with another camera or zoom: its focal length would be "
            f"{expected_px:.0f} px on this "
            f"photo, which has {known.fx:.0f} px; metres hold for the same camera only",
        )
