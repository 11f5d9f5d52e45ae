"""``recon view``: show photos, scenes and exported files in the desktop viewer or in a browser."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.options import Options, Shape
from recon_cli.console import Session, manners
from recon_cli.option_groups import GroupedCommand, option
from recon_cli.options.scene_options import ESTIMATION, GEOMETRY, options_from, scene_options
from recon_cli.options.without_effect import warn_of_idle_estimation, warn_of_idle_photo_options

if TYPE_CHECKING:
    from recon_viewer.background.window_process import Start


@click.command(cls=GroupedCommand)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@option(
    "--as",
    "shape",
    group="Output",
    type=click.Choice(["cloud", "mesh"]),
    help="Show photos and scenes as a point cloud or a mesh.",
)
@option(
    "--web",
    group="Output",
    is_flag=True,
    help="Show in a browser instead of a window; needs neither Vulkan nor Open3D.",
)
@scene_options(ESTIMATION + tuple(name for name in GEOMETRY if name != "axes"))
@manners
def view(session: Session, files: tuple[Path, ...], shape: Shape | None, web: bool, **values: Any) -> None:
    """Open FILES (photos, .npz scenes, exported files) in a window to explore, measure, correct and export.

    Several files become layers of one view. Without FILES, the viewer shows a welcome page.
    """
    options = options_from(values)
    opened = [(path, _options_for(path, values, options)) for path in files]
    if web:
        from recon.scene_file import SUFFIX
        from recon_viewer.background.web_page import open_pages

        if not files:
            raise click.UsageError("--web needs a photo or a scene (.npz)")
        for path in files:
            if path.suffix.lower() == SUFFIX:
                warn_of_idle_photo_options(path, session.journal)
        pages = open_pages(opened, shape, session.journal)
        session.result["pages"] = [str(page) for page in pages]
        for page in pages:
            session.print(str(page))
        return
    _check_there(files)
    warn_of_idle_estimation(options, session.journal)
    from recon_viewer.background.window_process import Start
    from recon_viewer.model.settings import settings_path

    _show(Start(tuple(opened), {} if shape is None else {"shown_as": shape}, settings_path()))


def _show(start: "Start") -> None:
    from recon_viewer.background.window_check import check_window

    if sys.platform != "linux":
        from recon_viewer.window import show

        check_window()
        show(start)
        return
    # A process of its own: a driver's crash becomes a sentence, Open3D loads while the display is checked, and glibc
    # reads at the start how to give memory back.
    from recon_viewer.background.window_process import WindowProcess

    with WindowProcess() as process:
        check_window()
        process.show(start)


def _check_there(files: tuple[Path, ...]) -> None:
    """Reports missing files on the command line, before a window opens."""
    from recon.errors import PhotoError

    for path in files:
        if not path.exists():
            raise PhotoError(f"{path} does not exist")


def _options_for(path: Path, values: dict[str, Any], options: Options) -> Options:
    """The options of a file: a scene file's stored options, overridden by those set on the command line.

    A scene of several photos gets those of the command line, as in `recon join`; a window shows it with its own.
    """
    from recon.errors import SceneFileError
    from recon.join.joined_file import is_joined
    from recon.scene import Scene
    from recon.scene_file import SUFFIX

    if path.suffix.lower() != SUFFIX:
        return options
    if not path.exists():
        raise SceneFileError(f"{path} does not exist")
    if is_joined(path):
        return options
    return options_from(values, Scene.load(path).options)
