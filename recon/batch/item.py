"""One photo of a batch, and what is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from recon.errors import ReconError
from recon.journal import Journal
from recon.scene import Scene
from recon.types import Photo


class Target(Protocol):
    """One output file of one photo."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and what is written beside it."""
        ...


class Maker(Protocol):
    """What is made of each scene: ``SceneFiles``, ``DepthFiles``, or a class of yours."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What changes the files, as plain JSON values, with a name of the work as ``command``."""
        ...

    def targets(self, stem: Path) -> Sequence[Any]:
        """The outputs of a photo, whose names begin with ``stem``."""
        ...

    def write(
        self, scene: Scene, targets: Sequence[Any], journal: Journal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes them all or nothing, and says of each what was written."""
        ...


@dataclass(frozen=True)
class Item:
    """One photo, or one frame of a video, whose outputs are to be made."""

    name: str
    """Of the outputs, relative to the folder and without suffix."""
    path: Path
    """The photo, or the video."""
    targets: Sequence[Target] = ()
    frame: Photo | None = None
    """A frame, which is decoded already."""
    focal_px: float | None = None
    """What a video's frames have in common, where a model predicts it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """For the record: of a frame its number and time."""
    broken: ReconError | None = None
    """Why it cannot be read, where that is known already."""
