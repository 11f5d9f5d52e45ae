"""The results file: one line of JSON per pair, so that an interrupted evaluation can be resumed."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recon.evaluate.evaluate_pair import Settings
from recon.evaluate.manifest import EvaluationError
from recon.evaluate.row import Measures, Row
from recon.strict_json import as_kind, as_object, parse_json, shown

_FORMAT = "recon-eval-rows-1"


class RowFile:
    """A file of rows; the first line contains the settings."""

    def __init__(self, path: Path, settings: Settings, *, resume: bool) -> None:
        """Opens the file for more rows, or starts a new one.

        Raises:
            EvaluationError: The file cannot be resumed: its settings differ, or it is not a results file.
        """
        self.path = path
        header = json.loads(json.dumps({"format": _FORMAT, "settings": asdict(settings)}))
        self.done: set[tuple[str, str]] = set()
        if resume and path.exists():
            self._check(header)
            self._drop_unfinished()
            self.done = {(row.model, row.pair) for row in self if isinstance(row.result, Measures)}
        else:
            path.write_text(json.dumps(header) + "\n", encoding="utf-8")

    def add(self, row: Row) -> None:
        """Appends a row and closes the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row.as_dict()) + "\n")

    def __iter__(self) -> Iterator[Row]:
        """The rows in order; only the newest row of each pair."""
        newest: dict[tuple[str, str], int] = {}
        for number, row in self._numbered():
            newest[row.model, row.pair] = number
        for number, row in self._numbered():
            if newest[row.model, row.pair] == number:
                yield row

    def _numbered(self) -> Iterator[tuple[int, Row]]:
        with self.path.open("rb") as file:
            next(file)
            for number, line in enumerate(file):
                try:
                    row = Row.from_dict(parse_json(line))
                except ValueError as error:
                    raise EvaluationError(
                        f"{self.path}, line {number + 2} is damaged: {error}; use --overwrite to replace the file."
                    ) from error
                yield number, row

    def _check(self, header: Mapping[str, Any]) -> None:
        try:
            with self.path.open("rb") as file:
                first = as_object(parse_json(next(file)))
                before = as_kind(dict[str, Any], first.get("settings", {}), "settings")
        except (OSError, ValueError, StopIteration) as error:
            raise EvaluationError(
                f"{self.path} was not written by `recon eval`; use --overwrite to replace it."
            ) from error
        if first.get("format") != _FORMAT:
            raise EvaluationError(
                f"{self.path} was not written by `recon eval`; use --overwrite to replace it."
            )
        other = {
            name: before.get(name) for name, now in header["settings"].items() if before.get(name) != now
        }
        if other:
            settings = ", ".join(f"{name} {shown(value)}" for name, value in other.items())
            raise EvaluationError(
                f"{self.path} was made with other settings ({settings}); use the same, or --overwrite."
            )

    def _drop_unfinished(self) -> None:
        """Removes an incomplete last line, left by a killed run."""
        with self.path.open("r+b") as file:
            content_end = file.seek(0, os.SEEK_END)
            step = 1 << 16
            position = content_end
            while position > 0:
                start = max(0, position - step)
                file.seek(start)
                newline = file.read(position - start).rfind(b"\n")
                if newline >= 0:
                    file.truncate(start + newline + 1)
                    return
                position = start
