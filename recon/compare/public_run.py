"""``recon.compare.run``: the comparison for programs."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon.argument_names import check_names, names_of_arguments
from recon.camera.undistort import undistort
from recon.compare.compare_models import compare_models
from recon.compare.comparison import Comparison
from recon.errors import ReconError
from recon.journal import Journal, LoggingJournal
from recon.options import Options
from recon.photo.from_memory import photo_from
from recon.pipeline import open_photo
from recon.types import Photo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


def run(
    photo: "str | Path | Photo | Image | NDArray[np.uint8] | NDArray[np.floating[Any]]",
    models: Sequence[str] = (),
    options: Options | None = None,
    *,
    journal: Journal | None = None,
    **changes: Any,
) -> Comparison:
    """Compares depth models on one photo, as ``recon compare`` does.

    Args:
        photo: As for ``recon.reconstruct``.
        models: Names, as ``Options.model``.
        options: Camera and run options for all models. ``depth`` adds measured depth as a column; ``reference``
            names the column to align to, or is a file with measured depth.
        journal: As for ``recon.reconstruct``.
        **changes: Fields of ``Options`` to set.

    Raises:
        ReconError: The photo or the measured depth cannot be used, or no model could run.
        ValueError: There are fewer than two depth maps to compare, or an option is out of range.
        TypeError: An option that does not exist.
    """
    check_names(changes, [each.name for each in fields(Options)], "compare.run")
    chosen = replace(options or Options(), **changes)
    with names_of_arguments(ReconError):
        journal = journal or LoggingJournal()
        opened = undistort(open_photo(photo_from(photo), journal), chosen, journal)
        return compare_models(opened, tuple(models), chosen, journal)
