"""The sample photos, each with its measured depth and camera."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import recon
from recon.options import Options


@dataclass(frozen=True)
class Sample:
    """One sample."""

    title: str
    photo: Path
    options: Options
    """Its measured depth and intrinsics."""


@lru_cache(maxsize=1)
def samples() -> tuple[Sample, ...]:
    """All samples; none if the sample data is not installed."""
    folder = Path(recon.__file__).resolve().parent.parent / "sample_data"
    try:
        entries = json.loads((folder / "pairs.json").read_text("utf-8"))
        return tuple(
            Sample(
                name.replace("_", " ").capitalize(),
                folder / entry["rgb"],
                Options(depth=folder / entry["depth"], intrinsics=tuple(map(float, entry["K_fx_fy_cx_cy"]))),  # type: ignore[arg-type]
            )
            for name, entry in sorted(entries.items(), key=lambda item: item[0] != _FIRST)
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def sample_of(path: Path) -> Sample | None:
    """The sample with that photo, or None."""
    return next((one for one in samples() if one.photo == path.absolute()), None)


_FIRST = "living_room"
