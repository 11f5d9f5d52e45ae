"""Depth models of other installed packages, found by the entry points of the group ``recon.depth_models``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from recon.depth.estimator import CheckpointMaker, ModelCard

GROUP = "recon.depth_models"


@dataclass(frozen=True)
class PlugIn:
    """What one entry point adds, or why it cannot."""

    name: str
    """Name of the entry point and of its package."""
    cards: tuple[ModelCard, ...] = ()
    checkpoints: Mapping[str, CheckpointMaker] = field(default_factory=dict)
    problem: str | None = None
    """One sentence for the user; None if the package works."""


@cache
def plug_ins() -> tuple[PlugIn, ...]:
    """The plug-ins of the installed packages, by name; imports their modules at the first call.

    A package that fails to import adds nothing and does not stop recon.
    """
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return tuple(_load(entry) for entry in entries)


def _load(entry: EntryPoint) -> PlugIn:
    package = entry.dist.name if entry.dist is not None else "an unknown package"
    name = f"{entry.name} of {package}"
    try:
        module = entry.load()
        cards = tuple(getattr(module, "CARDS", ()))
        checkpoints: dict[str, Callable[..., object]] = dict(getattr(module, "CHECKPOINTS", {}))
    except Exception as error:  # foreign code
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        return PlugIn(name, problem=_problem(name, f"it fails to load ({reason})"))
    if not all(isinstance(card, ModelCard) for card in cards):
        return PlugIn(
            name, problem=_problem(name, "its CARDS are not all of recon.depth.estimator.ModelCard")
        )
    if not cards and not checkpoints:
        return PlugIn(name, problem=_problem(name, "it has neither CARDS nor CHECKPOINTS"))
    return PlugIn(name, cards, checkpoints)  # type: ignore[arg-type]


def _problem(name: str, reason: str) -> str:
    return f"The depth models of plug-in {name} are ignored: {reason}. Update or uninstall that package."
