"""Notices that are shown once per machine: a small record in the Hub's cache folder, next to that of its failures."""

from contextlib import suppress
from pathlib import Path

_PREFIX = "recon-notice-"


def is_first(name: str) -> bool:
    """Whether a notice was never given on this machine; from now on it was.

    A cache that cannot be written to stays without a record, and the notice is given each time.

    Args:
        name: Of the notice, a word that can be a file's name.
    """
    path = cache_folder() / f"{_PREFIX}{name}"
    try:
        if path.exists():
            return False
    except OSError:
        return True
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return True


def cache_folder() -> Path:
    """The hub's cache on this machine; it need not exist."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)
