"""A photo to a scene, in six stages; no stage knows another."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recon import __version__, calibrate, focal
from recon.calibrate import Calibration
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.measured import Measured
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.options import Options
from recon.photo import read_photo
from recon.scene import Scene
from recon.types import DepthEstimate, Intrinsics, MetricDepth, Photo, RelativeDepth

# Beyond this disagreement between a model and what it is calibrated with, the result is doubtful.
_DOUBTFUL_RESIDUAL = 0.25


def reconstruct(
    photo: str | Path | Photo,
    options: Options | None = None,
    *,
    estimator: Estimator | None = None,
    journal: Journal | None = None,
) -> Scene:
    """Turns one photograph into a metric scene.

    Args:
        photo: A file, or a photo that was read already.
        options: Defaults where None.
        estimator: Takes the place of ``options.model``; keeps its weights from photo to photo.
        journal: Told every decision and the progress.

    Raises:
        ReconError: What the user can mend: a broken photo, missing weights, relative depth without a reference.
    """
    options = options or Options()
    journal = journal or Journal()
    # 1. Photo
    photo = open_photo(photo, journal)
    # 2. What is known of the camera before any network runs
    known = focal.known_camera(photo, options, journal)
    # 3. Depth
    estimator = estimator or choose_estimator(options, journal)
    estimate = estimator.estimate(photo, focal_px=None if known is None else known.fx, journal=journal)
    # 4. Metres
    metric = to_metric(photo, estimate, options, known, journal)
    # 5. Camera
    camera = focal.camera_of(photo, known, metric.focal_px, metric.focal_model, journal)
    # 6. Scene
    scene = Scene(
        photo=photo,
        intrinsics=camera,
        depth=metric.depth,
        sky=estimate.sky,
        options=options,
        provenance=_provenance(photo, camera, estimate, metric),
    )
    _report_depth(scene, journal)
    return scene


def open_photo(photo: str | Path | Photo, journal: Journal) -> Photo:
    """Reads the file, where it is one, and passes on what was odd about it."""
    if not isinstance(photo, Photo):
        photo = read_photo(photo)
    name = Path(photo.path).name if photo.path else "photo"
    journal.decide(
        "photo",
        f"{name}, {photo.width} x {photo.height} px",
        path=photo.path,
        width=photo.width,
        height=photo.height,
    )
    for warning in photo.warnings:
        journal.warn("photo", warning)
    return photo


def choose_estimator(options: Options, journal: Journal) -> Estimator:
    """The estimator that the options ask for; nothing is loaded yet.

    Raises:
        ModelUnavailable: An unknown name.
    """
    run = run_options(options)
    if options.model != "auto":
        return registry.create(options.model, run, journal)
    if options.depth is not None:
        return Measured(options.depth, options.depth_unit)
    return registry.choose_auto(run, journal)


def run_options(options: Options) -> RunOptions:
    """The part of the options that an estimator needs."""
    return RunOptions(
        device=options.device,
        precision=options.precision,
        offline=options.offline,
        processing_size=options.processing_size,
    )


@dataclass(frozen=True)
class _Metric:
    depth: MetricDepth
    calibration: Calibration | None
    focal_px: float | None
    focal_model: str


def to_metric(
    photo: Photo, estimate: DepthEstimate, options: Options, known: Intrinsics | None, journal: Journal
) -> _Metric:
    """Metric depth, by calibration where the estimate is relative or a reference is given.

    Raises:
        CalibrationError: Relative depth and nothing to bring it to metres, or a reference that does not fit.
    """
    reference = options.reference
    if reference is None and options.depth is not None and options.model != "auto":
        reference = str(options.depth)
    if reference is None:
        if isinstance(estimate.depth, RelativeDepth):
            raise CalibrationError(
                f"{estimate.model} knows depth only up to scale, and metres would be invented: add "
                "--reference depthpro (or another metric model), --reference CALIBRATION.json of `recon calibrate`, "
                "or --depth FILE with measured depth"
            )
        return _Metric(estimate.depth, None, estimate.focal_px, estimate.model)
    if Path(reference).suffix.lower() == ".json":
        calibration = calibrate.load(Path(reference))
        _warn_of_another_photo(calibration, photo, estimate, journal)
        focal_px, focal_model = estimate.focal_px, estimate.model
    else:
        calibration, truth = fit(photo, estimate, reference, options, known, journal)
        focal_px, focal_model = estimate.focal_px, estimate.model
        if focal_px is None:
            focal_px, focal_model = truth.focal_px, truth.model
    depth = calibrate.apply(calibration, estimate.depth)
    journal.decide(
        "calibration",
        f"{estimate.model} calibrated with {calibration.reference}: residual "
        f"{100 * calibration.relative_error:.1f} % of the distance, scale ± {100 * calibration.scale_interval:.1f} % "
        f"(95 %, if the reference is right)",
        **{**asdict(calibration), "max_depth_m": _or_none(calibration.max_depth_m)},
    )
    if calibration.relative_error > _DOUBTFUL_RESIDUAL:
        journal.warn(
            "calibration",
            f"{estimate.model} and {calibration.reference} agree poorly: half of the pixels differ by over "
            f"{67 * calibration.relative_error:.0f} % of the distance",
        )
    return _Metric(depth, calibration, focal_px, focal_model)


def fit(
    photo: Photo,
    estimate: DepthEstimate,
    reference: str,
    options: Options,
    known: Intrinsics | None,
    journal: Journal,
) -> tuple[Calibration, DepthEstimate]:
    """Calibrates an estimate with a metric model or a measured depth file of the same photo.

    Returns:
        The calibration and the reference's own estimate.

    Raises:
        CalibrationError: The reference is relative itself, or does not fit.
    """
    teacher: Estimator
    if Path(reference).is_file():
        teacher = Measured(Path(reference), options.depth_unit)
    else:
        teacher = registry.create(reference, run_options(options), journal)
        if teacher.gives != "metric":
            raise CalibrationError(
                f"{reference} knows depth only up to scale itself: --reference takes a metric model"
            )
    truth = teacher.estimate(photo, focal_px=None if known is None else known.fx, journal=journal)
    if not isinstance(truth.depth, MetricDepth):
        raise CalibrationError(f"{reference} gave relative depth: --reference takes a metric model")
    fitting = (
        calibrate.fit_relative(estimate.depth, truth.depth, model=estimate.model, source=reference)
        if isinstance(estimate.depth, RelativeDepth)
        else calibrate.fit_metric(estimate.depth, truth.depth, model=estimate.model, source=reference)
    )
    name = Path(photo.path).name if photo.path else None
    return replace(fitting, photo=name, focal_px=known.fx if known else truth.focal_px), truth


def _warn_of_another_photo(
    calibration: Calibration, photo: Photo, estimate: DepthEstimate, journal: Journal
) -> None:
    if calibration.model != estimate.model:
        raise CalibrationError(
            f"the calibration is for {calibration.model}, not for {estimate.model}: make one with `recon calibrate "
            f"--model {estimate.model}`"
        )
    name = Path(photo.path).name if photo.path else None
    if calibration.kind == "relative" and name != calibration.photo:
        journal.warn(
            "calibration",
            f"the calibration was made on {calibration.photo}: relative depth changes its scale from photo to photo, "
            "so metres hold only for the same camera and much the same view",
        )


def _provenance(photo: Photo, camera: Intrinsics, estimate: DepthEstimate, metric: _Metric) -> dict[str, Any]:
    """Where every number came from, as plain JSON values."""
    calibration = metric.calibration
    return {
        "generator": f"recon {__version__}",
        "photo": {
            "file": Path(photo.path).name if photo.path else None,
            "width_px": photo.width,
            "height_px": photo.height,
        },
        "model": {"name": estimate.model, "revision": estimate.revision, **estimate.details},
        "focal": {
            "fx_px": camera.fx,
            "fy_px": camera.fy,
            "cx_px": camera.cx,
            "cy_px": camera.cy,
            "fov_x_deg": camera.fov_x_deg,
            "source": camera.source,
        },
        "calibration": None
        if calibration is None
        else {**asdict(calibration), "max_depth_m": _or_none(calibration.max_depth_m)},
        "scale_interval": metric.depth.scale_interval,
    }


def _report_depth(scene: Scene, journal: Journal) -> None:
    known = scene.depth.z_m[scene.depth.valid]
    if not known.size:
        journal.warn("depth", "no pixel has a depth")
        return
    near, middle, far = (float(x) for x in np.percentile(known, [1, 50, 99]))
    share = 100 * known.size / scene.depth.valid.size
    journal.decide(
        "depth",
        f"{near:.2f} m to {far:.2f} m (1 to 99 %), median {middle:.2f} m, known at {share:.1f} % of the pixels",
        near_m=near,
        median_m=middle,
        far_m=far,
        known_fraction=share / 100,
    )


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
