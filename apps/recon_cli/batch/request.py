"""Options of ``recon build`` and ``recon depth`` for several photos, folders and videos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.batch.inputs import is_video
from recon.batch.ray_cluster import RayCluster
from recon_cli.first_tries import STDIN, is_many, is_stored
from recon_cli.option_groups import option
from recon_cli.options.ray_options import cluster_from, ray_options

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Request:
    """The inputs and outputs that a command line requests."""

    words: tuple[str, ...]
    """Photos, folders, patterns, videos, ``-``."""
    outputs: tuple[Path, ...]
    """All ``-o``."""
    formats: str | None
    """``--format``."""
    every: int
    steady: bool
    recursive: bool
    resume: bool
    overwrite: bool
    dry_run: bool
    ray: RayCluster | None = None
    """The cluster that processes the photos; None: this machine."""

    @property
    def is_batch(self) -> bool:
        """Whether the outputs go to a directory: ``--format`` is given, the inputs are not a single photo, or one of
        both is in an object store."""
        in_store = any(map(is_stored, self.outputs))
        return self.formats is not None or len(self.words) != 1 or in_store or is_many(self.words[0])

    def check(self) -> None:
        """Refuses incompatible options.

        Raises:
            click.UsageError: The options are incompatible.
        """
        if self.resume and self.overwrite:
            raise click.UsageError("--resume and --overwrite are mutually exclusive")
        if not self.is_batch:
            flags = (("--resume", self.resume), ("--recursive", self.recursive), ("--ray", self.ray))
            for flag, given in flags:
                if given:
                    raise click.UsageError(f"{flag} requires several photos, a folder or a video")
        of_frames = self.every > 1 or not self.steady
        if of_frames and not any(is_video(Path(word)) or word == STDIN for word in self.words):
            if self.every > 1:
                raise click.UsageError("--every selects frames of a video, but no video is given")
            if not self.steady:
                raise click.UsageError("--no-steady concerns the frames of a video, but no video is given")


def photos_argument(command: Command) -> Command:
    """Adds the argument PHOTO..., as ``photos``."""
    return click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)(command)


def batch_options(formats_help: str) -> Callable[[Command], Command]:
    """Adds --format, --recursive, --every, --steady, --resume and --ray; ``formats_help`` is the help of --format."""

    def decorate(command: Command) -> Command:
        for add in (
            option(
                "--resume",
                group="Output",
                is_flag=True,
                help="Resume an interrupted run in -o DIR, skipping finished outputs.",
            ),
            option(
                "--every",
                group="Input",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                metavar="N",
                help="Use every Nth frame of a video.",
            ),
            option(
                "--steady/--no-steady",
                group="Input",
                default=True,
                show_default=True,
                help="Make the depth of a video steady in time, or estimate each frame alone.",
            ),
            ray_options,
            option("--recursive", group="Input", is_flag=True, help="Include subfolders."),
            option("--format", "formats", group="Output", metavar="NAME[,NAME]", help=formats_help),
        ):
            command = add(command)
        return command

    return decorate


def request_from(words: Sequence[str], outputs: Sequence[Path], values: Mapping[str, Any]) -> Request:
    """The checked request of a command line.

    Args:
        words: The photos.
        outputs: All ``-o``.
        values: Those of ``batch_options``, --overwrite and --dry-run, and any others.

    Raises:
        click.UsageError: The options are incompatible.
    """
    names = ("formats", "every", "steady", "recursive", "resume", "overwrite", "dry_run")
    cluster = cluster_from(values)
    request = Request(tuple(words), tuple(outputs), **{name: values[name] for name in names}, ray=cluster)
    request.check()
    return request


def suffixes_from(text: str) -> list[str]:
    """``glb,ply`` to ``.glb``, ``.ply``.

    Raises:
        click.UsageError: There is no name.
    """
    suffixes = ["." + part.strip().lower().lstrip(".") for part in text.split(",") if part.strip(" .")]
    if not suffixes:
        raise click.UsageError("--format needs the names of formats, such as glb or glb,ply")
    return list(dict.fromkeys(suffixes))
