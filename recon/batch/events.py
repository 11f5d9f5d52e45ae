"""What happens in a batch, as values: a program shows them, logs them, or waits for one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from recon.batch.inputs import Inputs
from recon.batch.run_log import FailedPhoto
from recon.journal import Entry


@dataclass(frozen=True)
class Listed:
    """The inputs are known."""

    inputs: Inputs


@dataclass(frozen=True)
class Planned:
    """The work is known, and nothing is in its way; the models come next."""

    folder: Path
    inputs: int
    """Photos and videos that were named."""
    done_before: int
    """How many of them an earlier run has done."""


@dataclass(frozen=True)
class Skipped:
    """An earlier run has done a photo."""

    name: str
    path: Path


@dataclass(frozen=True)
class Noted:
    """Something that concerns more than one photo: which model was chosen and why, what is odd about a video."""

    entry: Entry


@dataclass(frozen=True)
class Counted:
    """The work begins."""

    total: int
    """Photos and frames to do; of a video that is its own guess."""


@dataclass(frozen=True)
class Started:
    """The network is given a photo."""

    name: str
    path: Path


@dataclass(frozen=True)
class Progress:
    """How far the network is; other photos are read and written meanwhile."""

    name: str
    """Of the photo; empty where something is done for all, such as loading the model."""
    stage: str
    """In words; empty at its end."""
    fraction: float | None = None
    """0 to 1; None where it cannot be known."""


@dataclass(frozen=True)
class Written:
    """The files of a photo are written and recorded. These events come in the photos' order, as do ``Failed``."""

    name: str
    path: Path
    files: tuple[Mapping[str, Any], ...]
    """Of each output its ``path``, its ``bytes``, and what is in it."""
    entries: tuple[Entry, ...]
    """What was decided on the way, and what may be wrong."""


@dataclass(frozen=True)
class Failed:
    """A photo has no outputs; the others go on."""

    name: str
    path: Path
    error: Exception
    failed: FailedPhoto
    """As it stands in ``failed.json``."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Stopping:
    """The run was told to stop; these files are finished first."""

    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Abandoned:
    """The run was told to stop once more: these files were given up, and nothing of them is left."""

    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Summary:
    """What a run has done."""

    folder: Path
    written: tuple[Mapping[str, Any], ...]
    """Of each photo: ``photo``, its path, and ``written``, as in the event."""
    failed: tuple[FailedPhoto, ...]
    done_before: int
    seconds: float = 0.0
    failed_list: Path | None = None
    """The file with ``failed``."""
    stopped: bool = False
    """Not all was done: run it again with ``resume``."""

    @property
    def ok(self) -> bool:
        """Whether all was done and nothing failed."""
        return not (self.failed or self.stopped)


@dataclass(frozen=True)
class Finished:
    """The run has ended; the last event, unless an error that holds for all photos is raised."""

    summary: Summary


Event: TypeAlias = (
    Listed
    | Planned
    | Skipped
    | Noted
    | Counted
    | Started
    | Progress
    | Written
    | Failed
    | Stopping
    | Abandoned
    | Finished
)
