"""The options of ``recon build`` and ``recon depth`` that are about many photos."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from recon.batch.inputs import is_pattern, is_video

Command = TypeVar("Command", bound=Callable[..., Any])

STDIN = "-"


@dataclass(frozen=True)
class Request:
    """What a command line asks for, as far as it is about many photos."""

    words: tuple[str, ...]
    """Photos, folders, patterns, videos, ``-``."""
    outputs: tuple[Path, ...]
    """All ``-o``."""
    formats: str | None
    """``--format``."""
    every: int
    recursive: bool
    resume: bool
    overwrite: bool
    dry_run: bool

    @property
    def is_batch(self) -> bool:
        """Whether a folder of outputs is asked for: by ``--format``, or by what is named."""
        if self.formats is not None or len(self.words) != 1:
            return True
        (word,) = self.words
        return word == STDIN or is_pattern(word) or is_video(Path(word)) or os.path.isdir(word)

    def check(self) -> None:
        """Refuses options that do not go together.

        Raises:
            click.UsageError: With what to do instead.
        """
        if self.resume and self.overwrite:
            raise click.UsageError("--resume and --overwrite exclude each other")
        if not self.is_batch:
            for flag, given in (("--resume", self.resume), ("--recursive", self.recursive)):
                if given:
                    raise click.UsageError(f"{flag} is for several photos, a folder or a video")
        if self.every > 1 and not any(is_video(Path(word)) or word == STDIN for word in self.words):
            raise click.UsageError("--every takes frames of a video, and none is given")


def photos_argument(command: Command) -> Command:
    """Adds the argument PHOTO..., as ``photos``."""
    return click.argument("photos", metavar="PHOTO...", nargs=-1, required=True)(command)


def batch_options(formats_help: str) -> Callable[[Command], Command]:
    """Adds --format, --recursive, --every and --resume; ``formats_help`` says what --format takes."""

    def decorate(command: Command) -> Command:
        for option in (
            click.option(
                "--resume", is_flag=True, help="Go on with what -o DIR holds: what is done is not done again."
            ),
            click.option(
                "--every",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                metavar="N",
                help="Of a video, take every Nth frame.",
            ),
            click.option("--recursive", is_flag=True, help="Also the folders inside of a folder."),
            click.option("--format", "formats", metavar="NAME[,NAME]", help=formats_help),
        ):
            command = option(command)
        return command

    return decorate


def request_from(words: Sequence[str], outputs: Sequence[Path], **values: Any) -> Request:
    """The request of a command line, checked.

    Raises:
        click.UsageError: Options that do not go together.
    """
    request = Request(tuple(words), tuple(outputs), **values)
    request.check()
    return request


def suffixes_from(text: str) -> list[str]:
    """``glb,ply`` to ``.glb``, ``.ply``.

    Raises:
        click.UsageError: It names none.
    """
    found = ["." + part.strip().lower().lstrip(".") for part in text.split(",") if part.strip(" .")]
    if not found:
        raise click.UsageError("--format names the files' formats, such as glb or glb,ply")
    return list(dict.fromkeys(found))
