"""Converts an estimate to metric depth: by a calibration, a metric model, measured depth or known lengths."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import expm1

import numpy as np

from recon.calibration.calibration import Calibration, apply, as_json
from recon.calibration.error_models import known_error_model, lattice
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.calibration.references import ScaleSources
from recon.calibration.report import doubts, fitted_text, summary
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.geometry.gravity import estimate_levelling
from recon.geometry.nearer_surface import outline_reach
from recon.journal import Journal
from recon.options import Fit
from recon.provenance import seen_pixels
from recon.statistics import COVERAGE_FACTOR
from recon.types import BoolMap, DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

_UNKNOWNS: dict[Fit, Unknowns] = {
    "scale": Unknowns(shift=False),
    "scale+shift": Unknowns(shift=True),
    "scale+focal": Unknowns(shift=False, focal=True),
    "scale+shift+focal": Unknowns(shift=True, focal=True),
}
_ASSUMED_REACH = 0.1
"""Assumed correlation length of an error of unknown correlation, as a fraction of the diagonal."""
_WELL_DETERMINED = 0.15
"""A focal length fitted to known lengths replaces a guessed one if its log has a smaller standard deviation."""
_SHOWN = 8
"""Number of constraints whose residuals are shown; the others are details."""
_LEVELLED_FITS = 2
"""Fits of relative depth before its floor hardly moves: the second one brings a bent floor within 0.1 % of its
height."""
_OFF_FOCAL = 0.05
"""Smallest relative disagreement between focal length and known lengths that causes a warning."""


@dataclass(frozen=True)
class Metric:
    """Metric depth, with its calibration, focal length and error model."""

    depth: MetricDepth
    sky: BoolMap | None
    """From the estimate, otherwise from the reference."""
    calibration: Calibration | None
    focal_px: float | None
    """Focal length predicted by a model or fitted to the known lengths, px; None if there is neither."""
    focal_model: str
    """Name of the model that predicted it."""
    focal_fitted: bool
    """Whether it was fitted to the known lengths."""
    error_model: ErrorModel | None
    """Error model of the depth; None if unknown."""


def to_metric(
    photo: Photo,
    estimate: DepthEstimate,
    scale_sources: ScaleSources,
    known_camera: Intrinsics | None,
    journal: Journal,
) -> Metric:
    """Metric depth: the estimate's own, or calibrated; sky and focal length may come from the reference.

    Raises:
        CalibrationError: Relative depth without a reference, or the calibration failed.
    """
    error_model = known_error_model(estimate.model)
    if scale_sources.empty:
        if isinstance(estimate.depth, RelativeDepth):
            raise CalibrationError(f"{estimate.model} returned relative depth, and there is no reference")
        depth = estimate.depth
        if depth.scale_interval is None and error_model is not None and depth.valid.any():
            size = {"width": photo.width, "height": photo.height}
            pixels_px = lattice(depth.valid)
            factor = error_model.factors(depth.log_sigma, pixels_px)
            common = error_model.common_sigma(pixels_px, factor=factor, **size)
            depth = replace(depth, scale_interval=expm1(COVERAGE_FACTOR * common))
        return Metric(depth, estimate.sky, None, estimate.focal_px, estimate.model, False, error_model)
    sky, focal_px, focal_model, fitted = estimate.sky, estimate.focal_px, estimate.model, False
    if scale_sources.calibration is not None:
        calibration = _for_photo(scale_sources.calibration, photo)
        _check_validity(calibration, photo, known_camera, journal)
        if focal_px is None and calibration.focal_px is not None and calibration.width:
            focal_px = _carried_over_px(calibration, photo)
            focal_model = calibration.reference
    else:
        calibration, truth = fit(photo, estimate, scale_sources, known_camera, journal)
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
    report(calibration, journal, saved=scale_sources.calibration is not None)
    if error_model is None and calibration.relative_error:
        error_model = _scatter_model(calibration, depth)
    return Metric(depth, sky, calibration, focal_px, focal_model, fitted, error_model)


def fit(
    photo: Photo,
    estimate: DepthEstimate,
    scale_sources: ScaleSources,
    known_camera: Intrinsics | None,
    journal: Journal,
) -> tuple[Calibration, DepthEstimate | None]:
    """Calibrates an estimate with the reference and constraints of the same photo.

    Returns:
        The calibration, and the reference's estimate if there is one.

    Raises:
        CalibrationError: The fit failed.
    """
    truth, depth = None, None
    sources = _counted(scale_sources.constraints)
    if scale_sources.reference is not None:
        reference = scale_sources.reference
        # The metres of some networks are for a focal length: the scene's, which the estimate may have predicted.
        camera_px = estimate.focal_px if known_camera is None else known_camera.fx
        truth = reference.estimate(photo, focal_px=camera_px, journal=journal)
        if not isinstance(truth.depth, MetricDepth):
            raise CalibrationError(
                f"{reference.name} returned relative depth: --reference takes a metric model"
            )
        depth = truth.depth
        sources.insert(
            0, reference.path.name if isinstance(reference, Measured | SparsePoints) else reference.name
        )
    predicted = estimate.focal_px or (None if truth is None else truth.focal_px)
    camera = Intrinsics.best(known_camera, predicted, width=photo.width, height=photo.height)
    data = FitData(
        scale_sources.constraints,
        depth,
        " and ".join(sources),
        scale_sources.reference_sigma,
    )
    calibration = _fitted_with_floor(photo, estimate, data, scale_sources.fit, camera, journal)
    focal_px = calibration.focal_px or (known_camera.fx if known_camera else predicted)
    return replace(calibration, photo=photo.name, focal_px=focal_px), truth


def _fitted_with_floor(
    photo: Photo, estimate: DepthEstimate, data: FitData, wanted: Fit, camera: Intrinsics, journal: Journal
) -> Calibration:
    """The fit where a known camera height is that above the floor that will level the scene.

    Scale does not change that floor, but a shift does: so relative depth is levelled as it was fitted before, at
    first with the floor that is found in the values themselves.
    """

    def floor_of(depth: MetricDepth, levelled_as: tuple[float, float]) -> FitData:
        usable = depth.valid if estimate.sky is None else depth.valid & ~estimate.sky
        levelling = estimate_levelling(depth, usable, camera, photo.rgb)
        return replace(data, levelling=levelling, levelled_as=levelled_as)

    if any(isinstance(one, CameraHeight) for one in data.constraints):
        if isinstance(estimate.depth, MetricDepth):
            data = floor_of(estimate.depth, (1.0, 0.0))
        else:
            for _ in range(_LEVELLED_FITS):
                last = _fitted(estimate, data, wanted, camera, journal.silent())
                data = floor_of(apply(last, estimate.depth), (last.scale, last.shift))
    return _fitted(estimate, data, wanted, camera, journal)


def _fitted(
    estimate: DepthEstimate, data: FitData, wanted: Fit, camera: Intrinsics, journal: Journal
) -> Calibration:
    relative = isinstance(estimate.depth, RelativeDepth)
    outline_px = outline_reach(seen_pixels(estimate.details), width=camera.width, height=camera.height)

    def fitted(unknowns: Unknowns) -> Calibration:
        return calibrate(
            estimate.depth,
            data,
            camera=camera,
            unknowns=unknowns,
            model=estimate.model,
            spread=known_error_model(estimate.model),
            outline_px=outline_px,
        )

    if wanted != "auto":
        return fitted(_UNKNOWNS[wanted])
    fixed = fitted(Unknowns(shift=relative))
    free = _if_determined(data, lambda: fitted(Unknowns(shift=relative, focal=True)))
    if free is None or free.focal_px is None or free.focal_sigma is None:
        return fixed
    guessed = camera.source == "default"
    if guessed and free.focal_sigma < _WELL_DETERMINED:
        return free
    off = abs(free.focal_px / camera.fx - 1)
    if not guessed and off > max(_OFF_FOCAL, 3 * free.focal_sigma):
        journal.warn(
            "focal",
            f"the known lengths fit a focal length of {free.focal_px:.0f} px, not {camera.fx:.0f} px (source: "
            f"{camera.source}): the photo may be cropped, or a length wrong; --fit "
            f"scale{'+shift' if relative else ''}+focal "
            "uses the fitted one",
        )
    return fixed


def _if_determined(data: FitData, fitted: Callable[[], Calibration]) -> Calibration | None:
    """The fit with a free focal length; None if the constraints do not determine it."""
    spans = sum(
        4 if isinstance(one, Rectangle) else isinstance(one, LengthBetween) for one in data.constraints
    )
    if spans < 2:
        return None
    try:
        return fitted()
    except CalibrationError:
        return None


def _counted(constraints: Sequence[Constraint]) -> list[str]:
    """``2 lengths``, ``1 distance``, ... for the provenance."""
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
    """Reports a calibration's uncertainty, and for a new one also its residuals and warnings."""
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
    """A saved calibration without ``anchors``, which are valid only for its own photo."""
    return calibration if _same_photo(calibration, photo) else replace(calibration, anchors=())


def _same_photo(calibration: Calibration, photo: Photo) -> bool:
    return (photo.name, photo.width, photo.height) == (
        calibration.photo,
        calibration.width,
        calibration.height,
    )


def _carried_over_px(calibration: Calibration, photo: Photo) -> float:
    """The calibration's focal length scaled to another photo of the same camera by the longer side."""
    assert calibration.focal_px is not None
    return calibration.focal_px * max(photo.width, photo.height) / max(calibration.width, calibration.height)


def _scatter_model(calibration: Calibration, depth: MetricDepth) -> ErrorModel:
    """The estimator's error on this photo, estimated from the residuals; where the estimator predicts its error at
    each pixel, that tells where it is larger.

    Its spatial correlation is unknown: half of the variance is assumed to be shared by neighbours, so that neither
    the distance between two pixels nor the mean over a surface is reported as too certain.
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
        typical_sigma=_typical_sigma(depth),
    )


def _typical_sigma(depth: MetricDepth) -> float | None:
    """Root mean square of the standard deviations of log depth; None if there are none."""
    if depth.log_sigma is None or not depth.valid.any():
        return None
    return float(np.sqrt(np.mean(np.square(depth.log_sigma[depth.valid], dtype=np.float64))))


def _check_validity(
    calibration: Calibration, photo: Photo, known_camera: Intrinsics | None, journal: Journal
) -> None:
    """Warns if a saved calibration may not be valid for this photo."""
    if calibration.kind == "relative" and not _same_photo(calibration, photo):
        journal.warn(
            "calibration",
            f"the calibration was made on {calibration.photo} ({calibration.width} x {calibration.height} px): "
            "the scale of relative depth changes from photo to photo, so the calibration is valid only for the same "
            "camera and a similar view",
        )
    if known_camera is None or calibration.focal_px is None or not calibration.width:
        return
    expected_px = _carried_over_px(calibration, photo)
    if abs(known_camera.fx / expected_px - 1) > _OFF_FOCAL:
        journal.warn(
            "calibration",
            f"the calibration was made with another camera or zoom: its focal length corresponds to "
            f"{expected_px:.0f} px on this photo, but the photo's is {known_camera.fx:.0f} px; a calibration is "
            "valid only for the same camera",
        )
