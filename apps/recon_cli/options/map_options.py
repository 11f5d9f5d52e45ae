"""Options of ``recon depth`` for normal maps and masks, and what they ask for."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recon_cli.console import Session
from recon_cli.option_groups import option
from recon_cli.options.scene_options import OutputPath

if TYPE_CHECKING:
    from recon.outputs.map_files import MapKind
    from recon.scene import Scene

Command = TypeVar("Command", bound=Callable[..., Any])
_HELP: dict["MapKind", tuple[str, str]] = {
    "normals": (
        "--normal-map",
        "Also write the normals of one photo: .png for 3D programs, .npy as numbers.",
    ),
    "sky": ("--sky-mask", "Also write a .png that is white where the sky is."),
    "valid": ("--valid-mask", "Also write a .png that is white where depth is known."),
    "outlines": (
        "--outline-mask",
        "Also write a .png that is white where a surface ends in front of another.",
    ),
}


def map_options(command: Command) -> Command:
    """Decorates a command with the options."""
    command = option(
        "--normal-convention",
        group="Output",
        type=click.Choice(["opengl", "directx"]),
        metavar="NAME",
        default="opengl",
        show_default=True,
        help="Green of the normal map: up (opengl: Blender, Unity) or down (directx: Unreal).",
    )(command)
    for kind, (flag, text) in reversed(_HELP.items()):
        kind_option = option(
            flag, f"{kind}_map", group="Output", type=OutputPath(path_type=Path), metavar="FILE", help=text
        )
        command = kind_option(command)
    return command


def maps_from(values: dict[str, Any]) -> dict["MapKind", Path]:
    """The maps that a command's parameters ask for, with their files.

    Raises:
        click.UsageError: The convention is given without a normal map.
        ExportError: A file has an unknown format.
    """
    asked: dict[MapKind, Path] = {
        kind: values[f"{kind}_map"] for kind in _HELP if values[f"{kind}_map"] is not None
    }
    if values["normal_convention"] != "opengl" and "normals" not in asked:
        raise click.UsageError("--normal-convention needs --normal-map FILE")
    if asked:
        from recon.outputs.map_files import check_map_output

        for kind, path in asked.items():
            check_map_output(kind, path)
    return asked


def refuse_panorama(maps: dict["MapKind", Path], photo: Path, options: Any) -> None:
    """Refuses a panorama, whose depth is that along the rays.

    Raises:
        ExportError: The photo is a panorama, and maps are asked for.
    """
    from recon.errors import ExportError
    from recon.photo.read import read_photo

    if maps and (options.panorama or read_photo(photo, panoramas="accept").panorama is not None):
        raise ExportError(f"{photo} is a panorama: normal maps and masks are for perspective photos")


def write_maps(
    maps: dict["MapKind", Path], scene: "Scene", convention: Any, session: Session, *, overwrite: bool
) -> None:
    """Writes the maps, and reports each."""
    from recon.outputs.map_files import write_map

    for kind, path in maps.items():
        what = write_map(path, scene, kind, convention, overwrite=overwrite)
        size = path.stat().st_size
        session.journal.decide("written", f"{path}: {what}, {size / 1e6:.1f} MB", path=str(path))
        session.result["written"].append({"path": str(path), "what": what, "bytes": size})
