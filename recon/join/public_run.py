"""``recon.join.run``: joining photos, for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.argument_names import check_names, names_of_arguments
from recon.constraints import Constraint, check_constraints
from recon.depth.estimator import Estimator
from recon.errors import ReconError
from recon.join.given_poses import read_poses
from recon.join.join_photos import join_photos
from recon.join.joined_scene import JoinedScene
from recon.join.photo_set import NamedPhoto, by_index_or_name, named, read_photos
from recon.journal import Journal, LoggingJournal
from recon.options import Options
from recon.photo.from_memory import photo_from
from recon.pipeline import open_photo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from recon.types import Photo


def run(
    photos: "str | Path | Sequence[str | Path | Photo | Image | NDArray[np.uint8]]",
    options: Options | None = None,
    *,
    model: "str | Estimator | None" = None,
    constraints: Mapping[str | int, Sequence[Constraint]] | None = None,
    poses: str | Path | None = None,
    poses_unit_m: float | None = None,
    every: int = 1,
    journal: Journal | None = None,
    **changes: Any,
) -> JoinedScene:
    """Joins photos of one place to one metric scene, as ``recon join`` does.

    Args:
        photos: A folder or a video, or a list of files, or of photos as for ``recon.reconstruct``.
        options: Options; None: the defaults. ``depth`` is a folder with the measured depth of each photo.
        model: A name, or a model from ``recon.load_model``.
        constraints: Known measurements by the file name of their photo, or by its index in the list.
        poses: A file or folder with the poses of the photos (``recon.join.given_poses``); None: they are found.
        poses_unit_m: Metres per unit of the poses; None: metres where the format says so, else unknown.
        every: Use every Nth frame of a video.
        journal: As for ``recon.reconstruct``.
        **changes: Fields of ``Options`` to set.

    Raises:
        ReconError: Fewer than two photos can be placed, or nothing determines the scale.
        ValueError: An option is out of range.
        TypeError: An option does not exist, or a constraint is none.
    """
    check_names(changes, [each.name for each in fields(Options)], "join.run")
    if every < 1 or (poses_unit_m is not None and not 0 < poses_unit_m < float("inf")):
        raise ValueError(
            f"every must be 1 or more, and poses_unit_m positive, got {every} and {poses_unit_m}"
        )
    estimator = None
    if isinstance(model, str):
        changes["model"] = model
    elif model is not None:
        estimator = model
    journal = journal or LoggingJournal()
    with names_of_arguments(ReconError):
        opened = _opened(photos, every, journal)
        given = dict(constraints or {})
        by_index = by_index_or_name(given, opened)
        for each in by_index.values():
            check_constraints(each)
        chosen = replace(options or Options(), **changes)
        given_poses = None if poses is None else read_poses(Path(poses), opened, poses_unit_m)
        return join_photos(
            opened, chosen, journal, constraints=by_index, poses=given_poses, estimator=estimator
        )


def _opened(photos: Any, every: int, journal: Journal) -> list[NamedPhoto]:
    if isinstance(photos, str | Path):
        return read_photos([str(photos)], every=every, recursive=False, journal=journal)
    if all(isinstance(each, str | Path) for each in photos):
        return read_photos([str(each) for each in photos], every=every, recursive=False, journal=journal)
    opened = [open_photo(photo_from(each), journal) for each in photos]
    return named(
        [NamedPhoto(each.name or f"photo {n}", each, f"photo {n}") for n, each in enumerate(opened, 1)]
    )
