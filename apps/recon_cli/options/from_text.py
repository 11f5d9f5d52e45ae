"""Options given as pairs of texts, such as the fields of a form, read as the words of a command line are."""

import re
from collections.abc import Sequence
from typing import Any

import click

from recon.errors import ReconError
from recon.options import Options
from recon_cli.options.scene_options import options_from, scene_options

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def options_from_text(pairs: Sequence[tuple[str, str]], base: Options, names: Sequence[str]) -> Options:
    """The options of ``base``, with those of the pairs.

    Args:
        pairs: Names as on the command line, without dashes in front (``focal-35mm``), and values.
        base: Options that the pairs leave unchanged.
        names: Fields of ``Options`` that may be set.

    Raises:
        ReconError: An unknown name, a value out of range, or options that exclude each other.
    """

    @click.command(add_help_option=False)
    @scene_options(names)
    def command(**values: Any) -> None:
        """Only read."""

    flags = {flag: one for one in command.params if isinstance(one, click.Option) for flag in one.opts}
    try:
        words = [_word(name, value, flags) for name, value in pairs]
        with command.make_context("", [word for word in words if word]) as context:
            return options_from(context.params, base)
    except click.UsageError as error:
        raise ReconError(error.format_message()) from error


def _word(name: str, value: str, flags: dict[str, click.Option]) -> str:
    """One word of a command line; empty for a switch that is off."""
    if not _NAME.fullmatch(name):
        raise ReconError(f"{name[:40]!r} is not the name of an option, such as focal-35mm")
    option = flags.get(f"--{name}")
    if option is None or not option.is_flag:
        return f"--{name}={value}"
    if value.lower() not in _YES + _NO:
        raise ReconError(f"--{name} must be true or false, got {value[:40]!r}")
    if value.lower() in _YES:
        return f"--{name}"
    return option.secondary_opts[0] if option.secondary_opts else ""
