"""``recon view``: a photo or a file in the desktop viewer."""

from pathlib import Path
from typing import Any

import click

from recon.options import Shape
from recon_cli.console import Session, manners
from recon_cli.idle import warn_of_idle_estimation
from recon_cli.options import ESTIMATION, GEOMETRY, options_from, scene_options


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--as", "shape", type=click.Choice(["cloud", "mesh"]), default="cloud", help="What to show of a photo."
)
@scene_options(ESTIMATION + tuple(name for name in GEOMETRY if name != "axes"))
@manners
def view(session: Session, file: Path, shape: Shape, **values: Any) -> None:
    """Show a photo's scene, a scene file (.npz) or an exported FILE in a window."""
    from recon.scenefile import SUFFIX
    from recon_viewer.window import FILE_SUFFIXES, check_window, show_file, show_scene

    options = options_from(values)
    suffix = file.suffix.lower()
    if suffix in FILE_SUFFIXES:
        show_file(file)
    elif suffix == SUFFIX:
        from recon.scenefile import read_scene

        loaded = read_scene(file)
        show_scene(loaded.with_options(options_from(values, loaded.options)), shape)
    else:
        from recon.errors import PhotoError
        from recon.pipeline import reconstruct

        if not file.exists():
            raise PhotoError(f"{file} does not exist")
        check_window()  # before the model runs, not after
        warn_of_idle_estimation(options, session.journal)
        show_scene(reconstruct(file, options, journal=session.journal), shape)
