"""The protocol of depth estimators, and the cards that the registry lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

from recon.depth.hub.checkpoint_cache import Source
from recon.errors import PhotoError
from recon.journal import Journal
from recon.options import Augmentation, Backend, Device, Options, Precision, Refinement
from recon.types import DepthEstimate, DepthKind, Photo

Place = Literal["indoor", "outdoor"]


@dataclass(frozen=True)
class RunOptions:
    """How to run an estimator; estimators ignore options that they do not use."""

    device: Device = "auto"
    precision: Precision = "auto"
    offline: bool = False
    processing_size: int | None = None
    backend: Backend = "auto"
    depth_kind: DepthKind | None = None
    commercial_only: bool = False
    augment: tuple[Augmentation, ...] = ()
    refine: Refinement | None = None

    @classmethod
    def of(cls, options: Options) -> "RunOptions":
        """The subset of ``Options`` that estimators need."""
        return cls(**{each.name: getattr(options, each.name) for each in fields(cls)})


class Estimator(Protocol):
    """Estimates depth from a photo. Loads its weights on the first call and keeps them."""

    @property
    def name(self) -> str:
        """Name in the registry, or ``hf:...`` as given by the user."""
        ...

    @property
    def gives(self) -> DepthKind:
        """The kind of depth that ``estimate`` returns."""
        ...

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Estimates depth on the photo's grid.

        Args:
            photo: Upright sRGB photo.
            focal_px: The horizontal focal length if it is known (from user, file or EXIF), px of the photo; None: the
                estimator predicts it, if it can.
            journal: Receives decisions (device, precision, weights) and progress.

        Raises:
            ModelUnavailable: The weights are unavailable or damaged, or do not fit in memory.
        """
        ...


@dataclass(frozen=True)
class ModelCard:
    """One line of ``recon models``, and a factory for the estimator. Its module must not import heavy libraries."""

    name: str
    """Name for ``--model``."""
    gives: DepthKind
    summary: str
    """Description in a few words."""
    create: Callable[[RunOptions], Estimator]
    """Creates the estimator without loading anything."""
    licence: str
    """Licence of the weights, with its restrictions."""
    commercial: bool | None = None
    """Whether the licence of the weights allows commercial use; None: not stated."""
    place: Place | None = None
    """Where its metres are good, if only there."""
    masks_sky: bool = False
    """Whether it recognises the sky."""
    predicts_normals: bool = False
    """Whether it predicts the surface's normals (``MetricDepth.normals``)."""
    predicts_focal: bool = False
    repository: str | None = None
    """Hub repository of the weights; None if they are bundled with the package."""
    download_mb: int | None = None
    """Download size of the weights, MB."""
    files: tuple[str, ...] = ("config.json", "model.safetensors")
    """Files of the repository that a local folder needs."""


CheckpointMaker = Callable[[str, Source, RunOptions, Mapping[str, Any]], Estimator]
"""Creates the estimator for an ``hf:`` checkpoint from its name, source, the run options and its config.json. A
module's ``CHECKPOINTS`` maps the ``model_type`` of config.json to one."""


LEAST_SIDE_PX = 16
"""A network divides its picture by 14 or 16: less than one patch is nothing to look at."""
LARGEST_ASPECT = 20.0
"""Longer side by shorter side. Networks saw 1:3 at most; beyond this even a padded picture is guesswork."""


def check_shape(photo: Photo, name: str) -> None:
    """Refuses slivers, for which networks give numbers without meaning.

    Raises:
        PhotoError: The photo is too narrow for the network of this name.
    """
    shorter, longer = sorted((photo.width, photo.height))
    if shorter >= LEAST_SIDE_PX and longer <= LARGEST_ASPECT * shorter:
        return
    raise PhotoError(
        f"{photo.name or 'the photo'} is {photo.width}x{photo.height} px, too narrow for {name}: the shorter side "
        f"needs {LEAST_SIDE_PX} px and a {LARGEST_ASPECT:g}th of the longer side; give a larger part of the picture, "
        "or measured depth with --depth."
    )
