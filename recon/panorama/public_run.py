"""``recon.panorama.run``: a panorama to a scene, for programs."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.argument_names import check_names, names_of_arguments
from recon.constraints import check_constraints
from recon.errors import ReconError
from recon.journal import Journal, LoggingJournal
from recon.options import Options
from recon.panorama.panorama_scene import PanoramaScene
from recon.panorama.pipeline import reconstruct_panorama
from recon.photo.from_memory import photo_from
from recon.photo.read import read_photo
from recon.types import PanoramaFrame, Photo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recon.constraints import Constraint
    from recon.depth.estimator import Estimator


def run(
    panorama: "str | Path | Photo | NDArray[np.uint8]",
    options: Options | None = None,
    *,
    model: "str | Estimator | None" = None,
    constraints: "Sequence[Constraint]" = (),
    journal: Journal | None = None,
    **changes: Any,
) -> PanoramaScene:
    """Turns a panorama into a metric scene around the camera.

    Args:
        panorama: A file: equirectangular of 2:1, or with GPano metadata. Or an array (H, 2H, 3) of sRGB values that
            shows all directions, or a ``Photo`` with ``panorama`` set.
        options: Options; None: the defaults.
        model: A name, or a model from ``load_model``.
        constraints: Known measurements; positions are pixels of the panorama.
        journal: As for ``recon.reconstruct``.
        **changes: Fields of ``Options`` to set.

    Raises:
        ReconError: A problem that the user can fix.
        ValueError: An option is out of range, or the array is not 2:1.
        TypeError: An option does not exist, or a constraint is none.
    """
    check_names(changes, [each.name for each in fields(Options)], "panorama.run")
    check_constraints(constraints)
    if isinstance(model, str):
        changes["model"] = model
    chosen = replace(options or Options(), **changes)
    estimator = None if model is None or isinstance(model, str) else model
    with names_of_arguments(ReconError):
        photo = (
            read_photo(panorama, panoramas="assume")
            if isinstance(panorama, str | Path)
            else _whole(photo_from(panorama))
        )
        return reconstruct_panorama(
            photo, chosen, journal or LoggingJournal(), estimator=estimator, constraints=constraints
        )


def _whole(photo: Photo) -> Photo:
    """A photo in memory that states nothing shows all directions."""
    if photo.panorama is not None:
        return photo
    if photo.width != 2 * photo.height:
        raise ValueError(
            f"panorama: expected twice as many columns as rows, got {photo.width} x {photo.height} px; or set "
            "Photo.panorama"
        )
    return replace(photo, panorama=PanoramaFrame("equirectangular", photo.width, photo.height))
