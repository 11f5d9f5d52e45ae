"""The run log of a batch, ``batch.jsonl`` in the output folder, from which an interrupted batch is resumed.

Each line is one JSON object: ``settings`` (the settings of a run, and their id), ``begun`` (a photo whose outputs are
about to be written) and ``photo`` (its result). Lines are only ever appended, by one run at a time; the newest line
of an output is valid. A process that is killed leaves at most outputs of ``begun`` photos that are complete but not
recorded: these may be overwritten.
"""

import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, ClassVar, Literal

from recon.atomic_write import remove_leftovers, staged
from recon.batch.file_check import State, state_of
from recon.batch.file_lock import lock
from recon.batch.store_path import StorePath
from recon.errors import ExportError, Failure
from recon.strict_json import as_kind, as_object, known_fields, parse_json, read_json

RECORD = "batch.jsonl"
"""Name of the record in the output folder."""
FAILED = "failed.json"
"""Name of the list of failed photos."""
_FORMAT = "recon-batch-1"
_FAILED_FORMAT = "recon-failed-1"

Values = Mapping[str, Any]


@dataclass(frozen=True)
class FailedPhoto:
    """A photo that could not be processed."""

    photo: str
    failure: Failure
    values: Values
    """Number and time of a frame; empty for a photo."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"photo": self.photo, "error": asdict(self.failure), **self.values}


@dataclass(frozen=True)
class _SettingsLine:
    kind: str
    format: str
    id: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class _PhotoLine:
    """Of a photo that is begun or done: what every run needs to know of it."""

    kind: Literal["begun", "photo"]
    settings: str
    outputs: list[str]
    ok: bool = False
    files: list[str] = field(default_factory=list)
    contents: dict[str, list[Any]] = field(default_factory=dict)
    sources: list[list[int]] = field(default_factory=list)


class Record:
    """The record of one folder. Rows may be added from several threads, between ``open`` and ``close``."""

    begins_all: ClassVar = False
    """Whether all outputs must be begun before the first is written."""

    def __init__(self, folder: Path, settings: Values, path: Path | None = None) -> None:
        """Reads an existing record; nothing is written yet.

        Args:
            folder: The output folder, which may not exist yet.
            settings: All settings that affect the outputs, as plain JSON values.
            path: The file; None: ``batch.jsonl`` in the folder.

        Raises:
            ExportError: The file exists but is not a record, or cannot be read.
        """
        self.folder, self.path = folder, path or folder / RECORD
        self._settings: dict[str, Any] = json.loads(json.dumps(settings, default=str))
        self._id = sha256(json.dumps(self._settings, sort_keys=True).encode()).hexdigest()[:12]
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._read()

    def is_done(self, output: str, sources: Sequence[Path]) -> bool:
        """Whether an output is intact, and was written with these settings from the inputs as they are now.

        An output that was edited since is done, too (``changed``).

        Args:
            output: Relative to the folder, with ``/``.
            sources: The photo, and its depth file if it has one.
        """
        row = self._newest.get(output)
        if row is None or row["kind"] != "photo" or not row["ok"] or row["settings"] != self._id:
            return False
        return row["sources"] == [fingerprint(path) for path in sources] and all(
            self._state(name, row["contents"].get(name, [])) != "damaged" for name in row["files"]
        )

    def changed(self, output: str) -> bool:
        """Whether a finished output has been edited since it was written."""
        row = self._newest[output]
        return any(self._state(name, row["contents"].get(name, [])) == "changed" for name in row["files"])

    def holds(self, output: Path) -> bool:
        """Whether a file that is not empty is in the place of an output."""
        return os.path.exists(output) and os.path.getsize(output) > 0

    def is_ours(self, output: str) -> bool:
        """Whether an earlier run with these settings wrote or began an output: it may be replaced on resume."""
        row = self._newest.get(output)
        return row is not None and row["settings"] == self._id

    def has_written(self, path: Path) -> bool:
        """Whether an earlier run wrote this file into the folder."""
        if not self._files:
            return False
        try:
            return path.resolve().relative_to(self.folder.resolve()).as_posix() in self._files
        except ValueError:
            return False

    def other_settings(self, outputs: Iterable[str]) -> dict[str, Any]:
        """The settings of an earlier run with which the outputs were made, as far as they differ from this run's."""
        for output in outputs:
            row = self._newest.get(output)
            if row is not None and row["settings"] != self._id and row["kind"] == "photo" and row["ok"]:
                before = self._settings_by_id[row["settings"]]
                names = sorted({*before, *self._settings})
                return {
                    name: before.get(name) for name in names if before.get(name) != self._settings.get(name)
                }
        return {}

    def lock(self) -> None:
        """Locks the folder for other runs if it has a record, and reads the record again.

        Raises:
            ExportError: Another run is using the folder, or the record cannot be read or written.
        """
        if self._file is None and self.path.exists():
            self._lock_file()

    def close(self) -> None:
        """Releases the lock of the folder."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _lock_file(self) -> None:
        try:
            file = self.path.open("ab", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        if not lock(file):
            file.close()
            raise ExportError(
                f"another run is writing to {self.folder}: wait until it has finished, or use another folder."
            )
        self._file = file
        self._read()

    def _unwritable(self, error: OSError) -> ExportError:
        return ExportError(f"{self.path} cannot be written: {error.strerror or error}.")

    def open(self) -> None:
        """Creates the folder, locks it and writes the settings; an incomplete last line of a killed run is removed.

        Raises:
            ExportError: The folder cannot be created or written, or another run is using it.
        """
        self._make_folder()
        if self._file is None:
            self._lock_file()
        self._remove_leftovers()
        try:
            if self.path.stat().st_size > self._end:
                os.truncate(self.path, self._end)
            if self._id not in self._settings_by_id:
                self._settings_by_id[self._id] = self._settings
                self._add({"kind": "settings", "format": _FORMAT, "id": self._id, "settings": self._settings})
        except OSError as error:
            raise self._unwritable(error) from error

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise ExportError(f"{self.folder} is a file: pass the name of a folder.") from error
        except FileNotFoundError as error:
            raise ExportError(f"the folder {self.folder.parent} does not exist: create it first.") from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _remove_leftovers(self) -> None:
        """Removes what killed runs were writing; this run has the folder for itself."""
        begun = [output for output, row in self._newest.items() if row["kind"] == "begun"]
        for output in (*begun, FAILED):
            remove_leftovers(self.folder / output)

    def begin(self, photo: str, outputs: Sequence[str]) -> None:
        """Records that these outputs are about to be written, so that a later run may replace them."""
        self.begin_all([(photo, outputs)])

    def begin_all(self, photos: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Records that the outputs of these photos are about to be written, so that a later run may replace them."""
        for k, (photo, outputs) in enumerate(photos, 1):
            row = {"kind": "begun", "photo": photo, "outputs": list(outputs), "settings": self._id}
            self._add_row(row, sync=k == len(photos))

    def is_begun(self, output: str) -> bool:
        """Whether it is recorded already that an output is about to be written, with these settings."""
        return self.is_ours(output) and self._newest[output]["kind"] == "begun"

    def end(
        self,
        photo: str,
        sources: Sequence[Path],
        outputs: Sequence[str],
        contents: Mapping[str, list[Any]],
        **values: Any,
    ) -> None:
        """Records outputs that are written, with all their files and a description of each (``describe_file``).

        Raises:
            ExportError: The record cannot be written.
        """
        self._add_row(
            {
                "kind": "photo",
                "photo": photo,
                "ok": True,
                "outputs": list(outputs),
                "files": list(contents),
                "contents": contents,
                "sources": [fingerprint(path) for path in sources],
                "settings": self._id,
                **values,
            }
        )

    def fail(self, photo: str, error: Exception, **values: Any) -> FailedPhoto:
        """Records the failure of a photo, and returns it."""
        failed = FailedPhoto(photo, Failure.of(error), values)
        head = {"kind": "photo", "photo": photo, "ok": False, "outputs": []}
        self._add_row({**head, **failed.as_dict(), "settings": self._id})
        return failed

    def write_failed(self, failed: Sequence[FailedPhoto]) -> Path | None:
        """Writes the list of failed photos, or deletes that of an earlier run if none failed."""
        path = self.folder / FAILED
        if failed:
            with staged(path) as temporary:
                temporary.write_text(failed_text(failed), encoding="utf-8")
            return path
        try:
            if as_object(read_json(path)).get("format") == _FAILED_FORMAT:
                path.unlink()
        except (OSError, ValueError):
            pass  # none, or not ours
        return None

    def _state(self, name: str, written: list[Any]) -> State:
        return state_of(self.folder / name, written)

    def _add_row(self, row: dict[str, Any], *, sync: bool = False) -> None:
        try:
            self._add(row, sync=sync)
        except OSError as error:
            raise self._unwritable(error) from error
        with self._lock:
            for output in row["outputs"]:
                self._newest[output] = row

    def _add(self, row: Values, *, sync: bool = False) -> None:
        line = memoryview((json.dumps(row, default=str) + "\n").encode("utf-8", "backslashreplace"))
        if self._file is None:
            raise ValueError("the record must be opened before rows are added")
        with self._lock:
            while line:  # an unbuffered file may write only a part
                line = line[self._file.write(line) :]
            if sync:
                os.fsync(self._file.fileno())

    def _read(self) -> None:
        self._settings_by_id: dict[str, dict[str, Any]] = {}
        self._newest: dict[str, dict[str, Any]] = {}
        self._files: set[str] = set()
        self._end = 0
        if not self.path.exists():
            return
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break  # incomplete: the run was killed
                    self._take(parse_json(line))
                    self._end += len(line)
        except OSError as error:
            raise ExportError(f"{self.path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise ExportError(
                f"{self.path} is not a record written by recon ({error}): move it elsewhere, or use another folder."
            ) from error

    def _take(self, row: Any) -> None:
        """Adds one line of the file.

        Raises:
            ValueError: The line was not written by recon.
        """
        if as_object(row, "a line").get("kind") == "settings":
            settings_line = as_kind(_SettingsLine, row)
            if settings_line.format != _FORMAT:
                raise ValueError(f"its format is {settings_line.format[:40]!r}")
            self._settings_by_id[settings_line.id] = settings_line.settings
            return
        line = as_kind(_PhotoLine, known_fields(_PhotoLine, row))
        if line.settings not in self._settings_by_id:
            raise ValueError("settings of a photo are missing")
        row = {**row, **vars(line)}
        self._newest.update(dict.fromkeys(line.outputs, row))
        self._files.update(line.files or line.outputs)


def failed_text(failed: Sequence[FailedPhoto]) -> str:
    """The list of failed photos, as JSON."""
    values = {"format": _FAILED_FORMAT, "failed": [one.as_dict() for one in failed]}
    return json.dumps(values, indent=1, default=str) + "\n"


def fingerprint(path: Path) -> list[int]:
    """Size in bytes and modification time in ns, which change when a file is replaced; empty if it is missing."""
    if isinstance(path, StorePath):
        return path.fingerprint
    try:
        stat = path.stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns]
