"""Command-line options, made from the fields of ``recon.options.Options``: defaults and help stand there alone."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.constraints import Constraint
from recon.options import Options
from recon_cli.options.param_types import ConstraintText

Command = TypeVar("Command", bound=Callable[..., Any])

ESTIMATION = (
    "model",
    "reference",
    "reference_sigma",
    "at",
    "length",
    "rectangle",
    "camera_height",
    "constraint_file",
    "calibration",
    "fit",
    "depth",
    "relative_depth",
    "depth_unit",
    "intrinsics",
    "focal_px",
    "focal_35mm",
    "fov",
    "device",
    "precision",
    "processing_size",
    "offline",
)
GEOMETRY = ("edge", "max_depth", "sky", "stride", "voxel", "faces", "error", "fill", "axes", "level")

_EXCLUSIVE = (("faces", "error"), ("depth", "reference"), ("intrinsics", "focal_px", "focal_35mm", "fov"))


class OutputPath(click.Path):
    """A path to write."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As ``click.Path``; an empty name, which would mean the folder one is in, is refused."""
        if not str(value):
            self.fail("the name is empty: give the name of a file to write")
        return super().convert(value, param, ctx)


class _Formats(click.Option):
    """``{formats}`` in its help becomes the list of suffixes, which is looked up only when help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from recon.export.registry import formats
        from recon.scene_file import SUFFIX

        self.help = (self.help or "").replace("{formats}", " ".join(sorted([*formats(), SUFFIX])))
        return super().get_help_record(ctx)


class FourNumbers(click.ParamType):
    """``FX,FY,CX,CY``."""

    name = "FX,FY,CX,CY"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        """Four comma-separated numbers; a usage error for anything else."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != 4:
            self.fail(f"{value!r} is not four numbers: give FX,FY,CX,CY in px, for example 1400,1400,960,540")
        return numbers


def output_option(help_text: str) -> Callable[[Command], Command]:
    """Decorates a command with ``-o``, which may be given several times; ``{formats}`` may stand in its help."""
    return click.option(
        "-o",
        "--output",
        "outputs",
        cls=_Formats,
        multiple=True,
        required=True,
        type=OutputPath(path_type=Path),
        metavar="FILE",
        help=help_text,
    )


shape_option = click.option(
    "--as", "shape", type=click.Choice(["cloud", "mesh"]), help="What to write where a format can hold both."
)
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace files that exist.")


def scene_options(
    names: Sequence[str], changed: Mapping[str, Mapping[str, Any]] | None = None
) -> Callable[[Command], Command]:
    """Decorates a command with the options of these fields.

    Args:
        names: Fields of ``Options``.
        changed: For a field, attributes of its option that are other in this command, such as ``help``.
    """

    def decorate(command: Command) -> Command:
        for field in reversed([f for f in dataclasses.fields(Options) if f.name in names]):
            command = _click_option(field, (changed or {}).get(field.name, {}))(command)
        return command

    return decorate


def options_from(values: dict[str, Any], base: Options | None = None) -> Options:
    """Options from a command's parameters.

    Args:
        values: Parameters of the command; those that are no field of ``Options`` are left alone.
        base: Where given, only parameters that the user set himself replace its fields; one of several that exclude
            each other also replaces the others.

    Raises:
        click.UsageError: A value out of range, or options that exclude each other.
    """
    names = {field.name for field in dataclasses.fields(Options)}
    chosen = {name: value for name, value in values.items() if name in names}
    context = click.get_current_context()
    if base is not None:
        default = click.core.ParameterSource.DEFAULT
        chosen = {
            name: value for name, value in chosen.items() if context.get_parameter_source(name) != default
        }
        for group in _EXCLUSIVE:
            if any(name in chosen for name in group):
                chosen = {**dict.fromkeys(group), **chosen}
    try:
        return Options(**chosen) if base is None else dataclasses.replace(base, **chosen)
    except ValueError as error:
        raise click.UsageError(str(error), context) from error


def inputs_of(read: Path, options: Options) -> list[Path]:
    """Every file that a command reads, so that no output replaces one: the photo or scene, depth, reference, ..."""
    reference = Path(options.reference) if options.reference else None
    named = [
        read,
        options.depth,
        options.relative_depth,
        reference,
        options.calibration,
        options.constraint_file,
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
    attributes: dict[str, Any] = {"default": field.default, "help": info["help"], "metavar": info["metavar"]}
    if kind is bool:
        return click.option(info["flag"], field.name, is_flag=True, **{**attributes, **changed})
    if info["choices"]:
        attributes |= {"type": click.Choice(info["choices"]), "metavar": None}
    elif kind is Path:
        attributes["type"] = click.Path(path_type=Path)
    elif constraint is not None:
        attributes |= {"type": ConstraintText(constraint), "multiple": kind is not constraint}
    elif typing.get_origin(kind) is tuple:
        attributes["type"] = FourNumbers()
    else:
        attributes["type"] = kind
    attributes["show_default"] = field.default not in (None, ())
    return click.option(info["flag"], field.name, **{**attributes, **changed})


def _plain_type(field: "dataclasses.Field[Any]") -> Any:
    """The field's type without its ``| None``."""
    kind = typing.get_type_hints(Options)[field.name]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return kind
