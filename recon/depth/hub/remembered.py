"""What this machine remembers, in small files in the Hub's cache folder: a failure of the Hub for some minutes, so
that it is not retried, and notices that are shown once."""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recon.strict_json import as_kind, read_json

LIMIT_S = 300.0
"""How long a failure is remembered, s."""
_FAILED = "recon-hub-failed.json"
_NOTICE = "recon-notice-"


@dataclass(frozen=True)
class Outage:
    """A failure of the hub."""

    reason: str
    age_s: float

    @property
    def minutes_ago(self) -> str:
        """The age as text."""
        minutes = round(self.age_s / 60)
        return {0: "just now", 1: "a minute ago"}.get(minutes, f"{minutes} minutes ago")


@dataclass(frozen=True)
class _Record:
    endpoint: str
    time: float
    reason: str


def recent() -> Outage | None:
    """The last failure of the current endpoint, if it is recent."""
    try:
        record = as_kind(_Record, read_json(_path()))
    except (OSError, ValueError):
        return None
    age_s = time.time() - record.time
    same = record.endpoint == _endpoint()
    # The age is negative if the clock was set back.
    return Outage(record.reason, age_s) if same and 0 <= age_s < LIMIT_S else None


def remember(reason: str) -> None:
    """Records a failure of the Hub; ignored if the cache cannot be written."""
    with suppress(OSError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        _path().write_text(json.dumps({"endpoint": _endpoint(), "time": time.time(), "reason": reason}))


def forget() -> None:
    """Deletes the record, because the Hub responded."""
    with suppress(OSError):
        _path().unlink(missing_ok=True)


def is_first(name: str) -> bool:
    """Whether a notice was never given on this machine; from now on it was.

    A cache that cannot be written to stays without a record, and the notice is given each time.

    Args:
        name: Of the notice, a word that can be a file's name.
    """
    path = cache_folder() / f"{_NOTICE}{name}"
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


def _path() -> Path:
    return cache_folder() / _FAILED


def _endpoint() -> str:
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)
