"""One door for a scene file and a photo: the scene that a command works on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon_cli.console import Session
from recon_cli.options.scene_options import options_from
from recon_cli.options.without_effect import warn_of_idle_estimation, warn_of_idle_photo_options

if TYPE_CHECKING:
    from recon.scene import Scene


def open_scene(file: Path, values: dict[str, Any], session: Session) -> "Scene":
    """The scene in a file (.npz), with the options given on the command line, or that of a photo.

    Args:
        file: The file.
        values: Parameters of the command.
        session: Receives every decision and the progress.

    Raises:
        ReconError: A problem that the user can fix.
    """
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    if file.suffix.lower() == SUFFIX:
        warn_of_idle_photo_options(file, session.journal)
        loaded = Scene.load(file)
        return loaded.with_options(options_from(values, loaded.options))
    from recon.pipeline import reconstruct

    options = options_from(values)
    warn_of_idle_estimation(options, session.journal)
    return reconstruct(file, options, journal=session.journal)
