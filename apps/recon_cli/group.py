"""The ``recon`` command: subcommands and error handling."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click

from recon.version import __version__
from recon_cli.commands.blender import blender
from recon_cli.commands.build import build
from recon_cli.commands.calibrate import calibrate
from recon_cli.commands.completion import completion
from recon_cli.commands.depth import depth
from recon_cli.commands.eval import evaluate
from recon_cli.commands.export import export
from recon_cli.commands.info import info
from recon_cli.commands.measure import measure
from recon_cli.commands.models import models
from recon_cli.commands.render import render
from recon_cli.commands.view import view
from recon_cli.console import ReaderGone, print_failure
from recon_cli.display import printable


class _Recon(click.Group):
    """click's group, which also prints usage errors as JSON with ``--json``, and exits quietly on a closed pipe."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **named: Any) -> Any:
        """Runs the command line and exits with its exit code."""
        words = self._with_command(list(sys.argv[1:] if args is None else args))
        named["standalone_mode"] = False
        try:
            sys.exit(self._run(words, *rest, **named))
        except (ReaderGone, BrokenPipeError):
            _silence()
            sys.exit(141)

    def _with_command(self, words: list[str]) -> list[str]:
        """``recon photo.jpg`` is ``recon build photo.jpg``: the first word is a file and no command."""
        first = words[0] if words else ""
        is_file = first not in self.commands and not first.startswith("-") and os.path.isfile(first)
        return ["build", *words] if is_file else words

    def _run(self, words: list[str], *rest: Any, **named: Any) -> int:
        try:
            return super().main(words, *rest, **named) or 0
        except click.Abort:  # Ctrl-C before a command runs
            return 130
        except click.ClickException as error:
            vars(error)["message"] = printable(error.message)  # final for the type checker alone
            error.show()
            if "--json" in words:
                print_failure(type(error).__name__, error.format_message())
            return error.exit_code

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        """As click does."""
        with _reader_may_leave():
            return super().make_context(*args, **named)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does."""
        with _reader_may_leave():
            return super().invoke(ctx)


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        # click would exit with code 1, as if the command had failed.
        raise ReaderGone from error


def _silence() -> None:
    """Discards output that Python would flush at exit, to avoid an error message."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        os.dup2(nowhere, stream.fileno())


@click.group(cls=_Recon, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="recon")
def recon() -> None:
    """Turn one photograph into a metric 3D scene that opens correctly in Blender, MeshLab and CloudCompare."""


_OF_SCENES = (build, depth, export, info, view, render, blender)
for _command in (*_OF_SCENES, calibrate, measure, evaluate, models, completion):
    recon.add_command(_command)
