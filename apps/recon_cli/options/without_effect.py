"""Warns about options that have no effect."""

from collections.abc import Collection
from pathlib import Path

import click

from recon.depth_map.read import SUFFIXES as DEPTH_SUFFIXES
from recon.journal import Journal
from recon.options import Options, Shape
from recon_cli.options.scene_options import ESTIMATION

_PROMISES = ("offline", "commercial_only")
"""Options that are kept if no model runs."""


def is_given(name: str) -> bool:
    """Whether the user set the option of this parameter explicitly."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, click.core.ParameterSource.DEFAULT)


def warn_of_idle_estimation(options: Options, journal: Journal) -> None:
    """Warns about options for a depth file if there is none, and for a model if none runs."""
    is_measured = bool(options.depth or options.relative_depth) and options.model == "auto"
    reference = Path(options.reference or "")
    has_depth_file = options.depth is not None or reference.suffix.lower() in DEPTH_SUFFIXES
    if is_given("depth_unit") and not has_depth_file:
        _warn(journal, "--depth-unit", "no depth file is read")
    for name in ("processing_size", "device", "precision", "backend", "depth_kind"):
        if is_given(name) and is_measured:
            _warn(journal, f"--{name.replace('_', '-')}", "measured depth needs no model")
    if is_given("depth_kind") and not is_measured and not options.model.startswith("hf:"):
        _warn(
            journal,
            "--depth-kind",
            "only hf: checkpoints may need it; the kind of the built-in models is known",
        )


def warn_of_idle_photo_options(file: Path, journal: Journal, effective: Collection[str] = ()) -> None:
    """Warns about options of the estimation, but the effective ones, if the file was made of a photo."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in ESTIMATION and name not in (*_PROMISES, *effective) and is_given(name):
            why = f"{file} is not a photo, and no model runs; pass the photo, or omit the option"
            _warn(journal, parameter.opts[0], why)


def warn_of_idle_geometry(shapes: Collection[Shape | None], journal: Journal) -> None:
    """Warns about cloud options if only meshes are written, and about mesh options if only clouds are.

    Args:
        shapes: Shapes of all outputs; None for a scene file, which stores all options.
        journal: Receives the warnings.
    """
    if is_given("voxel") and set(shapes) == {"mesh"}:
        _warn(
            journal,
            "--voxel",
            "it downsamples point clouds, but only meshes are written; use --faces or --error to simplify a mesh",
        )
    for name in ("faces", "error"):
        if is_given(name) and set(shapes) == {"cloud"}:
            _warn(
                journal,
                f"--{name}",
                "it simplifies meshes, but only point clouds are written; use --voxel to downsample a cloud",
            )
    if is_given("fill") and click.get_current_context().params["fill"]:
        if set(shapes) == {"cloud"}:
            _warn(journal, "--fill", "it fills gaps in meshes, but only point clouds are written")
        elif click.get_current_context().params["edge"] == 0:
            _warn(journal, "--fill", "with --edge 0 there are no gaps to fill")


def warn_of_idle_pictures(paths: Collection[Path], colormap: str | None, journal: Journal) -> None:
    """Warns about options of ``recon depth`` for a type of file that is not written."""
    suffixes = {path.suffix.lower() for path in paths}
    if colormap is not None and not suffixes & {".png", ".jpg", ".jpeg"}:
        _warn(journal, "--colormap", "no image (.png, .jpg) is written")
    if is_given("png_unit") and (colormap is not None or ".png" not in suffixes):
        _warn(journal, "--png-unit", "no 16-bit .png is written")


def _warn(journal: Journal, flag: str, why: str) -> None:
    journal.warn("options", f"{flag} has no effect: {why}", option=flag)
