"""What brings an estimate to metres: a calibration, a metric model, measured depth, known lengths, or nothing."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import expm1

from recon.calibration.calibration import Calibration, apply, as_json
from recon.calibration.error_model import ErrorModel, known_error_model, lattice
from recon.calibration.fit import Known, Unknowns, calibrate
from recon.calibration.references import Knowledge
from recon.calibration.report import doubts, fitted_text, summary
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.options import Fit
from recon.statistics import COVERAGE_FACTOR
from recon.types import BoolMap, DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

_UNKNOWNS: dict[Fit, Unknowns] = {
    "scale": Unknowns(shift=False),
    "scale+shift": Unknowns(shift=True),
    "scale+focal": Unknowns(shift=False, focal=True),
    "scale+shift+focal": Unknowns(shift=True, focal=True),
}
_ASSUMED_REACH = 0.1
"""Of an error whose spread over the picture is not known, as a share of the diagonal."""
_WELL_DETERMINED = 0.15
"""Standard deviation of the logarithm of a focal length that is taken from known lengths without being asked to."""
_SHOWN = 8
"""So many constraints are shown with what came of them; the others to the curious."""
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
        if depth.scale_interval is None and error_model is not None and depth.valid.any():
            size = {"width": photo.width, "height": photo.height}
            common = error_model.common_sigma(lattice(depth.valid), **size)
            depth = replace(depth, scale_interval=expm1(COVERAGE_FACTOR * common))
        return Metric(depth, estimate.sky, None, estimate.focal_px, estimate.model, False, error_model)
    sky, focal_px, focal_model, fitted = estimate.sky, estimate.focal_px, estimate.model, False
    if knowledge.calibration is not None:
        calibration = _for_photo(knowledge.calibration, photo)
        _check_validity(calibration, photo, known, journal)
        if focal_px is None and calibration.focal_px is not None:
            focal_px = _carried_over_px(calibration, photo)
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
    report(calibration, journal, saved=knowledge.calibration is not None)
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
        sources.insert(0, teacher.path.name if isinstance(teacher, Measured | SparsePoints) else teacher.name)
    everything = Known(knowledge.constraints, depth, " and ".join(sources), knowledge.teacher_sigma)
    predicted = estimate.focal_px or (None if truth is None else truth.focal_px)
    calibration = _fitted(photo, estimate, everything, knowledge.fit, known, predicted, journal)
    focal_px = calibration.focal_px or (known.fx if known else predicted)
    return replace(calibration, photo=photo.name, focal_px=focal_px), truth


def _fitted(
    photo: Photo,
    estimate: DepthEstimate,
    everything: Known,
    wanted: Fit,
    known: Intrinsics | None,
    predicted_px: float | None,
    journal: Journal,
) -> Calibration:
    size = {"width": photo.width, "height": photo.height}
    camera = Intrinsics.best(known, predicted_px, **size)
    relative = isinstance(estimate.depth, RelativeDepth)

    def fitted(unknowns: Unknowns) -> Calibration:
        return calibrate(
            estimate.depth,
            everything,
            camera=camera,
            unknowns=unknowns,
            model=estimate.model,
            spread=known_error_model(estimate.model),
        )

    if wanted != "auto":
        return fitted(_UNKNOWNS[wanted])
    fixed = fitted(Unknowns(shift=relative))
    free = _if_determined(everything, lambda: fitted(Unknowns(shift=relative, focal=True)))
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
            f"scale{'+shift' if relative else ''}+focal "
            "takes the former",
        )
    return fixed


def _if_determined(everything: Known, fitted: Callable[[], Calibration]) -> Calibration | None:
    """The fit with a free focal length, where enough is known for it."""
    spans = sum(
        4 if isinstance(one, Rectangle) else isinstance(one, LengthBetween) for one in everything.constraints
    )
    if spans < 2:
        return None
    try:
        return fitted()
    except CalibrationError:
        return None


def _counted(constraints: Sequence[Constraint]) -> list[str]:
    """``2 lengths``, ``1 distance``, ... for the record."""
    names = {
        DistanceAt: "distance",
        LengthBetween: "length",
        Rectangle: "rectangle",
        CameraHeight: "camera height",
    }
    counts: dict[str, int] = {}
    for one in constraints:
        name = names[type(one)]
        counts[name] = counts.get(name, 0) + 1
    return [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items()]


def report(calibration: Calibration, journal: Journal, *, saved: bool = False) -> None:
    """Says how sure a calibration is; of one that was just made also what came of the constraints, and doubts."""
    measured = known_error_model(calibration.model)
    journal.decide("calibration", summary(calibration, measured), **as_json(calibration))
    if saved:
        return
    worst = sorted(calibration.constraints, key=lambda residual: -abs(residual.off))[:_SHOWN]
    for residual in calibration.constraints:
        say = journal.decide if residual in worst else journal.detail
        say("given", fitted_text(residual), **asdict(residual))
    for doubt in doubts(calibration, measured):
        journal.warn("calibration", doubt)


def _for_photo(calibration: Calibration, photo: Photo) -> Calibration:
    """A saved calibration without what holds for the errors of its own photo alone."""
    return calibration if _same_photo(calibration, photo) else replace(calibration, anchors=())


def _same_photo(calibration: Calibration, photo: Photo) -> bool:
    return (photo.name, photo.width, photo.height) == (
        calibration.photo,
        calibration.width,
        calibration.height,
    )


def _carried_over_px(calibration: Calibration, photo: Photo) -> float:
    """The calibration's focal length on another photo of the same camera, upright or lying: by the longer side."""
    assert calibration.focal_px is not None
    return calibration.focal_px * max(photo.width, photo.height) / max(calibration.width, calibration.height)


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
    if calibration.kind == "relative" and not _same_photo(calibration, photo):
        journal.warn(
            "calibration",
            f"the calibration was made on {calibration.photo} ({calibration.width} x {calibration.height} px): "
            "relative depth changes its scale from photo to photo, so metres hold only for the same camera and much "
            "the same view",
        )
    if known is None or calibration.focal_px is None or not calibration.width:
        return
    expected_px = _carried_over_px(calibration, photo)
    if abs(known.fx / expected_px - 1) > _OFF_FOCAL:
        journal.warn(
            "calibration",
            f"the calibration was made with another camera or zoom: its focal length would be "
            f"{expected_px:.0f} px on this "
            f"photo, which has {known.fx:.0f} px; metres hold for the same camera only",
        )
