"""One door for a scene file and a photo: the scene that a command works on.

Known lengths go into the fit of a photo, and rescale a scene file.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recon_cli.console import Session
from recon_cli.options.scene_options import KNOWN, options_from
from recon_cli.options.without_effect import is_given, warn_of_idle_estimation, warn_of_idle_photo_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recon.constraints import Pixel
    from recon.scene import Scene


def open_scene(
    file: Path, values: dict[str, Any], session: Session, inside: "Sequence[Pixel]" = ()
) -> "Scene":
    """The scene in a file (.npz), with the options given on the command line, or that of a photo.

    Args:
        file: The file.
        values: Parameters of the command.
        session: Receives every decision and the progress.
        inside: Positions that must lie in a photo, checked before the network runs.

    Raises:
        ReconError: A problem that the user can fix.
    """
    from recon.scene_file import SUFFIX

    if file.suffix.lower() == SUFFIX:
        warn_of_idle_photo_options(file, session.journal, effective=KNOWN)
        return open_scene_file(file, values, session)
    from recon.pipeline import reconstruct

    options = options_from(values)
    warn_of_idle_estimation(options, session.journal)
    if not inside or options.has_lens:
        # The positions are those of the undistorted photo, which is not there yet.
        return reconstruct(file, options, journal=session.journal)
    from recon.photo.read import read_photo
    from recon.render.refocus import check_inside

    photo = read_photo(file)
    for pixel in inside:
        check_inside(pixel, width=photo.width, height=photo.height)
    return reconstruct(photo, options, journal=session.journal)


def open_scene_file(file: Path, values: dict[str, Any], session: Session) -> "Scene":
    """The scene in a file (.npz), rescaled to known lengths if there are any. Arguments as for ``open_scene``.

    Raises:
        ReconError: The file cannot be read, or the lengths do not fit the scene.
    """
    from recon.calibration.references import constraints_of
    from recon.calibration.rescale import rescaled
    from recon.options import Options
    from recon.scene import Scene

    known = Options(**{name: values[name] for name in KNOWN if name in values and is_given(name)})
    scene = rescaled(Scene.load(file), constraints_of(known), session.journal)
    return scene.with_options(options_from(values, scene.options))
