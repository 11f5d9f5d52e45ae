"""The three steps of one photo, as plain functions: a scheduler of yours can run them where it likes.

    plan = plan_batch(["photos"], "scenes")
    models = SharedModels(plan.options, Journal())
    for item in plan.items(models):
        prepared = load(item, plan.options, Journal())
        done = finish(item, estimate(item, prepared, models, Journal()), plan.maker, Journal())

``recon.batch.run`` does this with the steps of several photos overlapped, and keeps the record of the folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.batch.item import Item, Maker
from recon.batch.own_depth import with_own_depth
from recon.batch.shared_models import SharedModels
from recon.calibration.references import ScaleSources
from recon.depth import registry
from recon.depth.embedded import CarriedByPhoto
from recon.depth.estimator import Estimator
from recon.errors import ExportError, ModelUnavailable, ReconError
from recon.journal import Journal
from recon.options import Options
from recon.pipeline import Prepared, compose_scene, estimate_depth, prepare
from recon.scene import Scene
from recon.types import DepthEstimate, Intrinsics


class HoldsForAll(Exception):
    """What is wrong with one photo is wrong with all of them, such as missing weights."""

    def __init__(self, error: ReconError) -> None:
        super().__init__(str(error))
        self.error = error
        """What a user is to see."""


@dataclass(frozen=True)
class Estimated:
    """A photo and its depth, before they are brought together."""

    prepared: Prepared
    estimate: DepthEstimate
    scale_sources: ScaleSources
    scene: Scene | None = None
    """Where it took a second network, which calibrates the first."""


@dataclass(frozen=True)
class Done:
    """What was made of one photo."""

    outputs: tuple[Path, ...]
    files: tuple[Path, ...]
    """The outputs and what is written beside them."""
    sources: tuple[Path, ...]
    """The files that were read: the photo, and its depth where it has a file of it."""
    model: str | None
    written: tuple[Mapping[str, Any], ...]
    """Of each output its ``path``, its ``bytes``, and what is in it."""
    warnings: tuple[str, ...]


def load(item: Item, options: Options, journal: Journal) -> Prepared:
    """The first step: the photo, and what is known before its depth.

    Args:
        item: Of the plan.
        options: Of all photos.
        journal: The item's own; the same in all three steps.

    Raises:
        ReconError: It cannot be read, or lacks its depth file.
    """
    if item.broken is not None:
        raise item.broken
    options = with_own_depth(options, item.name, item.path)
    prepared = prepare(item.frame or item.path, options, journal)
    if prepared.known_camera is None and item.focal_px is not None:
        size = {"width": prepared.photo.width, "height": prepared.photo.height}
        prepared = replace(
            prepared, known_camera=Intrinsics.from_focal(item.focal_px, **size, source="model")
        )
    return prepared


def estimate(item: Item, prepared: Prepared, models: SharedModels, journal: Journal) -> Estimated:
    """The second step, the network's: one photo at a time for each ``models``.

    Raises:
        ReconError: The model cannot run on this photo.
        HoldsForAll: It can run on none.
    """
    try:
        estimator = models.estimator_for(prepared)
        scale_sources = models.scale_sources_for(prepared, estimator)
    except ReconError as error:
        raise _told_apart(error, models, None) from error
    try:
        found = estimate_depth(prepared, estimator, journal)
    except ModelUnavailable as error:
        raise _told_apart(error, models, estimator) from error
    models.worked = True
    scene = None
    if scale_sources.reference is not None:
        # A reference may be a network, too: one at a time.
        scene = compose_scene(prepared, found, scale_sources, journal)
    return Estimated(prepared, found, scale_sources, scene)


def finish(
    item: Item, estimated: Estimated, maker: Maker, journal: Journal, *, overwrite: bool = False
) -> Done:
    """The third step: the scene, its geometry and its files. Several photos may be finished at once.

    Args:
        item: Of the plan.
        estimated: By ``estimate``.
        maker: Writes the files.
        journal: The item's own.
        overwrite: Replace files that are there.

    Raises:
        ReconError: The scene cannot be made, or a file cannot be written; no file is left half-written.
    """
    scene = estimated.scene
    if scene is None:
        scene = compose_scene(estimated.prepared, estimated.estimate, estimated.scale_sources, journal)
    _make_folder(item.targets[0].path.parent)
    written = maker.write(scene, item.targets, journal, overwrite=overwrite)
    read = (item.path, scene.options.depth, scene.options.relative_depth)
    return Done(
        outputs=tuple(target.path for target in item.targets),
        files=tuple(path for target in item.targets for path in target.files),
        sources=tuple(path for path in read if path is not None),
        model=scene.provenance.model_name,
        written=tuple(written),
        warnings=tuple(entry.message for entry in journal.entries if entry.kind == "warning"),
    )


def _told_apart(error: ReconError, models: SharedModels, estimator: Estimator | None) -> Exception:
    """Of missing weights no other photo would fare better; the depth that photos carry may lack in one alone."""
    inside = models.options.model == registry.INSIDE or isinstance(estimator, CarriedByPhoto)
    return error if models.worked or inside else HoldsForAll(error)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"the folder {folder} cannot be made: {error.strerror}.") from error
