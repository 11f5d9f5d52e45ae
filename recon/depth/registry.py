"""Finds estimators by name: every module in this folder that defines ``CARDS`` is registered, and every plug-in.

``CHECKPOINTS`` of a module maps the ``model_type`` of a config.json to its estimator, for ``hf:`` models.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import recon.depth
from recon import estimator_names as names
from recon.depth import plug_ins, with_transformers
from recon.depth.embedded import CarriedByPhoto, carried_by
from recon.depth.estimator import CheckpointMaker, Estimator, ModelCard, RunOptions
from recon.depth.hub import checkpoint_cache, download, remembered
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.depth.measured import Measured
from recon.depth.relative_file import RelativeFile
from recon.errors import ModelUnavailable, PhotoError
from recon.journal import Journal
from recon.types import Photo

BEST = names.DEPTH_PRO
"""Choice of ``auto`` if the weights are available."""
BEST_COMMERCIAL = "moge2-vitl"
"""The same where the licence has to allow commercial use."""
INSIDE = names.CARRIED
"""First choice of ``auto``, if the photo file contains metric depth."""
EMBEDDED = names.PREVIEW
"""Fallback of ``auto``: bundled with the package."""


def cards() -> tuple[ModelCard, ...]:
    """The cards of all estimators, those of plug-ins last; imports no torch, unless a plug-in does."""
    ours = tuple(_built_in().values())
    theirs = (card for plug_in in plug_ins.plug_ins() for card in plug_in.cards)
    return ours + tuple(card for card in theirs if card.name not in _built_in())


def problems() -> tuple[str, ...]:
    """One sentence for each plug-in that adds nothing, or a model whose name is taken."""
    problems = []
    for plug_in in plug_ins.plug_ins():
        if plug_in.problem is not None:
            problems.append(plug_in.problem)
        for card in plug_in.cards:
            if card.name in _built_in():
                problems.append(
                    f"The model {card.name} of plug-in {plug_in.name} is ignored: recon has one of that name."
                )
    return tuple(problems)


def card(name: str) -> ModelCard:
    """The card of one estimator.

    Raises:
        ModelUnavailable: The name is unknown; the message suggests the closest name, or lists all.
    """
    if name in _built_in():  # without a search for plug-ins
        return _built_in()[name]
    known = {each.name: each for each in cards()}
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = (
        f"Did you mean {close[0]}?"
        if close
        else f"Choose one of {', '.join(known)}, hf:REPO-OR-FOLDER, or onnx:FILE."
    )
    raise ModelUnavailable(" ".join([f"Unknown model {name!r}. {hint}", *problems()]))


def create(
    name: str, run: RunOptions, journal: Journal | None = None, photo: Photo | None = None
) -> Estimator:
    """Creates the estimator for a name, without loading its weights.

    For ``hf:REPO-OR-FOLDER[@REVISION]``, the architecture is read from the checkpoint's config, so the checkpoint is
    downloaded now if it is not on this machine.

    Args:
        name: Value of ``--model``.
        run: Run options.
        journal: Receives the progress of a download.
        photo: The photo, if known: it determines whether embedded depth is metric or relative.

    Raises:
        ModelUnavailable: The name is unknown, the checkpoint is unavailable or not supported, the photo has no
            embedded depth, or the model is no network that could be augmented.
    """
    if run.commercial_only:
        check_commercial_use(name)
    return wrapped(_created(name, run, journal, photo), run)


def wrapped(estimator: Estimator, run: RunOptions) -> Estimator:
    """The estimator, augmented and refined as the options say.

    Raises:
        ModelUnavailable: One of the two is wanted of depth that comes from a file.
    """
    wanted = "--augment" if run.augment else "--refine"
    if (run.augment or run.refine) and isinstance(estimator, CarriedByPhoto | Measured | RelativeFile):
        raise ModelUnavailable(
            f"{wanted} is for depth networks, but this depth comes from a file: omit {wanted}, or choose a network "
            "with --model."
        )
    if run.augment:
        from recon.depth.augmented import Augmented

        estimator = Augmented(estimator, run.augment)
    if run.refine:
        from recon.depth.refined import Refined

        estimator = Refined(estimator, run.refine)
    return estimator


def _created(name: str, run: RunOptions, journal: Journal | None, photo: Photo | None) -> Estimator:
    if name.startswith(names.ONNX):
        from recon.depth.onnx.onnx_file import OnnxFile

        return OnnxFile(name, Path(name.removeprefix(names.ONNX)).expanduser(), run)
    if name.startswith("hf:"):
        return _from_checkpoint(name, run, journal or Journal())
    estimator = card(name).create(run)
    if isinstance(estimator, CarriedByPhoto) and photo is not None:
        carried_by(photo)  # raises early, before other work
        return CarriedByPhoto(photo)
    return estimator


def best_for(run: RunOptions) -> str:
    """The model that ``auto`` means if its weights can be had."""
    return BEST_COMMERCIAL if run.commercial_only else BEST


def choose_auto(run: RunOptions, journal: Journal, photo: Photo | None = None) -> Estimator:
    """Chooses the estimator for ``auto``: metric depth in the photo file; else Depth Pro, if its weights are on this
    machine or can be downloaded; else the bundled preview, with a warning.

    Args:
        run: Run options.
        journal: Receives the choice and its reason, and a note if the file contains relative depth.
        photo: The photo, or None if unknown.
    """
    if photo is not None and photo.carried is not None:
        chosen = _carried_metric(photo, journal)
        if chosen is not None:
            return wrapped(chosen, run)
    best = best_for(run)
    source = Source(repository=card(best).repository)
    try:
        download.obtain(source, name=best, offline=run.offline, journal=journal)
    except ModelUnavailable as error:
        _report_fallback(best, error, journal)
        return create(EMBEDDED, run)
    journal.decide("model", f"{best}: the default model; its weights are on this machine.", chosen=best)
    return create(best, run)


def check_commercial_use(name: str) -> None:
    """Refuses a model whose licence forbids commercial use or is not known.

    Raises:
        ModelUnavailable: It is one of those; the message names another.
    """
    if name.startswith("hf:"):
        raise ModelUnavailable(
            f"{name}: recon does not know the licence of this checkpoint. Read it, and omit --commercial-only if it "
            "allows your use."
        )
    if name == INSIDE:
        return
    licence, commercial = licence_of(name)
    if not commercial:
        reason = licence or "its licence is not known"
        raise ModelUnavailable(
            f"{name} may not be used commercially ({reason}). Use --model {BEST_COMMERCIAL}, or see "
            "`recon models suggest --commercial`."
        )


def licence_of(name: str) -> tuple[str | None, bool | None]:
    """The licence of a model's weights, and whether it allows commercial use; None for what recon does not know."""
    if name.startswith("hf:"):
        return None, None
    if name.startswith(names.ONNX):
        from recon.depth.onnx.graph_info import read_info

        info = read_info(Path(name.removeprefix(names.ONNX)).expanduser())
        return info.licence, info.commercial
    return card(name).licence, card(name).commercial


def ready(name: str, run: RunOptions, journal: Journal) -> Estimator:
    """The estimator for a name or ``auto``, whose weights are on this machine; downloads them where that is allowed.

    Raises:
        ModelUnavailable: The name is unknown, or the weights cannot be had.
    """
    if name == "auto":
        return choose_auto(run, journal)
    source = source_of(name)
    if source is not None:
        download.obtain(source, name=name, offline=run.offline, journal=journal)
    return create(name, run, journal)


def _report_fallback(best: str, error: ModelUnavailable, journal: Journal) -> None:
    """Says that the preview is used: a warning, but where there is no hub only once per machine."""
    remedy = f"`recon models pull {best}`"
    if not isinstance(error, download.HubUnreachable):
        text = f"{best} is not available, so the rough {EMBEDDED} network is used. {error}"
        journal.warn("model", text if remedy in text else f"{text} To install it: {remedy}.", chosen=EMBEDDED)
    elif remembered.is_first(EMBEDDED):
        journal.warn(
            "model",
            f"{best} is not installed ({error.reason}), so the small {EMBEDDED} network is used: shapes are coarse, "
            f"metres are guesses. To install it: {remedy}, or by hand: `recon models {best}`",
            chosen=EMBEDDED,
        )
    else:
        journal.decide(
            "model",
            f"{EMBEDDED}, rough: metres are guesses ({best} is not installed: {error.reason})",
            chosen=EMBEDDED,
        )


def _carried_metric(photo: Photo, journal: Journal) -> Estimator | None:
    """The estimator for embedded depth, if it is metric and not damaged; otherwise None."""
    carried = carried_by(photo)
    if carried.gives == "relative":
        journal.decide(
            "model",
            f"the photo contains relative depth ({carried.standard}); to use it, combine --model {INSIDE} with "
            "--length, --at or --reference.",
            carried=carried.standard,
        )
        return None
    try:
        carried.read()
    except PhotoError as error:
        journal.warn("model", f"{error} The embedded depth is ignored.", carried=carried.standard)
        return None
    journal.decide(
        "model",
        f"{INSIDE}: the file contains metric depth ({carried.standard}), so no network is needed.",
        chosen=INSIDE,
    )
    return CarriedByPhoto(photo)


def source_of(name: str) -> Source | None:
    """The source of the weights of a named or ``hf:`` model; None if they are bundled."""
    if name.startswith("hf:"):
        return checkpoint_cache.parse_source(name.removeprefix("hf:"))
    if name.startswith(names.ONNX):
        return None
    repository = card(name).repository
    return None if repository is None else Source(repository=repository)


def is_here(name: str) -> bool:
    """Whether a model can run offline."""
    source = source_of(name)
    return source is None or checkpoint_cache.locate(source) is not None


def pull(name: str, journal: Journal) -> Snapshot | None:
    """Downloads the weights of a named or ``hf:`` model into the Hub cache; returns None if none are needed.

    Raises:
        ModelUnavailable: The weights are unavailable.
    """
    source = source_of(name)
    if source is None or source.folder is not None:
        journal.decide("model", f"{name} needs no download.", name=name)
        return None
    if checkpoint_cache.is_offline(False):
        raise ModelUnavailable(
            f"{name} cannot be downloaded while HF_HUB_OFFLINE is set; unset it for this command."
        )
    return download.pull(source, journal)


def _built_in() -> dict[str, ModelCard]:
    return {card.name: card for module in _modules() for card in getattr(module, "CARDS", ())}


def _modules() -> Iterator[ModuleType]:
    for module in sorted(pkgutil.iter_modules(recon.depth.__path__), key=lambda each: each.name):
        if module.name != "registry" and not module.ispkg:
            yield importlib.import_module(f"{recon.depth.__name__}.{module.name}")


def _from_checkpoint(name: str, run: RunOptions, journal: Journal) -> Estimator:
    source = checkpoint_cache.parse_source(name.removeprefix("hf:"))
    snapshot = download.obtain(source, name=name, offline=run.offline, journal=journal)
    config = checkpoint_cache.read_config(snapshot)
    makers: dict[str, CheckpointMaker] = {}
    for plug_in in plug_ins.plug_ins():
        makers |= plug_in.checkpoints
    for module in _modules():
        makers |= getattr(module, "CHECKPOINTS", {})
    # Depth Anything 3 names its network otherwise than transformers does.
    kind = config.get("model_type") or config.get("model_name")
    if kind is not None and not isinstance(kind, str):
        raise ModelUnavailable(
            f"{name}: model_type in its config.json must be text, got a {type(kind).__name__}."
        )
    # Pin the revision, so that the weights match the config that was read.
    pinned = source if snapshot.revision is None else Source(source.repository, snapshot.revision)
    if kind in makers:
        return makers[kind](name, pinned, run, config)
    if run.backend == "fast":
        raise ModelUnavailable(
            f"{name}: recon has no built-in network for model_type {str(kind or 'none')[:60]}, only for "
            f"{' and '.join(sorted(makers))}. Omit --backend fast."
        )
    if kind not in (others := with_transformers.supported()):
        raise ModelUnavailable(
            f"{name}: unsupported model_type {str(kind or 'none')[:60]} in its config.json; expected one of "
            f"{', '.join(sorted({*makers, *others}))}. Choose another checkpoint."
        )
    gives = with_transformers.depth_kind(name, config, run.depth_kind)
    return with_transformers.TransformersDepth(name, pinned, gives, run)
