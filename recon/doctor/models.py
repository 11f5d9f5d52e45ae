"""Examines the depth models that are downloaded, and the hub that they come from."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from recon.depth import registry
from recon.depth.hub import reachable, remembered
from recon.depth.hub.checkpoint_cache import is_offline
from recon.doctor.finding import Finding

AREA = "depth models"
_PATIENCE_S = 10.0


def examine_models() -> Iterator[Finding]:
    """The default model, the others that are on this machine, and plug-ins that do not load."""
    best = registry.BEST
    if registry.is_here(best):
        yield Finding(AREA, best, "works", "on this machine")
    else:
        size = registry.card(best).download_mb or 0
        detail = f"not on this machine ({size / 1000:.1f} GB); until then the rough preview network is used"
        yield Finding(AREA, best, "missing", detail, f"recon models pull {best}")
    others = [card.name for card in registry.cards() if card.repository and registry.is_here(card.name)]
    if others := [name for name in others if name != best]:
        yield Finding(AREA, "others", "works", ", ".join(others))
    for problem in registry.problems():
        yield Finding(AREA, "plug-in", "broken", problem, "update or remove the plug-in's package")


def examine_cache() -> Finding:
    """The folder of downloads: whether it can be written to, and how much room there is."""
    folder = remembered.cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not _can_write(there):
        fix = "export HF_HOME=FOLDER, a folder that you may write to"
        return Finding(AREA, "cache", "broken", f"{folder} cannot be written to", fix)
    free_gb = shutil.disk_usage(there).free / 1e9
    needed_gb = (registry.card(registry.BEST).download_mb or 0) / 1000
    if free_gb < needed_gb and not registry.is_here(registry.BEST):
        fix = "free some room, or export HF_HOME=FOLDER, one on another disk"
        return Finding(AREA, "cache", "note", f"{folder}, only {free_gb:.1f} GB free", fix)
    return Finding(AREA, "cache", "works", f"{folder}, {free_gb:.0f} GB free")


def examine_hub(network: bool) -> Finding:
    """The Hugging Face Hub: offline settings and the last outage, or whether it answers."""
    if is_offline(False):
        fix = "unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE"
        return Finding(AREA, "hub", "note", "HF_HUB_OFFLINE is set: nothing is downloaded", fix)
    by_hand = f"recon models {registry.BEST}, which says how to install weights by hand"
    if network:
        problem = _problem()
        if problem is None:
            return Finding(AREA, "hub", "works", "answers")
        return Finding(AREA, "hub", "missing", problem, by_hand)
    if (outage := remembered.recent()) is not None:
        return Finding(AREA, "hub", "missing", f"failed {outage.minutes_ago}: {outage.reason}", by_hand)
    return Finding(AREA, "hub", "note", "not asked", "recon doctor --network")


def _problem() -> str | None:
    """Why the hub cannot be used, or None. A server that sends single bytes does not hold us up."""
    answers: list[str | None] = []
    thread = threading.Thread(target=lambda: answers.append(reachable.problem(_PATIENCE_S)), daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    return answers[0] if answers else f"no answer within {_PATIENCE_S:.0f} s"


def _can_write(folder: Path) -> bool:
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
