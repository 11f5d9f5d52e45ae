"""Events of a batch, for a program to display or log."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from recon.batch.inputs import Inputs
from recon.batch.run_log import FailedPhoto
from recon.journal import Entry


@dataclass(frozen=True)
class Listed:
    """The input files have been listed."""

    inputs: Inputs


@dataclass(frozen=True)
class Planned:
    """The work is planned and no output is in the way; the models are loaded next."""

    folder: Path
    inputs: int
    """Number of input photos and videos."""
    done_before: int
    """How many of them an earlier run has finished."""


@dataclass(frozen=True)
class Skipped:
    """A photo is skipped because an earlier run has finished it."""

    name: str
    path: Path


@dataclass(frozen=True)
class Noted:
    """A journal entry that is not about a single photo: the choice of the model, a warning about a video."""

    entry: Entry


@dataclass(frozen=True)
class Counted:
    """Processing begins."""

    total: int
    """Number of photos and frames to process; for a video, the frame count that it declares."""


@dataclass(frozen=True)
class Started:
    """The network starts on a photo."""

    name: str
    path: Path


@dataclass(frozen=True)
class Progress:
    """Progress of the network; other photos are read and written in the meantime."""

    name: str
    """Name of the photo; empty for a stage that serves all photos, such as loading the model."""
    stage: str
    """Description of the stage; empty when it ends."""
    fraction: float | None = None
    """0 to 1; None if unknown."""


@dataclass(frozen=True)
class Written:
    """The files of a photo are written and recorded. ``Written`` and ``Failed`` come in the order of the photos."""

    name: str
    path: Path
    files: tuple[Mapping[str, Any], ...]
    """For each output its ``path``, its ``bytes``, and its contents."""
    entries: tuple[Entry, ...]
    """Decisions and warnings from the photo's journal."""


@dataclass(frozen=True)
class Failed:
    """A photo failed and has no outputs; the run continues with the others."""

    name: str
    path: Path
    error: Exception
    failed: FailedPhoto
    """Its entry in ``failed.json``."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Stopping:
    """The run is stopping; these files are completed first."""

    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Abandoned:
    """The run was interrupted a second time: these unfinished files were discarded."""

    outputs: tuple[Path, ...]


@dataclass(frozen=True)
class Summary:
    """The results of a run."""

    folder: Path
    written: tuple[Mapping[str, Any], ...]
    """For each photo: ``photo``, its path, and ``written``, the files as in the event."""
    failed: tuple[FailedPhoto, ...]
    done_before: int
    seconds: float = 0.0
    failed_list: Path | None = None
    """Path of ``failed.json``."""
    stopped: bool = False
    """The run was stopped early; call it again with ``resume`` to complete it."""

    @property
    def ok(self) -> bool:
        """Whether the run completed and nothing failed."""
        return not (self.failed or self.stopped)


@dataclass(frozen=True)
class Finished:
    """The run has ended. This is the last event, unless an error that affects all photos is raised."""

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
