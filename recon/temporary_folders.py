"""Temporary folders that do not outlive their process, even a killed one, and pages that a browser may still read."""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: what a killed process leaves stays there
    fcntl = None  # type: ignore[assignment]

_OF_PROCESS, _OF_PAGES = "recon-process-", "recon-page-"
_DAY_S = 24 * 3600.0
_own: Path | None = None
_locks: list[int] = []


def process_folder() -> Path:
    """This process's folder in the system's temporary folder, for ``dir=`` of ``tempfile``.

    It is removed when the process ends. A process that is killed, or ends by ``os._exit``, leaves it to the next one
    that calls this.
    """
    global _own
    if _own is None or not _own.is_dir():
        _remove_leftovers()
        _own = _locked()
        atexit.register(_remove, _own, os.getpid())
    return _own


def remove_process_folder() -> None:
    """Removes this process's folder, if it has one: for a process that ends by ``os._exit``."""
    if _own is not None:
        _remove(_own, os.getpid())


@contextmanager
def page_folder() -> Iterator[Path]:
    """Provides a new folder for pages that a browser reads after this process has ended, if the body writes any.

    Those older than a day are removed.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_OF_PAGES}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _DAY_S:
                shutil.rmtree(folder, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=_OF_PAGES))
    try:
        yield new
    finally:
        with suppress(OSError):  # not empty
            new.rmdir()


def _locked() -> Path:
    """A new folder with a lock that the system releases when this process ends, however it does."""
    new = Path(tempfile.mkdtemp(prefix=f".{_OF_PROCESS}"))
    if fcntl is not None:
        lock = os.open(new, os.O_RDONLY)
        _locks.append(lock)
        with suppress(
            OSError
        ):  # some network drives have no locks, and then it is not taken for a leftover either
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Only now, with the lock, other processes see it.
    return new.rename(new.with_name(new.name[1:]))


def _remove_leftovers() -> None:
    if fcntl is None:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_OF_PROCESS}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _remove(folder: Path, made_by: int) -> None:
    if os.getpid() == made_by:  # not a fork
        shutil.rmtree(folder, ignore_errors=True)
