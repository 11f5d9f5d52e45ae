"""Turns a photo into a scene, and the scene into a point cloud or mesh, in nine independent stages.

``reconstruct`` runs stages 1 to 6, ``make_geometry`` stages 7 to 9; ``recon.export`` writes the files. The packages
follow the same order: photo, camera, depth, calibration, geometry, export.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recon.calibration.calibration import Calibration, as_json
from recon.calibration.checks import check_positions
from recon.calibration.references import ScaleSources, check_files, constraints_of, open_scale_sources
from recon.calibration.to_metric import Metric, fit, report, to_metric
from recon.camera import focal_length
from recon.camera.lens import Lens
from recon.camera.undistort import moved_constraints, undistort, without_lens
from recon.constraints import Constraint
from recon.depth import registry
from recon.depth.estimator import Estimator, RunOptions
from recon.depth.measured import Measured
from recon.depth.relative_file import RelativeFile
from recon.errors import CalibrationError, PhotoError
from recon.export.format import Geometry
from recon.frames import Axes
from recon.journal import Journal
from recon.options import Options, Shape
from recon.photo.read import read_photo
from recon.provenance import (
    CalibrationRecord,
    FocalRecord,
    ModelRecord,
    PhotoRecord,
    Provenance,
    without_folder,
)
from recon.scene import Scene
from recon.stage_reports import report_depth, report_faces, report_levelling, report_pixels, report_size
from recon.types import DepthEstimate, Intrinsics, Mesh, Photo
from recon.version import GENERATOR


def reconstruct(
    photo: str | Path | Photo,
    options: Options | None = None,
    *,
    estimator: Estimator | None = None,
    constraints: Sequence[Constraint] = (),
    journal: Journal | None = None,
    on_result: Callable[[Photo | DepthEstimate], None] | None = None,
) -> Scene:
    """Turns one photograph into a metric scene.

    Args:
        photo: Path of a file, or a photo that has been read.
        options: None for the defaults.
        estimator: Replaces ``options.model``; keeps its weights in memory between photos.
        constraints: Known measurements of the scene, in addition to those in the options.
        journal: Receives every decision and the progress.
        on_result: Called with the photo as soon as it is read, (H, W, 3) sRGB, and with its depth before it is fitted
            to a reference, (H, W) m or relative inverse depth.

    Raises:
        ReconError: A problem that the user can fix: a broken photo, missing weights, relative depth without a
            reference.
    """
    options = options or Options()
    journal = journal or Journal()
    on_result = on_result or (lambda result: None)
    # 1. and 2. Photo, constraints and camera: everything that needs no network
    prepared = prepare(photo, options, journal, constraints)
    on_result(prepared.photo)
    # 3. Depth. The scale sources are opened first, so that errors in them are reported before the slow step
    estimator = estimator or choose_estimator(options, journal, prepared.photo)
    scale_sources = open_scale_sources(estimator, options, prepared.constraints, journal)
    estimate = estimate_depth(prepared, estimator, journal)
    on_result(estimate)
    # 4. to 6. Metric scale, camera, scene
    return compose_scene(prepared, estimate, scale_sources, journal)


@dataclass(frozen=True)
class Prepared:
    """A photo with everything that is determined before its depth."""

    photo: Photo
    options: Options
    constraints: tuple[Constraint, ...]
    """From the options and from the caller."""
    known_camera: Intrinsics | None
    """The camera from the options or the file; None if only a model can estimate it."""


def prepare(
    photo: str | Path | Photo,
    options: Options,
    journal: Journal,
    constraints: Sequence[Constraint] = (),
    *,
    lens: Lens | None = None,
) -> Prepared:
    """Runs the first two stages of ``reconstruct``: photo, constraints and camera. Neither needs the estimator.

    ``lens`` is that of the photo, if the options state none.

    Raises:
        ReconError: A broken photo, a lens that cannot be used, or constraints that cannot be read or lie outside the
            photo.
    """
    # 1. Photo: upright, sRGB, without lens distortion. Known positions are those of the photo as it was taken
    photo = open_photo(photo, journal)
    if photo.panorama is not None or options.panorama:
        raise PhotoError(
            f"{photo.name or 'the photo'} is a panorama: give one panorama to recon build or recon depth, or to "
            "recon.panorama.run"
        )
    constraints = (*constraints_of(options), *constraints)
    if constraints:
        check_positions(constraints, width=photo.width, height=photo.height)
    if options.has_lens:
        photo = undistort(photo, options, journal)
    elif lens is not None:
        photo = without_lens(photo, lens, journal)
    if constraints:
        constraints = moved_constraints(constraints, photo)
    # 2. Known measurements, and the camera if it is known
    check_files(options)
    known_camera = focal_length.known_camera(photo, options, journal, constraints)
    return Prepared(photo, options, constraints, known_camera)


def estimate_depth(prepared: Prepared, estimator: Estimator, journal: Journal) -> DepthEstimate:
    """Runs the third stage, the network: depth on the photo's grid.

    Raises:
        ReconError: Missing weights, or measured depth that does not fit the photo.
    """
    # 3. Depth: metric or relative
    camera = prepared.known_camera
    focal_px = None if camera is None else camera.fx
    estimate = estimator.estimate(prepared.photo, focal_px=focal_px, journal=journal)
    if not isinstance(estimator, Measured | RelativeFile):
        report_size(estimate, prepared.options, journal)
    return estimate.within(prepared.photo.present)


def compose_scene(
    prepared: Prepared, estimate: DepthEstimate, scale_sources: ScaleSources, journal: Journal
) -> Scene:
    """Runs stages 4 to 6: metric scale, camera, scene. Runs a network only if the reference is a model.

    Raises:
        CalibrationError: The constraints are insufficient or inconsistent.
    """
    photo, known_camera = prepared.photo, prepared.known_camera
    # 4. Metric scale: metric depth with an interval
    metric = to_metric(photo, estimate, scale_sources, known_camera, journal)
    # 5. Camera: the focal length, which determines the rays of the pixels
    camera = focal_length.camera_of(
        photo, known_camera, metric.focal_px, metric.focal_model, journal, fitted=metric.focal_fitted
    )
    # 6. Scene: the result with its provenance
    scene = Scene(
        photo=photo,
        intrinsics=camera,
        depth=metric.depth,
        sky=metric.sky,
        options=prepared.options,
        provenance=provenance_of(photo, camera, estimate, metric),
    )
    report_depth(scene, journal)
    return scene


def make_geometry(
    scene: Scene, wanted: Iterable[tuple[Shape, Axes | None]], journal: Journal
) -> dict[Shape, Geometry]:
    """Runs the last three stages: the scene as a levelled point cloud, a mesh, or both; nothing for no shapes.

    Args:
        scene: Its options determine which pixels are dropped and the resolution of the geometry.
        wanted: The shapes to make, each with the axes that its file format prescribes, if any.
        journal: Receives what was dropped, the levelling, and the progress.
    """
    # 7. Pixels: drop the sky, what is too far, and flying pixels at depth edges
    with journal.stage("Finding depth edges"):
        report_pixels(scene, journal)
    # 8. Levelling: gravity and the height of the camera, estimated once for all shapes
    wanted = tuple(wanted)
    report_levelling(scene, wanted, journal)
    # 9. Cloud or mesh
    made: dict[Shape, Geometry] = {}
    for shape in dict.fromkeys(shape for shape, _ in wanted):
        with journal.stage(f"Making the {shape}"):
            made[shape] = geometry = scene.geometry(shape)
        if isinstance(geometry, Mesh):
            report_faces(scene, geometry, journal)
    return made


def open_photo(photo: str | Path | Photo, journal: Journal) -> Photo:
    """Reads the photo if it is a file, and journals its warnings."""
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
    """Creates the estimator selected by the options; its weights are not loaded yet.

    Raises:
        ModelUnavailable: An unknown name, or depth from a file is to be augmented or refined.
    """
    run = RunOptions.of(options)
    if options.model != "auto":
        return registry.create(options.model, run, journal, photo)
    if options.relative_depth is not None:
        return registry.wrapped(RelativeFile(options.relative_depth), run)
    if options.depth is not None:
        return registry.wrapped(Measured(options.depth, options.depth_unit), run)
    return registry.choose_auto(run, journal, photo)


def calibrate_on(
    photo: str | Path | Photo, options: Options, journal: Journal, constraints: Sequence[Constraint] = ()
) -> Calibration:
    """Calibrates ``options.model`` on one photo with a reference, measured depth, or known lengths.

    Raises:
        ReconError: As for ``reconstruct``; also if there is no source of metric scale, or it is a saved calibration.
    """
    prepared = prepare(photo, options, journal, constraints)
    estimator = choose_estimator(options, journal, prepared.photo)
    scale_sources = open_scale_sources(estimator, options, prepared.constraints, journal)
    if scale_sources.empty or scale_sources.calibration is not None:
        raise CalibrationError(
            "a calibration needs a source of metric scale: pass a metric model or a measured depth file as "
            "--reference, or known lengths (--length, --at, --rectangle, --camera-height)"
        )
    estimate = estimate_depth(prepared, estimator, journal)
    calibration, _ = fit(prepared.photo, estimate, scale_sources, prepared.known_camera, journal)
    report(calibration, journal)
    return calibration


def provenance_of(photo: Photo, camera: Intrinsics, estimate: DepthEstimate, metric: Metric) -> Provenance:
    """The origin of every number in the scene."""
    calibration = metric.calibration
    return Provenance(
        generator=GENERATOR,
        photo=PhotoRecord(photo.name, photo.width, photo.height),
        model=ModelRecord(without_folder(estimate.model), estimate.revision, estimate.details),
        focal=FocalRecord.of(
            camera,
            sets_depth=estimate.focal_used_px is not None and calibration is None,
            sigma=calibration.focal_sigma if calibration is not None and metric.focal_fitted else None,
        ),
        lens=None if photo.original is None else photo.original.record,
        error_model=metric.error_model,
        calibration=None if calibration is None else CalibrationRecord.from_dict(as_json(calibration)),
        scale_interval=metric.depth.scale_interval,
    )
