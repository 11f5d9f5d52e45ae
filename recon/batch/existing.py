"""Outputs that are there already: which are done, which may be replaced, which are in the way."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recon.batch.run_log import Record
from recon.constraint_text import values_of
from recon.constraints import Constraint
from recon.errors import ExportError
from recon.options import Options

_DEFAULTS = Options()
_TOLD = 3


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


def settings_of(options: Options, made_with: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """What the outputs of a run are made with; where nothing else changes, they are the same.

    Args:
        options: Of all photos.
        made_with: The maker's settings.
        others: What else changes outputs, or their names.
    """
    # Only what is not as by default, so that a later version with more options goes on, too.
    other = {name: value for name, value in vars(options).items() if value != getattr(_DEFAULTS, name)}
    # Whether the network may be touched changes no output.
    other.pop("offline", None)
    values = {**made_with, **other, **others}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Constraint):
        return values_of(value)
    return os.path.abspath(value) if isinstance(value, Path) else value
