"""``recon build --dry-run``: everything that can be told, and refused, without running a model."""

from collections.abc import Sequence
from pathlib import Path

from recon.calibrate import Calibration
from recon.depth.estimator import Estimator
from recon.depth.measured import Measured
from recon.options import Options
from recon.types import Intrinsics, Photo
from recon_cli.console import Session
from recon_cli.saving import Output


def show_plan(path: Path, options: Options, outputs: Sequence[Output], session: Session) -> None:
    """Journals what ``recon build`` would do.

    Raises:
        ReconError: What the build would refuse too: no such model, relative depth without a reference, an unreadable
            photo, depth or calibration, weights that are not here while the network is off limits.
    """
    from recon import focal
    from recon.pipeline import open_photo

    journal = session.journal
    photo = open_photo(path, journal)
    known = focal.known_camera(photo, options, journal)
    model, estimator = _model(options, session)
    if estimator is not None:
        _try_measured(estimator, photo, known)
        _plan_reference(estimator, photo, known, options, session)
    if known is None:
        journal.decide("focal", "not known: would come from the model, else a 60° field of view")
    else:
        focal.camera_of(photo, known, None, model, journal)
    for output in outputs:
        journal.decide("output", f"would write {output.path} ({output.description})", path=str(output.path))
    session.result["would_write"] = [str(output.path) for output in outputs]


def _model(options: Options, session: Session) -> tuple[str, Estimator | None]:
    """The estimator's name, and the estimator unless its checkpoint would have to be fetched to know its kind."""
    from recon.depth import registry
    from recon.depth.weights import is_offline
    from recon.pipeline import choose_estimator

    name, why = options.model, ""
    if name == "auto" and options.depth is not None:
        session.journal.decide("model", f"none: measured depth of {options.depth}", name="measured")
        return "measured", choose_estimator(options, session.journal)
    if name == "auto":
        name = registry.BEST
        if not registry.is_here(name):
            offline = is_offline(options.offline)
            why = f": {name} is not on this machine" + (
                ", and the network is off limits" if offline else f"; {name} instead if the hub has it"
            )
            name = registry.EMBEDDED
    estimator = _created(name, options, session)
    if not why and not registry.is_here(name):
        why = ", whose weights would be fetched first"
    session.journal.decide("model", f"would use {name}{why}", name=name)
    return name, estimator


def _created(name: str, options: Options, session: Session) -> Estimator | None:
    """The estimator of a name; None where only a download would tell what it is."""
    from recon.depth import download, registry
    from recon.depth.estimator import RunOptions
    from recon.depth.weights import is_offline

    source = registry.source_of(name)
    here = registry.is_here(name)
    if source is not None and not here and is_offline(options.offline):
        download.obtain(source, name=name, offline=True, journal=session.journal)  # raises, with the remedy
    if name.startswith("hf:") and not here:
        return None
    return registry.create(name, RunOptions.of(options), session.journal)


def _plan_reference(
    estimator: Estimator, photo: Photo, known: Intrinsics | None, options: Options, session: Session
) -> None:
    from recon.metres import open_reference

    named = options.reference or ""
    if named.startswith("hf:") and _created(named, options, session) is None:
        told = f"{named}, whose weights would be fetched first"
    else:
        reference = open_reference(estimator, options, session.journal)
        if reference is None:
            return
        if isinstance(reference, Calibration):
            told = f"the saved calibration {named} (made with {reference.reference})"
        elif isinstance(reference, Measured):
            _try_measured(reference, photo, known)
            told = f"measured depth of {reference.path}"
        else:
            told = reference.name
            _created(named, options, session)  # refuses what cannot be had
    session.journal.decide(
        "reference", f"would be calibrated with {told}", reference=named or str(options.depth)
    )


def _try_measured(estimator: Estimator, photo: Photo, known: Intrinsics | None) -> None:
    """Measured depth is read and brought to the photo's grid: no network, and it tells whether it fits."""
    from recon.journal import Journal

    if isinstance(estimator, Measured):
        estimator.estimate(photo, focal_px=None if known is None else known.fx, journal=Journal())
