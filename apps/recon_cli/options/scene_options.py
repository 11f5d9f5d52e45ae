"""Command-line options, generated from the fields of ``recon.options.Options`` (defaults and help texts)."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.constraints import Constraint
from recon.options import Options
from recon_cli.option_groups import option
from recon_cli.options.param_types import ConstraintText, Count, Metres, Words

Command = TypeVar("Command", bound=Callable[..., Any])

CAMERA_AND_RUN = (
    "intrinsics",
    "focal_px",
    "focal_35mm",
    "fov",
    "distortion",
    "fisheye",
    "camera_file",
    "device",
    "precision",
    "processing_size",
    "augment",
    "refine",
    "backend",
    "depth_kind",
    "commercial_only",
    "offline",
)
KNOWN = ("at", "length", "rectangle", "camera_height", "constraint_file")
ESTIMATION = (
    "model",
    "reference",
    "reference_sigma",
    *KNOWN,
    "calibration",
    "fit",
    "depth",
    "relative_depth",
    "depth_unit",
    *CAMERA_AND_RUN,
)
GEOMETRY = ("edge", "max_depth", "sky", "stride", "full", "voxel", "faces", "error", "fill", "axes", "level")
PASSED_ON = ("uncertainty", "keep_metadata")

_EXCLUSIVE = (
    ("faces", "error"),
    ("stride", "full"),
    ("depth", "reference"),
    ("intrinsics", "focal_px", "focal_35mm", "fov", "camera_file"),
    ("distortion", "fisheye", "camera_file"),
)


class OutputPath(click.Path):
    """A path to write."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As ``click.Path``, but refuses an empty name, which would mean the current directory, and keeps a URL."""
        if not str(value):
            self.fail("the file name is empty")
        if "://" in str(value):
            from recon.batch.store_path import is_url, path_of

            if is_url(value):
                return path_of(value)
        return super().convert(value, param, ctx)


class Numbers(click.ParamType):
    """Numbers with commas: ``FX,FY,CX,CY``. How many there must be is checked by ``Options``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """The numbers; a usage error for anything else."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"expected numbers {self.name}, got {value!r}")


def output_option(help_text: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Decorates a command with ``-o``, which is repeatable."""
    return option(
        "-o",
        "--output",
        "outputs",
        group="Output",
        multiple=True,
        required=required,
        type=OutputPath(path_type=Path),
        metavar="FILE",
        help=help_text,
    )


shape_option = option(
    "--as",
    "shape",
    group="Output",
    type=click.Choice(["cloud", "mesh"]),
    help="Write a point cloud or a mesh, for formats that support both.",
)
overwrite_option = option("--overwrite", group="Output", is_flag=True, help="Replace existing files.")
dry_run_option = option(
    "--dry-run", group="Run", is_flag=True, help="Show what would be done; run no model and write nothing."
)


def scene_options(
    names: Sequence[str], changed: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Command], Command]:
    """Decorates a command with the options of these fields.

    Args:
        names: Fields of ``Options``.
        changed: Attributes that differ in this command, such as ``help``, by field name.
    """

    def decorate(command: Command) -> Command:
        for field in reversed([f for f in dataclasses.fields(Options) if f.name in names]):
            command = _click_option(field, (changed or {}).get(field.name, {}))(command)
        return command

    return decorate


def options_from(values: dict[str, Any], base: Options | None = None) -> Options:
    """Options from a command's parameters.

    Args:
        values: Parameters of the command; those that are not fields of ``Options`` are ignored.
        base: If given, only parameters set by the user replace its fields. Setting one of several mutually exclusive
            options resets the others.

    Raises:
        click.UsageError: A value is out of range, or options are mutually exclusive.
    """
    names = {field.name for field in dataclasses.fields(Options)}
    chosen = {name: value for name, value in values.items() if name in names}
    context = click.get_current_context()
    defaults = {field.name: field.default for field in dataclasses.fields(Options)}
    if base is not None:
        default = click.core.ParameterSource.DEFAULT
        chosen = {
            name: value for name, value in chosen.items() if context.get_parameter_source(name) != default
        }
        for group in _EXCLUSIVE:
            if any(name in chosen for name in group):
                chosen = {**{name: defaults[name] for name in group}, **chosen}
    try:
        return Options(**chosen) if base is None else dataclasses.replace(base, **chosen)
    except ValueError as error:
        raise click.UsageError(getattr(error, "on_command_line", str(error)), context) from error


def inputs_of(read: Path, options: Options) -> list[Path]:
    """All files that a command reads (photo or scene, depth, reference, ...), which no output may replace."""
    reference = Path(options.reference) if options.reference else None
    named = [
        read,
        options.depth,
        options.relative_depth,
        reference,
        options.calibration,
        options.constraint_file,
        options.camera_file,
    ]
    return [path for path in named if path is not None and path.is_file()]


def _click_option(
    field: "dataclasses.Field[Any]", changed: Mapping[str, Any]
) -> Callable[[Command], Command]:
    info = field.metadata
    kind = _plain_type(field)
    constraint = next(
        (one for one in (kind, *typing.get_args(kind)) if one in typing.get_args(Constraint)), None
    )
    attributes: dict[str, Any] = {name: info[name] for name in ("group", "help", "metavar")}
    attributes["default"] = field.default
    if kind is bool:
        return option(info["flag"], field.name, is_flag=True, **{**attributes, **changed})
    if info["choices"] and isinstance(field.default, tuple):
        attributes["type"] = Words(info["choices"])
    elif info["choices"]:
        attributes |= {"type": click.Choice(info["choices"]), "metavar": None}
    elif kind is Path:
        attributes["type"] = click.Path(path_type=Path)
    elif constraint is not None:
        attributes |= {"type": ConstraintText(constraint), "multiple": kind is not constraint}
    elif typing.get_origin(kind) is tuple:
        attributes["type"] = Numbers(info["metavar"])
    elif kind is float and info["metavar"] == "M":
        attributes["type"] = Metres()
    elif kind is int:
        attributes["type"] = Count()
    else:
        attributes["type"] = kind
    attributes["show_default"] = field.default not in (None, ())
    return option(info["flag"], field.name, **{**attributes, **changed})


def _plain_type(field: "dataclasses.Field[Any]") -> Any:
    """The field's type without its ``| None``."""
    kind = typing.get_type_hints(Options)[field.name]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return kind
