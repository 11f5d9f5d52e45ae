"""What every depth estimator is, and how it introduces itself to the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from recon.depth.hub.checkpoint_cache import Source
from recon.journal import Journal
from recon.options import Device, Options, Precision
from recon.types import DepthEstimate, DepthKind, Photo


@dataclass(frozen=True)
class RunOptions:
    """How an estimator runs; what it does not need it ignores."""

    device: Device = "auto"
    precision: Precision = "auto"
    offline: bool = False
    processing_size: int | None = None

    @classmethod
    def of(cls, options: Options) -> "RunOptions":
        """The part of a reconstruction's options that an estimator needs."""
        return cls(options.device, options.precision, options.offline, options.processing_size)


class Estimator(Protocol):
    """Turns a photo into depth. Loads its weights at the first call and keeps them for the next photo."""

    @property
    def name(self) -> str:
        """The registry's name, or ``hf:...`` as the user wrote it."""
        ...

    @property
    def gives(self) -> DepthKind:
        """Which of the two kinds of depth ``estimate`` returns."""
        ...

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth on the photo's own grid.

        Args:
            photo: Upright sRGB photo.
            focal_px: The horizontal focal length where it is known from elsewhere (user, file, EXIF), px of
                the photo; None lets the estimator predict it, if it can.
            journal: Told what was decided (device, precision, weights), and the progress.

        Raises:
            ModelUnavailable: The weights are not here, are damaged, or do not fit into memory.
        """
        ...


@dataclass(frozen=True)
class ModelCard:
    """One line of ``recon models``, and how to make the estimator. Its module imports nothing heavy."""

    name: str
    """What ``--model`` takes."""
    gives: DepthKind
    summary: str
    """What it is, in a few words."""
    create: Callable[[RunOptions], Estimator]
    """Makes the estimator; loads nothing yet."""
    licence: str
    """Licence of the weights, with what it forbids."""
    predicts_focal: bool = False
    repository: str | None = None
    """Hub repository of the weights; None where they are inside the package."""
    download_mb: int | None = None
    """Size of the weights to fetch, MB."""


CheckpointMaker = Callable[[str, Source, RunOptions, Mapping[str, Any]], Estimator]
"""Makes the estimator of an ``hf:`` checkpoint from its name, source, the run options and its config.json. A
module's ``CHECKPOINTS`` maps the ``model_type`` of config.json to one."""
