"""Existing outputs: which are complete, which may be replaced, and which are in the way."""

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
_MOST_NAMED = 3


@dataclass(frozen=True)
class Existing:
    """The existing outputs in a folder, and the rules for replacing them."""

    folder: Path
    record: Record
    resume: bool
    overwrite: bool

    def is_done(self, output: Path, sources: Sequence[Path]) -> bool:
        """Whether an output is complete and up to date."""
        return self.resume and self.record.is_done(self.key(output), sources)

    def may_replace(self, output: Path) -> bool:
        """Whether an existing file may be replaced: with ``overwrite``, or if it is an earlier run's on resume."""
        return self.overwrite or (self.resume and self.record.is_ours(self.key(output)))

    def key(self, path: Path) -> str:
        """The name of an output in the record."""
        return path.relative_to(self.folder).as_posix()

    def refuse(self, outputs: Sequence[tuple[Path, ...]], inputs: Sequence[Path]) -> None:
        """Checks before the slow work that all outputs can be written.

        Args:
            outputs: The files of each output, the main one first.
            inputs: Files that are read.

        Raises:
            ExportError: A file is in the way, would be written twice, or is an input.
        """
        read = {os.path.realpath(path) for path in inputs}
        owners: dict[str, Path] = {}
        in_the_way: list[Path] = []
        for main, *sidecars in outputs:
            for path in (main, *sidecars):
                place = os.path.join(os.path.realpath(path.parent), path.name)
                if place in read or os.path.realpath(path) in read:
                    raise ExportError(f"{path} is an input file: choose another output folder.")
                if place in owners:
                    raise ExportError(f"{path} would be written twice, for {owners[place]} and for {main}.")
                owners[place] = main
                if self.record.holds(path) and not self.may_replace(main):
                    in_the_way.append(main)
        if in_the_way:
            raise ExportError(self._conflict(in_the_way))

    def _conflict(self, paths: Sequence[Path]) -> str:
        paths = list(dict.fromkeys(paths))
        names = ", ".join(str(path) for path in paths[:_MOST_NAMED])
        more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
        exist = f"{names}{more} already exist"
        if not self.resume:
            return f"{exist}: use --resume to write only what is missing, or --overwrite to replace them."
        other = self.record.other_settings(self.key(path) for path in paths)
        if other:
            changed = ", ".join(f"{name}: {_shown(value)}" for name, value in other.items())
            return (
                f"{exist}, made with other options ({changed}): use the same options, another folder, or "
                "--overwrite."
            )
        return f"{exist}, but are not in the folder's record: use --overwrite to replace them."


def _shown(value: Any) -> str:
    return "not given" if value in (None, [], ()) else str(value)


def settings_of(options: Options, made_with: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """The settings of a run: with the same settings and inputs, the outputs are the same.

    Args:
        options: Options for all photos.
        made_with: The maker's settings.
        others: Further settings that affect the outputs or their names.
    """
    # Defaults are left out, so that a later version with more options can resume, too.
    other = {name: value for name, value in vars(options).items() if value != getattr(_DEFAULTS, name)}
    # Offline mode does not affect the outputs.
    other.pop("offline", None)
    values = {**made_with, **other, **others}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Constraint):
        return values_of(value)
    return os.path.abspath(value) if isinstance(value, Path) else value
