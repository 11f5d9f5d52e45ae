"""Turns a panorama into a scene around the camera, in five stages; the depth stages are those of ``recon.pipeline``.

panorama -> overlapping views -> depth of each -> one scale -> one range map -> metres -> scene
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from recon.calibration.checks import check_positions
from recon.calibration.error_models import known_error_model
from recon.calibration.references import ScaleSources, constraints_of, open_scale_sources
from recon.calibration.to_metric import to_metric
from recon.constraints import Constraint
from recon.depth.estimator import Estimator
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.errors import CalibrationError, PhotoError
from recon.journal import Journal
from recon.options import Options
from recon.panorama.blend import PanoramaRange, blend
from recon.panorama.joint_scale import JointScale, fit_scales
from recon.panorama.metric_scale import MetricScale, metric_scale, scaled
from recon.panorama.panorama_scene import PanoramaScene
from recon.panorama.sphere import Sphere
from recon.panorama.view_range import ViewRange
from recon.panorama.views import FOV_DEG, View, cut_views
from recon.pipeline import Prepared, choose_estimator, estimate_depth, open_photo
from recon.provenance import CalibrationRecord, ModelRecord, PhotoRecord, Provenance, without_folder
from recon.stage_reports import report_depth
from recon.types import DepthEstimate, MetricDepth, Photo
from recon.version import GENERATOR

_PERSPECTIVE_ONLY = (
    "intrinsics",
    "focal_px",
    "focal_35mm",
    "fov",
    "distortion",
    "fisheye",
    "camera_file",
    "relative_depth",
    "calibration",
    "level",
)
_PROGRESS = "Estimating depth all around"


def reconstruct_panorama(
    photo: Photo,
    options: Options,
    journal: Journal,
    *,
    estimator: Estimator | None = None,
    constraints: Sequence[Constraint] = (),
) -> PanoramaScene:
    """Turns a panorama into a metric scene.

    Args:
        photo: With ``panorama`` set.
        options: Those for a perspective camera are refused.
        journal: Receives every decision and the progress.
        estimator: Replaces ``options.model``.
        constraints: Known measurements, in addition to those in the options; positions in px of the panorama.

    Raises:
        ReconError: A problem that the user can fix.
    """
    frame = photo.panorama
    if frame is None:
        raise ValueError("photo: expected a panorama")
    check_options(options)
    # 1. Panorama: which directions its pixels show
    photo = open_photo(photo, journal)
    sphere = Sphere.of(frame, width=photo.width, height=photo.height)
    constraints = (*constraints_of(options), *constraints)
    check_positions(constraints, width=photo.width, height=photo.height)
    # 2. Range along the rays: measured, or by views (2a. views and their depth, 2b. one scale, 2c. one map)
    estimator = estimator or choose_estimator(options, journal, photo)
    if isinstance(estimator, Measured):
        estimate = estimator.estimate(photo, focal_px=None, journal=journal).within(photo.present)
        found, joint = _measured_range(estimate), None
    else:
        estimate, ranges = _views_depth(cut_views(photo, sphere), options, estimator, journal)
        joint = fit_scales(ranges, estimate.model)
        _report_joint(joint, ranges, journal)
        with journal.stage("Blending the views"):
            found = blend(ranges, joint.terms, sphere)
    # 3. Metric scale, by what is known
    scale = metric_scale(found, sphere, constraints, estimate.model, journal)
    found = scaled(found, scale.factor)
    # 4. Scene
    scene = PanoramaScene(
        photo=photo,
        intrinsics=sphere.chart,
        depth=_depth(found, photo, scale.interval),
        sky=found.sky,
        options=replace(options, level=False),
        provenance=_provenance(photo, estimate, joint, scale),
        frame=frame,
    )
    report_depth(scene, journal)
    return scene


def check_options(options: Options) -> None:
    """Refuses options that mean a perspective camera.

    Raises:
        PhotoError: One of them is set.
    """
    for name in _PERSPECTIVE_ONLY:
        if getattr(options, name) not in (None, False):
            flag = Options.__dataclass_fields__[name].metadata["flag"].partition("/")[0]
            raise PhotoError(
                f"{flag} does not apply to a panorama, which shows directions and not a camera's picture"
            )
    if options.depth is not None and options.model != "auto":
        raise PhotoError("use only one of --depth and --model for a panorama")


def _measured_range(estimate: DepthEstimate) -> PanoramaRange:
    depth = estimate.depth
    assert isinstance(depth, MetricDepth)
    return PanoramaRange(depth.z_m, depth.valid, None)


def _views_depth(
    views: Sequence[View], options: Options, estimator: Estimator, journal: Journal
) -> tuple[DepthEstimate, list[ViewRange]]:
    """The depth of each view in metres, and the first estimate, for the provenance."""
    sources = _scale_sources(estimator, options, journal)
    side = views[0].camera.width
    journal.decide(
        "panorama",
        f"{len(views)} views of {FOV_DEG:g}° and {side} x {side} px, whose overlaps give one scale",
        views=len(views),
        fov_deg=FOV_DEG,
        side_px=side,
    )
    ranges, first = [], None
    with journal.stage(_PROGRESS, total=len(views)) as done:
        for k, view in enumerate(views):
            # What is decided about the model is the same for all views.
            own = journal if k == 0 else journal.silent()
            estimate = estimate_depth(Prepared(view.photo, options, (), view.camera), estimator, own)
            first = first or estimate
            ranges.append(_view_range(view, estimate, sources))
            done(k + 1)
    assert first is not None
    return first, ranges


def _view_range(view: View, estimate: DepthEstimate, sources: ScaleSources) -> ViewRange:
    if not estimate.depth.valid.any():
        empty = MetricDepth(0 * view.photo.rgb[..., 0].astype("f4"), estimate.depth.valid)
        return ViewRange.of(view, empty, estimate.sky)
    metric = to_metric(view.photo, estimate, sources, view.camera, Journal())
    return ViewRange.of(view, metric.depth, metric.sky)


def _scale_sources(estimator: Estimator, options: Options, journal: Journal) -> ScaleSources:
    """The reference that makes the depth of each view metric; the user's lengths calibrate the whole panorama."""
    if estimator.gives == "relative" and options.reference is None:
        raise CalibrationError(
            f"{estimator.name} predicts depth only up to scale and shift: for a panorama, add --reference with a "
            "metric model, or use a metric model"
        )
    sources = open_scale_sources(estimator, options, (), journal)
    if isinstance(sources.reference, Measured | SparsePoints):
        raise CalibrationError(
            "--reference takes a metric model for a panorama; --depth takes a measured range map"
        )
    return sources


def _report_joint(joint: JointScale, ranges: Sequence[ViewRange], journal: Journal) -> None:
    if not any(one.inverse.any() for one in ranges):
        return
    journal.decide(
        "scale",
        f"the views differed by up to {100 * joint.step_before:.1f} % in {joint.overlaps} overlaps, by "
        f"{100 * joint.step_after:.1f} % after the joint fit; what is left is blended",
        step_before=joint.step_before,
        step_after=joint.step_after,
        log_scales=joint.log_scales.round(4).tolist(),
    )
    if not joint.connected:
        journal.warn("scale", "some views overlap with no other, so their scale is the model's own")


def _depth(found: PanoramaRange, photo: Photo, interval: float | None) -> MetricDepth:
    valid = found.valid if photo.present is None else found.valid & photo.present
    return MetricDepth(found.range_m, valid, interval)


def _provenance(
    photo: Photo, estimate: DepthEstimate, joint: JointScale | None, scale: MetricScale
) -> Provenance:
    frame = photo.panorama
    assert frame is not None
    panorama: dict[str, Any] = {
        "projection": frame.projection,
        "full_width_px": frame.full_width,
        "full_height_px": frame.full_height,
        "left_px": frame.left,
        "top_px": frame.top,
        "range": "along the ray",
    }
    if joint is not None:
        panorama |= {
            "view_fov_deg": FOV_DEG,
            "log_scales": joint.log_scales.round(4).tolist(),
            "step_before": joint.step_before,
            "step_after": joint.step_after,
        }
    calibration = None
    if scale.texts:
        values = {
            "scale": 1 / scale.factor,
            "reference": ", ".join(scale.texts),
            "constraints": list(scale.texts),
        }
        calibration = CalibrationRecord.from_dict({**values, "scale_interval": scale.interval})
    return Provenance(
        generator=GENERATOR,
        photo=PhotoRecord(photo.name, photo.width, photo.height),
        model=ModelRecord(without_folder(estimate.model), estimate.revision, estimate.details),
        error_model=known_error_model(estimate.model),
        calibration=calibration,
        scale_interval=scale.interval,
        more={"panorama": panorama},
    )
