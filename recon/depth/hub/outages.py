"""A hub that failed is not asked again for some minutes: a small record in the hub's cache folder."""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recon.strict_json import as_kind, read_json

LIMIT_S = 300.0
"""How long a failure is remembered, s."""
_NAME = "recon-hub-failed.json"


@dataclass(frozen=True)
class Outage:
    """A failure of the hub."""

    reason: str
    age_s: float

    @property
    def minutes_ago(self) -> str:
        """For a person."""
        minutes = round(self.age_s / 60)
        return {0: "just now", 1: "a minute ago"}.get(minutes, f"{minutes} minutes ago")


@dataclass(frozen=True)
class _Record:
    endpoint: str
    time: float
    reason: str


def recent() -> Outage | None:
    """The last failure of the hub that would be asked now, unless it is too long ago."""
    try:
        record = as_kind(_Record, read_json(_path()))
    except (OSError, ValueError):
        return None
    age_s = time.time() - record.time
    same = record.endpoint == _endpoint()
    # A negative age: the clock was set back since.
    return Outage(record.reason, age_s) if same and 0 <= age_s < LIMIT_S else None


def remember(reason: str) -> None:
    """Records that the hub failed now; a cache that cannot be written to stays without."""
    with suppress(OSError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        _path().write_text(json.dumps({"endpoint": _endpoint(), "time": time.time(), "reason": reason}))


def forget() -> None:
    """The hub answered."""
    with suppress(OSError):
        _path().unlink(missing_ok=True)


def _path() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / _NAME


def _endpoint() -> str:
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)
