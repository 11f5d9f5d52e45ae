"""The ``recon`` command."""

import os
import sys

import click

from recon import __version__
from recon_cli.blender import blender
from recon_cli.build import build
from recon_cli.calibrate import calibrate
from recon_cli.completion import completion
from recon_cli.depth import depth
from recon_cli.export import export
from recon_cli.info import info
from recon_cli.models import models
from recon_cli.view import view


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="recon")
def recon() -> None:
    """One photograph to a metric 3D scene that opens in Blender, MeshLab and CloudCompare as it should."""


for _command in (build, depth, export, info, calibrate, models, view, blender, completion):
    recon.add_command(_command)


def main() -> None:
    """Runs the command line; exits with 0, 1 (something to fix), 2 (usage) or 130 (Ctrl-C)."""
    try:
        recon.main(prog_name="recon", standalone_mode=True)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is wrong, and nothing can be told to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
