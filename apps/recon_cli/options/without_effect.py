"""Options that were given and do nothing: a warning each, so that nobody waits for an effect."""

from collections.abc import Collection
from pathlib import Path

import click

from recon.depth_map.read import SUFFIXES as DEPTH_SUFFIXES
from recon.journal import Journal
from recon.options import Options, Shape


def is_given(name: str) -> bool:
    """Whether the user wrote the option of this parameter himself."""
    source = click.get_current_context().get_parameter_source(name)
    return source not in (None, click.core.ParameterSource.DEFAULT)


def warn_of_idle_estimation(options: Options, journal: Journal) -> None:
    """Options about a depth file where there is none, and about a model where none runs."""
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
            "only hf: checkpoints may need it; recon knows the kind of its own models",
        )


def warn_of_idle_geometry(shapes: Collection[Shape | None], journal: Journal) -> None:
    """Options about a cloud where only meshes are written, and about a mesh where only clouds are.

    Args:
        shapes: Of all outputs; None for a scene file, which keeps every option.
        journal: Gets the warnings.
    """
    if is_given("voxel") and set(shapes) == {"mesh"}:
        _warn(
            journal,
            "--voxel",
            "it thins clouds, and only meshes are written; --faces and --error simplify a mesh",
        )
    for name in ("faces", "error"):
        if is_given(name) and set(shapes) == {"cloud"}:
            _warn(
                journal,
                f"--{name}",
                "it simplifies meshes, and only clouds are written; --voxel thins a cloud",
            )
    if is_given("fill") and click.get_current_context().params["fill"]:
        if set(shapes) == {"cloud"}:
            _warn(journal, "--fill", "it closes the cuts of meshes, and only clouds are written")
        elif click.get_current_context().params["edge"] == 0:
            _warn(journal, "--fill", "--edge 0 cuts nothing that could be closed")


def warn_of_idle_pictures(paths: Collection[Path], colormap: str | None, journal: Journal) -> None:
    """Options of ``recon depth`` about one kind of file where none of it is written."""
    suffixes = {path.suffix.lower() for path in paths}
    if colormap is not None and not suffixes & {".png", ".jpg", ".jpeg"}:
        _warn(journal, "--colormap", "no picture (.png, .jpg) is written")
    if is_given("png_unit") and (colormap is not None or ".png" not in suffixes):
        _warn(journal, "--png-unit", "no 16-bit .png is written")


def _warn(journal: Journal, flag: str, why: str) -> None:
    journal.warn("options", f"{flag} has no effect: {why}", option=flag)
