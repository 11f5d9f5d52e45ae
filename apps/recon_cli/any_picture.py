"""One door for a photo and a panorama: the file says which it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon.journal import Journal
from recon.options import Options
from recon.types import Photo

if TYPE_CHECKING:
    from recon.scene import Scene


def read_picture(path: Path, options: Options) -> Photo:
    """The photo or panorama in a file.

    Raises:
        PhotoError: It cannot be read, or is a panorama that does not say which directions it shows.
    """
    from recon.photo.read import read_photo

    return read_photo(path, panoramas="assume" if options.panorama else "accept")


def reconstruct_any(path: Path, options: Options, outputs: Sequence[Path], journal: Journal) -> "Scene":
    """The scene of a photo or of a panorama (``PanoramaScene``).

    Args:
        path: The file.
        options: For either.
        outputs: What will be written: formats that cannot hold a panorama are refused before the slow work.
        journal: Receives every decision and the progress.

    Raises:
        ReconError: A problem that the user can fix.
    """
    from recon.pipeline import reconstruct

    photo = read_picture(path, options)
    if photo.panorama is None:
        return reconstruct(photo, options, journal=journal)
    from recon.panorama.panorama_scene import check_panorama_outputs
    from recon.panorama.pipeline import reconstruct_panorama

    check_panorama_outputs(list(outputs))
    return reconstruct_panorama(photo, options, journal)
