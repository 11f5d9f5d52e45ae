"""Command-line options, made from the fields of ``recon.options.Options``: defaults and help stand there alone."""

import dataclasses
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.options import Options

Command = TypeVar("Command", bound=Callable[..., Any])

ESTIMATION = (
    "model",
    "reference",
    "depth",
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
GEOMETRY = ("edge", "max_depth", "sky", "stride", "voxel", "faces", "error", "axes", "level")


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


def scene_options(names: Sequence[str]) -> Callable[[Command], Command]:
    """Decorates a command with the options of these fields."""

    def decorate(command: Command) -> Command:
        for field in reversed([f for f in dataclasses.fields(Options) if f.name in names]):
            command = _click_option(field)(command)
        return command

    return decorate


def options_from(values: dict[str, Any], base: Options | None = None) -> Options:
    """Options from a command's parameters.

    Args:
        values: Parameters of the command; those that are no field of ``Options`` are left alone.
        base: Where given, only parameters that the user set himself replace its fields.

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
    try:
        return Options(**chosen) if base is None else dataclasses.replace(base, **chosen)
    except ValueError as error:
        raise click.UsageError(str(error), context) from error


def inputs_of(read: Path, options: Options) -> list[Path]:
    """Every file that a command reads, so that no output replaces one: the photo or scene, depth, reference."""
    named = [read, options.depth, Path(options.reference) if options.reference else None]
    return [path for path in named if path is not None and path.is_file()]


def _click_option(field: "dataclasses.Field[Any]") -> Callable[[Command], Command]:
    info = field.metadata
    kind = _plain_type(field)
    attributes: dict[str, Any] = {"default": field.default, "help": info["help"], "metavar": info["metavar"]}
    if kind is bool:
        return click.option(info["flag"], field.name, is_flag=True, **attributes)
    if info["choices"]:
        attributes |= {"type": click.Choice(info["choices"]), "metavar": None}
    elif kind is Path:
        attributes["type"] = click.Path(path_type=Path)
    elif typing.get_origin(kind) is tuple:
        attributes["type"] = FourNumbers()
    else:
        attributes["type"] = kind
    return click.option(info["flag"], field.name, show_default=field.default is not None, **attributes)


def _plain_type(field: "dataclasses.Field[Any]") -> Any:
    """The field's type without its ``| None``."""
    kind = typing.get_type_hints(Options)[field.name]
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return kind
