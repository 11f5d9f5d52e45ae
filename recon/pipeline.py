"""A photo to a scene, and the scene to points and triangles, in nine stages; no stage knows another.

``reconstruct`` is stages 1 to 6, ``make_geometry`` 7 to 9; what a file says of them, the writers of ``recon.export``
know. The rooms come in the same order: photo, camera, depth, calibration, geometry, export.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.calibration.calibration import Calibration
from recon.calibration.checks import check_positions
from recon.calibration.references import Knowledge, constraints_of, open_knowledge
from recon.calibration.to_metric import Metric, fit, report, to_metric
from recon.camera import focal_length
from recon.constraints import Constraint
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.measured import Measured
from recon.depth.relative_file import RelativeFile
from recon.errors import CalibrationError
from recon.export.format import Geometry
from recon.journal import Journal
from recon.options import Options, Shape
from recon.photo.read import read_photo
from recon.provenance import CalibrationRecord, FocalRecord, ModelRecord, PhotoRecord, Provenance
from recon.scene import Scene
from recon.stage_reports import report_depth, report_faces, report_levelling, report_pixels
from recon.types import DepthEstimate, Intrinsics, Mesh, Photo
from recon.version import GENERATOR


def reconstruct(
    photo: str | Path | Photo,
    options: Options | None = None,
    *,
    estimator: Estimator | None = None,
    constraints: Sequence[Constraint] = (),
    journal: Journal | None = None,
) -> Scene:
    """Turns one photograph into a metric scene.

    Args:
        photo: A file, or a photo that was read already.
        options: Defaults where None.
        estimator: Takes the place of ``options.model``; keeps its weights from photo to photo.
        constraints: What is known of the scene, beside what the options tell.
        journal: Told every decision and the progress.

    Raises:
        ReconError: What the user can mend: a broken photo, missing weights, relative depth without a reference.
    """
    options = options or Options()
    journal = journal or Journal()
    # 1. and 2. The photo, and what is known before any network runs
    prepared = prepare(photo, options, journal, constraints)
    # 3. Its depth; what calibrates it is opened first, so that what cannot work fails before the long work
    estimator = estimator or choose_estimator(options, journal, prepared.photo)
    knowledge = open_knowledge(estimator, options, prepared.constraints, journal)
    estimate = estimate_depth(prepared, estimator, journal)
    # 4. to 6. Metres, the camera, the scene
    return compose_scene(prepared, estimate, knowledge, journal)


@dataclass(frozen=True)
class Prepared:
    """A photo with all that is known before its depth."""

    photo: Photo
    options: Options
    constraints: tuple[Constraint, ...]
    """What the options, and the caller, tell of the scene."""
    known: Intrinsics | None
    """The camera by the user's numbers or the file; None where only a model can tell."""


def prepare(
    photo: str | Path | Photo, options: Options, journal: Journal, constraints: Sequence[Constraint] = ()
) -> Prepared:
    """The first two stages of ``reconstruct``: reading, and what is known. Neither needs the estimator.

    Raises:
        ReconError: A broken photo, constraints that cannot be read or lie outside of it.
    """
    # 1. Photo: upright, sRGB
    photo = open_photo(photo, journal)
    # 2. What is known: of the scene, and of the camera
    constraints = (*constraints_of(options), *constraints)
    check_positions(constraints, width=photo.width, height=photo.height)
    known = focal_length.known_camera(photo, options, journal, constraints)
    return Prepared(photo, options, constraints, known)


def estimate_depth(prepared: Prepared, estimator: Estimator, journal: Journal) -> DepthEstimate:
    """The third stage, the network's: depth on the photo's grid.

    Raises:
        ReconError: Missing weights, measured depth that does not fit.
    """
    # 3. Depth: metric or relative
    known = prepared.known
    return estimator.estimate(prepared.photo, focal_px=None if known is None else known.fx, journal=journal)


def compose_scene(
    prepared: Prepared, estimate: DepthEstimate, knowledge: Knowledge, journal: Journal
) -> Scene:
    """The last three stages: metres, camera, scene. Runs a network only where the knowledge holds a model.

    Raises:
        CalibrationError: What is known does not suffice, or does not fit.
    """
    photo, known = prepared.photo, prepared.known
    # 4. Metres: metric depth with an interval
    metric = to_metric(photo, estimate, knowledge, known, journal)
    # 5. Camera: the focal length, and so the pixels' rays
    camera = focal_length.camera_of(
        photo, known, metric.focal_px, metric.focal_model, journal, fitted=metric.focal_fitted
    )
    # 6. Scene: the result, with where every number came from
    scene = Scene(
        photo=photo,
        intrinsics=camera,
        depth=metric.depth,
        sky=metric.sky,
        options=prepared.options,
        provenance=_provenance(photo, camera, estimate, metric),
    )
    report_depth(scene, journal)
    return scene


def make_geometry(scene: Scene, shapes: Iterable[Shape], journal: Journal) -> dict[Shape, Geometry]:
    """The last three stages: the scene's pixels, upright, as a cloud or a mesh or both; none where none is asked for.

    Args:
        scene: Its options say what is left out and how fine the geometry is.
        shapes: What to make, each once.
        journal: Told what is left out, how the scene stands, and the progress.
    """
    # 7. Pixels: no sky, nothing too far, nothing that flies at a depth edge
    with journal.stage("Finding depth edges"):
        report_pixels(scene, journal)
    made: dict[Shape, Geometry] = {}
    for shape in shapes:
        # 8. Upright: where down is, and how high the camera stands; found once
        if not made and scene.levelling is not None:
            report_levelling(scene.levelling, journal)
        # 9. Cloud or mesh
        with journal.stage(f"Making the {shape}"):
            made[shape] = geometry = scene.geometry(shape)
        if isinstance(geometry, Mesh):
            report_faces(scene, len(geometry.faces), journal)
    return made


def open_photo(photo: str | Path | Photo, journal: Journal) -> Photo:
    """Reads the file, where it is one, and passes on what was odd about it."""
    if not isinstance(photo, Photo):
        photo = read_photo(photo)
    journal.decide(
        "photo",
        f"{photo.name or 'photo'}, {photo.width} x {photo.height} px",
        path=photo.path,
        width=photo.width,
        height=photo.height,
    )
    for warning in photo.warnings:
        journal.warn("photo", warning)
    return photo


def choose_estimator(options: Options, journal: Journal, photo: Photo | None = None) -> Estimator:
    """The estimator that the options ask for; nothing is loaded yet.

    Raises:
        ModelUnavailable: An unknown name.
    """
    run = RunOptions.of(options)
    if options.model != "auto":
        return registry.create(options.model, run, journal, photo)
    if options.relative_depth is not None:
        return RelativeFile(options.relative_depth)
    if options.depth is not None:
        return Measured(options.depth, options.depth_unit)
    return registry.choose_auto(run, journal, photo)


def calibrate_on(
    photo: str | Path | Photo, options: Options, journal: Journal, constraints: Sequence[Constraint] = ()
) -> Calibration:
    """Calibrates ``options.model`` on one photo with what is known: a reference, measured depth, or lengths.

    Raises:
        ReconError: As ``reconstruct``; also where nothing is known, or it is a saved calibration.
    """
    prepared = prepare(photo, options, journal, constraints)
    estimator = choose_estimator(options, journal, prepared.photo)
    knowledge = open_knowledge(estimator, options, prepared.constraints, journal)
    if knowledge.empty or knowledge.calibration is not None:
        raise CalibrationError(
            "a calibration is made from what is known: give a metric model or a measured depth file "
            "as --reference, or "
            "lengths (--length, --at, --rectangle, --camera-height)"
        )
    estimate = estimate_depth(prepared, estimator, journal)
    calibration, _ = fit(prepared.photo, estimate, knowledge, prepared.known, journal)
    report(calibration, journal)
    return calibration


def _provenance(photo: Photo, camera: Intrinsics, estimate: DepthEstimate, metric: Metric) -> Provenance:
    """Where every number came from."""
    calibration = metric.calibration
    return Provenance(
        generator=GENERATOR,
        photo=PhotoRecord(photo.name, photo.width, photo.height),
        model=ModelRecord(estimate.model, estimate.revision, estimate.details),
        focal=FocalRecord.of(
            camera,
            sets_depth=estimate.focal_used_px is not None and calibration is None,
            sigma=calibration.focal_sigma if calibration is not None and metric.focal_fitted else None,
        ),
        error_model=metric.error_model,
        calibration=None if calibration is None else CalibrationRecord.of(calibration),
        scale_interval=metric.depth.scale_interval,
    )
