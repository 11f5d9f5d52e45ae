"""What ``recon build`` and ``recon depth`` do with many photos: which outputs, which are done, what cannot be."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from recon.batch.inputs import Inputs, find_inputs
from recon.batch.run_log import Record
from recon.constraint_text import values_of
from recon.constraints import Constraint
from recon.depth_map.read import SUFFIXES as DEPTH_SUFFIXES
from recon.errors import DepthFileError, ExportError
from recon.options import Options
from recon_cli.batch.request import STDIN
from recon_cli.console import Session

_DEFAULTS = Options()
_TOLD = 3


def inputs_from(words: Sequence[str], record: Record, *, recursive: bool, session: Session) -> Inputs:
    """What the arguments name; ``-`` stands for the paths on standard input.

    Raises:
        PhotoError: There is none.
    """
    named: list[str] = []
    for word in words:
        named += _listed() if word == STDIN else [word]
    inputs = find_inputs(named, recursive=recursive, is_output=record.has_written)
    for path, why in inputs.skipped:
        session.journal.detail("skipped", f"{path}: {why}", path=str(path))
    videos = sum(found.is_video for found in inputs.found)
    told = [_counted(n, what) for n, what in ((len(inputs.found) - videos, "photo"), (videos, "video")) if n]
    beside = (
        f"; {_counted(len(inputs.skipped), 'other file')} left out (-v names them)" if inputs.skipped else ""
    )
    session.journal.decide("photos", f"{' and '.join(told)} below {inputs.base}{beside}")
    return inputs


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed() -> list[str]:
    """The paths on standard input: one a line, or each ended by a zero byte as ``find -print0`` writes them."""
    data = sys.stdin.buffer.read()
    lines = data.split(b"\0") if b"\0" in data else data.split(b"\n")
    return [os.fsdecode(line.rstrip(b"\r")) for line in lines if line.strip()]


def folder_from(outputs: Sequence[Path], known: Sequence[str]) -> Path:
    """The folder that ``-o`` names.

    Args:
        outputs: All ``-o``.
        known: Suffixes of formats, which no folder should have.

    Raises:
        click.UsageError: It is the name of a file, or there are several.
    """
    if len(outputs) != 1:
        raise click.UsageError(
            "several photos go into one folder: give one -o DIR, and --format for the files in it"
        )
    (folder,) = outputs
    if folder.suffix.lower() in known and not folder.is_dir():
        raise click.UsageError(
            f"several photos go into a folder: give -o DIR and --format {folder.suffix.lower()[1:]}, not {folder}"
        )
    return folder


def suffixes_from(text: str) -> list[str]:
    """``glb,ply`` to ``.glb``, ``.ply``.

    Raises:
        click.UsageError: It names none.
    """
    found = ["." + part.strip().lower().lstrip(".") for part in text.split(",") if part.strip(" .")]
    if not found:
        raise click.UsageError("--format names the files' formats, such as glb or glb,ply")
    return list(dict.fromkeys(found))


def refuse_single(options: Options) -> None:
    """Refuses what holds for one photo alone.

    Raises:
        click.UsageError: An option that names pixels of a photo, or a file that belongs to one.
    """
    from recon.calibration.references import constraints_of
    from recon.constraints import CameraHeight

    for flag, given in (
        ("--at", options.at),
        ("--length", options.length),
        ("--rectangle", options.rectangle),
    ):
        if given:
            raise click.UsageError(
                f"{flag} names pixels of one photo: for several photos, save a calibration by `recon calibrate` and "
                "give --calibration, or give --camera-height"
            )
    if options.constraint_file and any(not isinstance(c, CameraHeight) for c in constraints_of(options)):
        raise click.UsageError(
            f"--constraints {options.constraint_file} names pixels of one photo; of several photos it may tell a "
            "camera height alone"
        )
    for flag, path in (("--depth", options.depth), ("--relative-depth", options.relative_depth)):
        if path is not None and not path.is_dir():
            raise click.UsageError(
                f"{flag} {path} is the depth of one photo: for several photos give the folder with a depth file of "
                "the same name for each"
            )
    reference = Path(options.reference) if options.reference else None
    if reference is not None and reference.is_file():
        raise click.UsageError(
            f"--reference {reference} belongs to one photo: for several photos give a metric model's name, a folder "
            "with a COLMAP model, or --depth DIR with --model"
        )


def with_own_depth(options: Options, name: str, photo: Path) -> Options:
    """The options of one photo: a folder of depth files becomes the one of the photo's name.

    Args:
        options: Of all photos.
        name: Of the photo, relative and without suffix; ``DIR/NAME.png`` and ``DIR/NAME.depth.png`` are looked for.
        photo: Never taken for its own depth.

    Raises:
        DepthFileError: There is none, or there are several.
    """
    if options.depth is not None:
        options = replace(options, depth=_depth_in(options.depth, name, photo))
    if options.relative_depth is not None:
        options = replace(options, relative_depth=_depth_in(options.relative_depth, name, photo))
    return options


def _depth_in(folder: Path, name: str, photo: Path) -> Path:
    candidates = [folder / f"{name}{part}{suffix}" for part in ("", ".depth") for suffix in DEPTH_SUFFIXES]
    there = [path for path in candidates if path.is_file() and not _same(path, photo)]
    if len(there) == 1:
        return there[0]
    if there:
        raise DepthFileError(
            f"{photo}: {' and '.join(str(path) for path in there)} could both be its depth; leave one of them."
        )
    raise DepthFileError(
        f"{photo} has no depth in {folder}: expected {name}.png, {name}.exr, {name}.npy or the like."
    )


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


@dataclass(frozen=True)
class Existing:
    """What may be done with outputs that are there."""

    folder: Path
    record: Record
    resume: bool
    overwrite: bool

    def is_done(self, output: Path, sources: Sequence[Path]) -> bool:
        """Whether nothing is left to do for an output."""
        return self.resume and self.record.is_done(self.key(output), sources)

    def may_replace(self, output: Path) -> bool:
        """Whether a file that stands in the way is an earlier run's, or the user wants it replaced."""
        return self.overwrite or (self.resume and self.record.is_ours(self.key(output)))

    def key(self, path: Path) -> str:
        """How the record names an output."""
        return path.relative_to(self.folder).as_posix()

    def refuse(self, outputs: Sequence[tuple[Path, ...]], inputs: Sequence[Path]) -> None:
        """Refuses before the long work what could not be written at its end.

        Args:
            outputs: Of each output its files, the main one first.
            inputs: Files that are read.

        Raises:
            ExportError: A file is in the way, would be written twice, or is one that is read.
        """
        read = {os.path.realpath(path) for path in inputs}
        taken: dict[str, Path] = {}
        in_the_way: list[Path] = []
        for main, *beside in outputs:
            for path in (main, *beside):
                place = os.path.join(os.path.realpath(path.parent), path.name)
                if place in read or os.path.realpath(path) in read:
                    raise ExportError(f"{path} is a file that is read: give another folder.")
                if place in taken:
                    raise ExportError(f"{path} would be written twice, for {taken[place]} and for {main}.")
                taken[place] = main
                if os.path.exists(path) and os.path.getsize(path) > 0 and not self.may_replace(main):
                    in_the_way.append(main)
        if in_the_way:
            raise ExportError(self._why(in_the_way))

    def _why(self, paths: Sequence[Path]) -> str:
        paths = list(dict.fromkeys(paths))
        names = ", ".join(str(path) for path in paths[:_TOLD])
        there = f"{names}{f' and {len(paths) - _TOLD} more' if len(paths) > _TOLD else ''} exist"
        if not self.resume:
            return f"{there}: use --resume to go on with what is missing, --overwrite to make them again."
        other = self.record.other_settings(self.key(path) for path in paths)
        if other:
            told = ", ".join(f"{name}: {_shown(value)}" for name, value in other.items())
            return (
                f"{there}, made with other options ({told}): give the same, another folder, or --overwrite."
            )
        return f"{there}, and the record of the folder does not know them: use --overwrite to replace them."


def _shown(value: Any) -> str:
    return "not given" if value in (None, [], ()) else str(value)


def settings_of(command: str, options: Options, **others: Any) -> dict[str, Any]:
    """What the outputs of a run are made with; where nothing else changes, they are the same."""
    # Only what is not as by default, so that a later version with more options goes on, too.
    other = {name: value for name, value in vars(options).items() if value != getattr(_DEFAULTS, name)}
    # Whether the network may be touched changes no output.
    other.pop("offline", None)
    return {"command": command, **{name: _plain(value) for name, value in {**other, **others}.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, Constraint):
        return values_of(value)
    return os.path.abspath(value) if isinstance(value, Path) else value
