"""The results as they come: one line of JSON for each pair, so that a run that was stopped can go on."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recon.evaluate.evaluate_pair import Settings
from recon.evaluate.manifest import EvaluationError
from recon.evaluate.row import Measures, Row

_FORMAT = "recon-eval-rows-1"


class RowFile:
    """A file of rows; its first line holds the settings that all were made with."""

    def __init__(self, path: Path, settings: Settings, *, resume: bool) -> None:
        """Opens it for more rows, or begins anew.

        Raises:
            EvaluationError: It is to be resumed, but is of other settings or no such file.
        """
        self.path = path
        header = json.loads(json.dumps({"format": _FORMAT, "settings": asdict(settings)}))
        self.done: set[tuple[str, str]] = set()
        if resume and path.exists():
            self._check(header)
            self._drop_unfinished()
            self.done = {(row.model, row.pair) for row in self if isinstance(row.found, Measures)}
        else:
            path.write_text(json.dumps(header) + "\n", encoding="utf-8")

    def add(self, row: Row) -> None:
        """Appends a row; it is in the file when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row.as_dict()) + "\n")

    def __iter__(self) -> Iterator[Row]:
        """The rows in order; of one pair the newest alone counts."""
        newest: dict[tuple[str, str], int] = {}
        for number, row in self._numbered():
            newest[row.model, row.pair] = number
        for number, row in self._numbered():
            if newest[row.model, row.pair] == number:
                yield row

    def _numbered(self) -> Iterator[tuple[int, Row]]:
        with self.path.open(encoding="utf-8") as file:
            next(file)
            for number, line in enumerate(file):
                yield number, Row.from_dict(json.loads(line))

    def _check(self, header: Mapping[str, Any]) -> None:
        try:
            with self.path.open(encoding="utf-8") as file:
                found = json.loads(next(file))
        except (OSError, ValueError, StopIteration) as error:
            raise EvaluationError(
                f"{self.path} is no file that `recon eval` writes: use --overwrite."
            ) from error
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise EvaluationError(f"{self.path} is no file that `recon eval` writes: use --overwrite.")
        before = found.get("settings") or {}
        other = {
            name: before.get(name) for name, now in header["settings"].items() if before.get(name) != now
        }
        if other:
            told = ", ".join(f"{name} {value}" for name, value in other.items())
            raise EvaluationError(
                f"{self.path} was made with other settings ({told}): give the same, or --overwrite."
            )

    def _drop_unfinished(self) -> None:
        """What a killed run left of its last line."""
        with self.path.open("r+b") as file:
            content_end = file.seek(0, os.SEEK_END)
            step = 1 << 16
            position = content_end
            while position > 0:
                start = max(0, position - step)
                file.seek(start)
                found = file.read(position - start).rfind(b"\n")
                if found >= 0:
                    file.truncate(start + found + 1)
                    return
                position = start
