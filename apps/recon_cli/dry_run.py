"""``recon build --dry-run``: everything that can be shown and checked without running a model."""

from collections.abc import Sequence
from pathlib import Path

from recon.depth.estimator import Estimator
from recon.depth.measured import Measured
from recon.depth.sparse_points import SparsePoints
from recon.estimator_names import MEASURED, RELATIVE_FILE
from recon.options import Options
from recon.outputs.scene_files import Output
from recon.types import Intrinsics, Photo
from recon_cli.console import Session


def show_plan(path: Path, options: Options, outputs: Sequence[Output], session: Session) -> None:
    """Journals what ``recon build`` would do.

    Raises:
        ReconError: An error that the build would raise, too: unknown model, relative depth without a reference, an
            unreadable photo, depth or calibration, or missing weights in offline mode.
    """
    plan_model(path, options, session)
    for output in outputs:
        session.journal.decide(
            "output", f"would write {output.path} ({output.description})", path=str(output.path)
        )
    session.result["would_write"] = [str(output.path) for output in outputs]


def plan_model(path: Path, options: Options, session: Session) -> None:
    """Journals which model would be used for a photo, its sources of metric scale, and its camera.

    Raises:
        ReconError: As ``show_plan``.
    """
    from recon.camera import focal_length
    from recon.pipeline import prepare
    from recon_cli.any_picture import read_picture

    journal = session.journal
    read = read_picture(path, options)
    if read.panorama is not None:
        journal.decide("panorama", f"a scene all around, from a {read.panorama.projection} panorama")
        _model(read, options, session)
        return
    prepared = prepare(read, options, journal)
    photo, known_camera = prepared.photo, prepared.known_camera
    model, estimator = _model(photo, options, session)
    if estimator is not None:
        _try_measured(estimator, photo, known_camera)
        _plan_reference(estimator, photo, known_camera, options, session)
    if known_camera is None:
        journal.decide("focal", "unknown: predicted by the model, otherwise 60° along the longer side")
    else:
        focal_length.camera_of(photo, known_camera, None, model, journal)


def _model(photo: Photo, options: Options, session: Session) -> tuple[str, Estimator | None]:
    """The estimator and its name; None if its checkpoint would have to be downloaded to determine its type."""
    from recon.depth import registry
    from recon.depth.estimator import RunOptions
    from recon.depth.hub.checkpoint_cache import is_offline
    from recon.pipeline import choose_estimator

    name, why = options.model, ""
    if name == "auto" and options.relative_depth is not None:
        session.journal.decide(
            "model", f"none: relative depth of {options.relative_depth}", name=RELATIVE_FILE
        )
        return RELATIVE_FILE, choose_estimator(options, session.journal)
    if name == "auto" and options.depth is not None:
        session.journal.decide("model", f"none: measured depth of {options.depth}", name=MEASURED)
        return MEASURED, choose_estimator(options, session.journal)
    carries_metres = photo.carried is not None and photo.carried.gives == "metric"
    if name == "auto" and carries_metres:
        carried = choose_estimator(options, session.journal, photo)
        return carried.name, carried
    if name == "auto":
        name = registry.best_for(RunOptions.of(options))
        if not registry.is_here(name):
            offline = is_offline(options.offline)
            why = f": {name} is not on this machine" + (
                " and cannot be downloaded offline"
                if offline
                else f"; {name} instead if it can be downloaded"
            )
            name = registry.EMBEDDED
    estimator = _created(name, options, session, photo)
    if not why and not registry.is_here(name):
        why = ", whose weights would be downloaded first"
    session.journal.decide("model", f"would use {name}{why}", name=name)
    return name, estimator


def _created(name: str, options: Options, session: Session, photo: Photo | None = None) -> Estimator | None:
    """The estimator of a name; None if its type is known only after a download."""
    from recon.depth import registry
    from recon.depth.estimator import RunOptions
    from recon.depth.hub import download
    from recon.depth.hub.checkpoint_cache import is_offline

    if options.commercial_only:
        registry.check_commercial_use(name)
    source = registry.source_of(name)
    here = registry.is_here(name)
    if source is not None and not here and is_offline(options.offline):
        download.obtain(source, name=name, offline=True, journal=session.journal)  # raises, with the remedy
    if name.startswith("hf:") and not here:
        return None
    return registry.create(name, RunOptions.of(options), session.journal, photo)


def _plan_reference(
    estimator: Estimator, photo: Photo, known_camera: Intrinsics | None, options: Options, session: Session
) -> None:
    from recon.calibration.references import constraints_of, open_scale_sources

    named = options.reference or ""
    sources = [one.text for one in constraints_of(options)]
    if named.startswith("hf:") and _created(named, options, session) is None:
        sources.append(f"{named}, whose weights would be downloaded first")
    else:
        scale_sources = open_scale_sources(estimator, options, constraints_of(options), session.journal)
        reference = scale_sources.reference
        if scale_sources.calibration is not None:
            sources.append(
                f"the saved {options.calibration} (made with {scale_sources.calibration.reference})"
            )
        elif isinstance(reference, Measured | SparsePoints):
            _try_measured(reference, photo, known_camera)
            sources.append(f"measured depth of {reference.path}")
        elif reference is not None:
            sources.append(reference.name)
            _created(named, options, session)  # raises if it is not available
    if sources:
        session.journal.decide(
            "calibration", f"would be calibrated with {', '.join(sources)}", sources=sources
        )


def _try_measured(estimator: Estimator, photo: Photo, known_camera: Intrinsics | None) -> None:
    """Reads measured depth and resamples it to the photo's grid, which checks that it fits; needs no network."""
    from recon.journal import Journal

    if isinstance(estimator, Measured | SparsePoints):
        estimator.estimate(
            photo, focal_px=None if known_camera is None else known_camera.fx, journal=Journal()
        )
