"""The ``recon`` command: subcommands and error handling."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

import click

from recon.version import __version__
from recon_cli.signals import ReaderGone

COMMANDS = {
    "build": "Turn each PHOTO (or each photo of a folder, or each frame of a video) into a metric 3D scene.",
    "depth": "Turn each PHOTO (or each photo of a folder, or each frame of a video) into a metric depth map.",
    "export": "Write a SCENE (.npz from `recon build`) in other formats, without running a model.",
    "info": "Describe a FILE: points, faces, bounds, camera and provenance of a scene, cloud or mesh.",
    "view": "Open FILES (photos, .npz scenes, exported files) in a window to explore, measure, correct and export.",
    "serve": "Serve a web page and an HTTP API that turn uploaded photos into scenes.",
    "render": "Render an image or a film of FILE: a photo, a scene (.npz) or an exported file.",
    "plan": "Draw the floor plan of FILE, a photo or a scene (.npz), in metres.",
    "relief": "Write a closed relief of FILE, a photo or a scene (.npz), for 3D printing.",
    "blender": "Open an exported FILE (.glb, .ply, .obj, .usdz) in Blender, or install the extension into it.",
    "join": "Join PHOTOS of one place (files, a folder, a video) to one metric scene; or export one from its .npz "
    "file.",
    "compare": "Compare depth models on one PHOTO: depth maps, differences, slices and edges on one page.",
    "features": "Show what the layers of a depth network give for one PHOTO: components, attention, shapes.",
    "calibrate": "Calibrate a model on one PHOTO with known measurements or a reference, and save the fit.",
    "measure": "Measure in a SCENE (.npz), or in one plane of a PHOTO, with 95 % confidence intervals.",
    "mcp": "Serve an agent over standard input and output: build scenes, measure in them and look at them.",
    "eval": "Evaluate depth models on photos with ground-truth depth, listed in FOLDER/pairs.json (or another list "
    "file).",
    "models": "List the depth models; `recon models NAME` describes one, `recon models pull NAME` downloads one.",
    "doctor": "Check the installation: what works here, and the command that fixes what does not.",
    "completion": "Print the completion script for a SHELL.",
}
"""Each command with its summary: that of ``recon --help``, which imports no command. ``recon_cli.commands``
has a module of the same name, which holds the command."""


class LazyCommand(click.Command):
    """A command whose module is imported only when it is run, completed or asked for its help."""

    @property
    def command(self) -> click.Command:
        """The command itself."""
        module = import_module(f"recon_cli.commands.{self.name}")
        commands = [each for each in vars(module).values() if isinstance(each, click.Command)]
        return next(each for each in commands if each.name == self.name)

    def make_context(self, *args: Any, **named: Any) -> click.Context:
        """The context of the command itself, which click then runs."""
        return self.command.make_context(*args, **named)


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
        """``recon photo.jpg`` is ``recon build photo.jpg``: the first word is a file, or named like one."""
        first = words[0] if words else ""
        named_like_one = bool(os.path.splitext(first)[1]) or os.sep in first
        is_file = not first.startswith("-") and (os.path.isfile(first) or named_like_one)
        is_file = is_file and first not in self.commands
        return ["build", *words] if is_file else words

    def _run(self, words: list[str], *rest: Any, **named: Any) -> int:
        try:
            return super().main(words, *rest, **named) or 0
        except click.Abort:  # Ctrl-C before a command runs
            return 130
        except click.ClickException as error:
            from recon_cli.console import print_failure
            from recon_cli.display import printable

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


_EPILOG = """\b
Examples:
  recon photo.jpg                                a textured mesh next to the photo: photo.glb
  recon build photo.jpg -o scene.html            a web page to look around in
  recon build photo.jpg -o scene.npz             a scene, for `recon measure` and `recon export`
  recon build photo.jpg --length 100,200:100,900=2.03m
                                                 a known length sets the scale
`recon COMMAND --help` explains a command, with examples.
"""


@click.group(
    cls=_Recon,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "-V", "--version", prog_name="recon")
def recon() -> None:
    """Turn one photograph into a metric 3D scene that opens correctly in Blender, MeshLab and CloudCompare."""


for _name, _summary in COMMANDS.items():
    # As the short help, too, which click would otherwise cut at 45 characters: build and depth looked the same.
    recon.add_command(LazyCommand(_name, help=_summary, short_help=_summary))
