"""One photo of a batch, and its outputs."""

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
        """The file and its sidecars."""
        ...


class Maker(Protocol):
    """Writes the outputs of each scene: ``SceneFiles``, ``DepthFiles``, or your own class."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that affect the files, as plain JSON values; ``command`` is the name of the operation."""
        ...

    def targets(self, stem: Path) -> Sequence[Any]:
        """The outputs of a photo; their names begin with ``stem``."""
        ...

    def write(
        self, scene: Scene, targets: Sequence[Any], journal: Journal, *, overwrite: bool
    ) -> list[dict[str, Any]]:
        """Writes the outputs in order, and describes each.

        Each is written completely or not at all. If one fails, those before it stay; the record does not list them
        as complete, so ``--resume`` writes all of them again.
        """
        ...


@dataclass(frozen=True)
class Item:
    """One photo, or one frame of a video, to process."""

    name: str
    """Name of the outputs, relative to the folder and without suffix."""
    path: Path
    """The photo, or the video."""
    targets: Sequence[Target] = ()
    frame: Photo | None = None
    """The decoded frame of a video."""
    focal_px: float | None = None
    """Common focal length of a video's frames, px, if a model predicts it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Values for the record: number and time of a frame."""
    focal_by_shot: bool = False
    """Whether the shots of the video have focal lengths of their own."""
    is_context: bool = False
    """Whether it is only looked at, because the frames next to it need it, and nothing is written."""
    broken: ReconError | None = None
    """Why it cannot be read; None if it has not failed so far."""
