"""Finds the estimators by name. A module in this folder that has ``CARDS`` is one; nothing else need know it.

A module whose checkpoints ``hf:`` may open names their ``model_type`` (of config.json) in ``CHECKPOINTS``.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from difflib import get_close_matches
from types import ModuleType

import recon.depth
from recon.depth import names
from recon.depth.embedded import CarriedByPhoto, carried_by
from recon.depth.estimator import Estimator, ModelCard, RunOptions
from recon.depth.hub import checkpoint_cache, download
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.errors import ModelUnavailable, PhotoError
from recon.journal import Journal
from recon.types import Photo

BEST = names.DEPTH_PRO
"""What ``auto`` takes where its weights can be had."""
INSIDE = names.CARRIED
"""What ``auto`` takes before any network where the photo's file carries metric depth."""
EMBEDDED = names.PREVIEW
"""What ``auto`` takes else: it is inside the package."""


def cards() -> tuple[ModelCard, ...]:
    """The cards of all estimators; imports neither torch nor transformers."""
    return tuple(card for module in _modules() for card in getattr(module, "CARDS", ()))


def card(name: str) -> ModelCard:
    """The card of one estimator.

    Raises:
        ModelUnavailable: There is none of that name; the message names the closest, or all.
    """
    known = {each.name: each for each in cards()}
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}, and hf:REPO-OR-FOLDER."
    raise ModelUnavailable(f"There is no model {name!r}. {hint}")


def create(
    name: str, run: RunOptions, journal: Journal | None = None, photo: Photo | None = None
) -> Estimator:
    """Makes the estimator of a name; a named one loads nothing yet.

    ``hf:REPO-OR-FOLDER[@REVISION]`` has to read the checkpoint's config to know what it is, so its weights are
    fetched now where they are not on this machine.

    Args:
        name: As ``--model`` takes it.
        run: How it runs.
        journal: Told about the fetching.
        photo: The photo that it is for, where that is known: the depth inside its file is metric or relative.

    Raises:
        ModelUnavailable: The name is unknown, or the checkpoint cannot be had or is of another kind, or the photo
            carries no depth.
    """
    if name.startswith("hf:"):
        return _from_checkpoint(name, run, journal or Journal())
    estimator = card(name).create(run)
    if isinstance(estimator, CarriedByPhoto) and photo is not None:
        carried_by(photo)  # raises now rather than after other work
        return CarriedByPhoto(photo)
    return estimator


def choose_auto(run: RunOptions, journal: Journal, photo: Photo | None = None) -> Estimator:
    """What ``auto`` takes: metric depth inside the photo's file; else Depth Pro where its weights are on this machine
    or can be had; else the embedded preview, with a warning.

    Args:
        run: How it runs.
        journal: Told what was chosen and why; also that the file carries relative depth, which could be calibrated.
        photo: The photo that it is for; None: nothing is known of it.
    """
    if photo is not None and photo.carried is not None:
        chosen = _carried_metric(photo, journal)
        if chosen is not None:
            return chosen
    source = Source(repository=card(BEST).repository)
    try:
        download.obtain(source, name=BEST, offline=run.offline, journal=journal)
    except ModelUnavailable as error:
        text = f"{BEST} cannot be used; the rough embedded {EMBEDDED} takes its place. {error}"
        remedy = f"`recon models pull {BEST}`"
        journal.warn("model", text if remedy in text else f"{text} Later: {remedy}.", chosen=EMBEDDED)
        return create(EMBEDDED, run)
    journal.decide("model", f"{BEST}: the best model, and its weights are on this machine.", chosen=BEST)
    return create(BEST, run)


def _carried_metric(photo: Photo, journal: Journal) -> Estimator | None:
    """The estimator of the depth inside the photo's file where that is metric and whole."""
    carried = carried_by(photo)
    if carried.gives == "relative":
        journal.decide(
            "model",
            f"the photo carries relative depth ({carried.standard}): --model {INSIDE} with --length, --at or "
            "--reference gives metres.",
            carried=carried.standard,
        )
        return None
    try:
        carried.read()
    except PhotoError as error:
        journal.warn("model", f"{error} It is not used.", carried=carried.standard)
        return None
    journal.decide(
        "model",
        f"{INSIDE}: the file carries metric depth ({carried.standard}), so no network is needed.",
        chosen=INSIDE,
    )
    return CarriedByPhoto(photo)


def source_of(name: str) -> Source | None:
    """Where the weights of a named or ``hf:`` model come from; None where they are inside the package."""
    if name.startswith("hf:"):
        return checkpoint_cache.parse_source(name.removeprefix("hf:"))
    repository = card(name).repository
    return None if repository is None else Source(repository=repository)


def is_here(name: str) -> bool:
    """Whether a model can run without the network."""
    source = source_of(name)
    return source is None or checkpoint_cache.locate(source) is not None


def pull(name: str, journal: Journal) -> Snapshot | None:
    """Fetches the weights of a named or ``hf:`` model into the hub's cache; None where none are needed.

    Raises:
        ModelUnavailable: They cannot be had.
    """
    source = source_of(name)
    if source is None or source.folder is not None:
        journal.decide("model", f"{name} needs no download.", name=name)
        return None
    if checkpoint_cache.is_offline(False):
        raise ModelUnavailable(
            f"{name} cannot be fetched while HF_HUB_OFFLINE is set; unset it for this command."
        )
    return download.pull(source, journal)


def _modules() -> Iterator[ModuleType]:
    for found in sorted(pkgutil.iter_modules(recon.depth.__path__), key=lambda each: each.name):
        if found.name != "registry" and not found.ispkg:
            yield importlib.import_module(f"{recon.depth.__name__}.{found.name}")


def _from_checkpoint(name: str, run: RunOptions, journal: Journal) -> Estimator:
    source = checkpoint_cache.parse_source(name.removeprefix("hf:"))
    snapshot = download.obtain(source, name=name, offline=run.offline, journal=journal)
    config = checkpoint_cache.read_config(snapshot)
    makers = {
        kind: make for module in _modules() for kind, make in getattr(module, "CHECKPOINTS", {}).items()
    }
    kind = config.get("model_type")
    if kind not in makers:
        raise ModelUnavailable(
            f"{name}: expected a checkpoint of {' or '.join(sorted(makers))}, got {kind or 'none'} (model_type in "
            "its config.json). Choose another one."
        )
    # The revision that was found is pinned, so that the weights are those of the config that was read.
    pinned = source if snapshot.revision is None else Source(source.repository, snapshot.revision)
    return makers[kind](name, pinned, run, config)
