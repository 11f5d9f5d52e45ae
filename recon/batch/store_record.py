"""The run log of a batch whose output folder is in an object store.

No store can append to an object, and most cannot lock one. The log is a file on this machine, which replaces
``batch.jsonl`` in the store when it has grown, and at the end of the run. All outputs are recorded as begun before
the first is written: if this process is killed between two puts, the next run replaces what is not recorded as done.
"""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from recon.batch.file_check import State
from recon.batch.run_log import FAILED, RECORD, FailedPhoto, Record, Values, failed_text
from recon.batch.store import fetch, list_folder, put, remove
from recon.batch.store_path import StorePath
from recon.errors import ExportError
from recon.temporary_folders import process_folder

_GROWN_BYTES, _GROWN = 1 << 16, 0.1
"""The log is put again when it has grown by so much and by this share: all puts together are ten times its size."""


class StoreRecord(Record):
    """The record of a folder in a store; one run at a time may use it, which nothing can check."""

    begins_all: ClassVar = True

    def __init__(self, folder: StorePath, settings: Values) -> None:
        """Lists the folder, and fetches an existing record.

        Raises:
            ReconError: The store cannot be read, or the object is not a record.
        """
        self._here = TemporaryDirectory(prefix="record-", dir=process_folder())
        self._objects = list_folder(folder)
        self._url = folder / RECORD
        self._putting = threading.Lock()
        local = Path(self._here.name, RECORD)
        if RECORD in self._objects:
            fetch(self._url, local)
        self._put_bytes = local.stat().st_size if local.exists() else 0
        try:
            super().__init__(folder, settings, local)
        except ExportError as error:
            raise ExportError(str(error).replace(str(local), str(self._url))) from error

    def holds(self, output: Path) -> bool:
        """Whether an object that is not empty has the name of an output."""
        stored = self._objects.get(self._key(output))
        return stored is not None and stored.bytes > 0

    def has_written(self, path: Path) -> bool:
        """Whether an earlier run wrote this object."""
        return isinstance(path, StorePath) and self._key(path) in self._files

    def begin_all(self, photos: Sequence[tuple[str, Sequence[str]]]) -> None:
        """As of a folder; puts the log, so that a store that cannot be written is reported now."""
        super().begin_all(photos)
        self._put()

    def write_failed(self, failed: Sequence[FailedPhoto]) -> Path | None:
        """Puts the list of failed photos, or deletes that of an earlier run; puts the log."""
        self._put()
        path = StorePath(self.folder / FAILED)
        if failed:
            local = Path(self._here.name, FAILED)
            local.write_text(failed_text(failed), encoding="utf-8")
            put(local, path)
            return path
        if FAILED in self._objects:
            remove(path)
        return None

    def close(self) -> None:
        """Puts the log if rows were added, and deletes the file on this machine."""
        try:
            if self._file is not None:
                self._put()
        finally:
            super().close()
            self._here.cleanup()

    def _make_folder(self) -> None:
        """A store has no folders, and a prefix needs none."""

    def _remove_leftovers(self) -> None:
        """An object that is not complete has no name."""

    def _state(self, name: str, written: list[Any]) -> State:
        stored = self._objects.get(name)
        if stored is None or not stored.bytes:
            return "damaged"
        return "whole" if stored.as_row() == written else "changed"

    def _add_row(self, row: dict[str, Any], *, sync: bool = False) -> None:
        super()._add_row(row, sync=sync)
        if row["kind"] == "photo":
            grown = self.path.stat().st_size - self._put_bytes
            if grown > max(_GROWN_BYTES, _GROWN * self._put_bytes):
                self._put()

    def _put(self) -> None:
        with self._putting:
            copy = Path(self._here.name, "put.jsonl")
            with self._lock:  # other threads add rows
                shutil.copyfile(self.path, copy)
            if copy.stat().st_size != self._put_bytes:
                put(copy, self._url)
                self._put_bytes = copy.stat().st_size

    def _key(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else ""
