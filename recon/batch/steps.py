"""The three steps of one photo, as plain functions, for use in your own scheduler.

    plan = plan_batch(["photos"], "scenes")
    models = SharedModels(plan.options, Journal())
    for item in plan.items(models):
        prepared = load(item, plan.options, Journal())
        done = finish(item, estimate(item, prepared, models, Journal()), plan.maker, Journal())

``recon.batch.run`` does this with the steps of several photos overlapping, and writes the record of the folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recon.batch.file_check import describe_file
from recon.batch.item import Item, Maker
from recon.batch.own_depth import with_own_depth
from recon.batch.shared_models import SharedModels
from recon.batch.store import read_stored_photo
from recon.batch.store_output import write_to_store
from recon.batch.store_path import StorePath
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


class AffectsAllPhotos(Exception):
    """An error that affects all photos, such as missing weights."""

    def __init__(self, error: ReconError) -> None:
        super().__init__(str(error))
        self.error = error
        """The error to show to the user."""


@dataclass(frozen=True)
class Estimated:
    """A photo and its estimated depth, before the scene is composed."""

    prepared: Prepared
    estimate: DepthEstimate
    scale_sources: ScaleSources
    scene: Scene | None = None
    """Set if the reference is a network: the scene is then composed in the network's step."""


@dataclass(frozen=True)
class Done:
    """The results of one photo."""

    outputs: tuple[Path, ...]
    contents: Mapping[Path, Sequence[Any]]
    """The outputs and their sidecars, with a description of each for the record."""
    sources: tuple[Path, ...]
    """The files that were read: the photo, and its depth file if it has one."""
    model: str | None
    written: tuple[Mapping[str, Any], ...]
    """For each output its ``path``, its ``bytes``, and its contents."""
    warnings: tuple[str, ...]


def load(item: Item, options: Options, journal: Journal) -> Prepared:
    """The first step: reads the photo, its constraints and its camera.

    Args:
        item: An item of the plan.
        options: Options for all photos.
        journal: The item's journal; the same in all three steps.

    Raises:
        ReconError: The photo cannot be read, or its depth file is missing.
    """
    if item.broken is not None:
        raise item.broken
    options = with_own_depth(options, item.name, item.path)
    photo = read_stored_photo(item.path) if isinstance(item.path, StorePath) else item.path
    prepared = prepare(item.frame or photo, options, journal)
    if prepared.known_camera is None and item.focal_px is not None:
        size = {"width": prepared.photo.width, "height": prepared.photo.height}
        prepared = replace(
            prepared, known_camera=Intrinsics.from_focal(item.focal_px, **size, source="model")
        )
    return prepared


def estimate(item: Item, prepared: Prepared, models: SharedModels, journal: Journal) -> Estimated:
    """The second step, the network: one photo at a time for each ``models``.

    Raises:
        ReconError: The model cannot run on this photo.
        AffectsAllPhotos: The model cannot run on any photo.
    """
    try:
        estimator = models.estimator_for(prepared)
        scale_sources = models.scale_sources_for(prepared, estimator)
    except ReconError as error:
        raise _classified(error, models, None) from error
    try:
        depth = estimate_depth(prepared, estimator, journal)
    except ModelUnavailable as error:
        raise _classified(error, models, estimator) from error
    models.worked = True
    scene = None
    if scale_sources.reference is not None:
        # A reference may be a network, too, and networks run one at a time.
        scene = compose_scene(prepared, depth, scale_sources, journal)
    return Estimated(prepared, depth, scale_sources, scene)


def finish(
    item: Item, estimated: Estimated, maker: Maker, journal: Journal, *, overwrite: bool = False
) -> Done:
    """The third step: the scene, its geometry and its files. Several photos may be finished in parallel.

    Args:
        item: An item of the plan.
        estimated: Result of ``estimate``.
        maker: Writes the files.
        journal: The item's journal.
        overwrite: Whether to replace existing files; those in a store are replaced always.

    Raises:
        ReconError: The scene cannot be made, or a file cannot be written; no partial file is left.
    """
    scene = estimated.scene
    if scene is None:
        scene = compose_scene(estimated.prepared, estimated.estimate, estimated.scale_sources, journal)
    folder = item.targets[0].path.parent
    if isinstance(folder, StorePath):
        written, contents = write_to_store(scene, item, maker, journal)
    else:
        _make_folder(folder)
        written = maker.write(scene, item.targets, journal, overwrite=overwrite)
        contents = _described(path for target in item.targets for path in target.files)
    read = (item.path, scene.options.depth, scene.options.relative_depth)
    return Done(
        outputs=tuple(target.path for target in item.targets),
        contents=contents,
        sources=tuple(path for path in read if path is not None),
        model=scene.provenance.model_name,
        written=tuple(written),
        warnings=tuple(entry.message for entry in journal.entries if entry.kind == "warning"),
    )


def _classified(error: ReconError, models: SharedModels, estimator: Estimator | None) -> Exception:
    """Missing weights affect all photos; missing embedded depth affects only its own photo."""
    inside = models.options.model == registry.INSIDE or isinstance(estimator, CarriedByPhoto)
    return error if models.worked or inside else AffectsAllPhotos(error)


def _described(files: Iterable[Path]) -> dict[Path, list[Any]]:
    try:
        return {path: describe_file(path) for path in files}
    except OSError as error:
        raise ExportError(f"{error.filename} cannot be read back: {error.strerror or error}.") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"the folder {folder} cannot be created: {error.strerror}.") from error
