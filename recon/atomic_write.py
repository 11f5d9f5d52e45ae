"""Writes files all or nothing: into a hidden folder beside the target, synced to the disk, then renamed into place.

An output is a file with sidecars beside it, or a folder: then its files are those named inside it.
"""

import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from recon.errors import ExportError, ReconError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""From a file system that has no sync, such as some network drives."""
_PROBE_BYTES = 1 << 20


@contextmanager
def staged(path: Path, sidecars: Sequence[Path] = (), *, overwrite: bool = True) -> Iterator[Path]:
    """Lets the body write a file, and sidecars beside it, under their final names in a temporary folder.

    When the body ends well, the files are synced to the disk and renamed over the old ones, the main file last, so
    that it never refers to a sidecar that is not there yet, and a power cut leaves no empty file under its name. On
    any exception, Ctrl-C included, the temporary folder is removed and the old files stay. A process that is killed
    outright leaves a hidden folder ``.*.part``, which no later run looks at. A symbolic link is replaced, not
    followed. A folder is replaced only where it holds nothing but files of the names that are written.

    Args:
        path: The final path of the main file, or of the folder.
        sidecars: Final paths of the files written with it, in the same folder; or of all files in the folder.
        overwrite: False refuses, just before the renaming, what has appeared since ``check_writable`` looked.

    Yields:
        Where to write the main file; sidecars go beside it.

    Raises:
        ExportError: the folder is missing, there is no permission or no space, or something is in the way.
    """
    files = (path, *sidecars)
    if any(file.parent != path.parent and path not in file.parents for file in files):
        raise ValueError(f"sidecars must lie beside {path}, got {', '.join(map(str, sidecars))}")
    _check_folder(path)
    try:
        # Random name, so that what a killed run left behind is never taken for this run's.
        # Cut short: a name may have at most 255 bytes, and a character of it up to four.
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent))
        try:
            try:
                yield temporary / path.name
            except Exception as error:
                _raise_if_disk_failed(error, temporary)
                raise
            if not overwrite:
                _refuse_to_replace(files)
            _move_into_place(temporary, files)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise ExportError(_reason(path, error)) from error


def check_writable(
    outputs: Iterable[Sequence[Path]], *, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Refuses early, before the long work, what could not be written at its end.

    Args:
        outputs: For each output its files, the main one first (``Format.files``).
        overwrite: Whether existing files may be replaced; an empty one always may.
        inputs: Files that are read, which no output may replace; also where a symbolic link leads to them.

    Raises:
        ExportError: one sentence: what is in the way and what to do.
    """
    read = {place for path in inputs for place in (_identity(path), path.resolve())}
    taken: dict[Path, Path] = {}
    for main, *sidecars in outputs:
        _check_folder(main)
        for path in (main, *sidecars):
            with_it = "" if path == main else f" (written with {main.name})"
            identity = _identity(path)
            if identity in taken:
                other = taken[identity]
                raise ExportError(
                    f"{path} would be written twice, for {other} and for {main}: give them different names."
                )
            taken[identity] = main
            if identity in read:
                raise ExportError(f"{path}{with_it} is the file that is read: give the output another name.")
            if os.path.isdir(path) and not _holds_only(path, sidecars):
                inside = any(path in file.parents for file in sidecars)
                told = (
                    "has other files in it: give another name"
                    if inside
                    else "is a folder: give the name of a file"
                )
                raise ExportError(f"{path}{with_it} {told}.")
            if not overwrite and _holds_something(path):
                raise ExportError(f"{path}{with_it} exists: use --overwrite to replace it.")


def discard_unfinished(path: Path) -> None:
    """Deletes what ``staged`` has begun of a file in a thread that cannot be stopped; its next write fails."""
    for folder in path.parent.glob(f".{glob.escape(path.name[:40])}.*.part"):
        shutil.rmtree(folder, ignore_errors=True)


def _check_folder(path: Path) -> None:
    folder = path.parent
    if not os.path.exists(folder):
        raise ExportError(f"{path} cannot be written: the folder {folder} does not exist; make it first.")
    if not os.path.isdir(folder):
        raise ExportError(f"{path} cannot be written: {folder} is not a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"{path} cannot be written: no permission to write in the folder {folder}.")


def _identity(path: Path) -> Path:
    """The same for two spellings of one place, whether or not the file is there already."""
    return Path(os.path.realpath(path.parent)) / path.name


def _holds_something(path: Path) -> bool:
    return os.path.exists(path) and os.path.getsize(path) > 0


def _refuse_to_replace(files: Sequence[Path]) -> None:
    for file in files:
        if _holds_something(file):
            raise ExportError(
                f"{file} exists by now, perhaps written by another run: it is left as it is; use --overwrite to "
                "replace it, or give another name."
            )


def _holds_only(folder: Path, files: Sequence[Path]) -> bool:
    """Whether a folder has no file but these, which lie in it; there must be some."""
    inside = {file for file in files if folder in file.parents}
    return bool(inside) and inside.issuperset(file for file in folder.rglob("*") if not file.is_dir())


def _move_into_place(temporary: Path, files: Sequence[Path]) -> None:
    folder = files[0].parent
    written = {file.relative_to(temporary) for file in temporary.rglob("*") if not file.is_dir()}
    wanted = {
        file.relative_to(folder) for file in files if not (temporary / file.relative_to(folder)).is_dir()
    }
    if written != wanted:
        raise ValueError(
            f"the writer declares {sorted(map(str, wanted))} and wrote {sorted(map(str, written))}"
        )
    beside = [file for file in files if file.parent == folder]
    for file in beside:
        if file.is_dir() and not _holds_only(file, files):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    for file in temporary.rglob("*"):
        _sync(file)
    for file in reversed(beside):
        if file.is_dir():
            _replace_folder(temporary, file)
        else:
            os.replace(temporary / file.name, file)
    _sync(folder)


def _sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk; some disks tell only now that they are full."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no such thing for folders
    try:
        handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except PermissionError:
        return  # a folder that may be written and not read
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(handle)


def _raise_if_disk_failed(error: Exception, temporary: Path) -> None:
    """Raises the ``OSError`` behind what a library made of it, where there is one.

    Libraries in C++ and Rust have exceptions of their own for a full disk, some without the reason: then a few bytes
    are written to see whether that works.
    """
    if isinstance(error, ReconError | MemoryError) or (
        isinstance(error, OSError) and error.errno is not None
    ):
        return
    for number in (*_FULL, *_FORBIDDEN, errno.EIO):
        if os.strerror(number) in str(error):
            raise OSError(number, os.strerror(number)) from error
    with (temporary / ".probe").open("wb") as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _replace_folder(temporary: Path, folder: Path) -> None:
    """No system replaces a folder in one step: the old one is put aside, and back where the second step fails."""
    aside = temporary / f"{folder.name[:40]}.old"
    try:
        os.rename(folder, aside)
        os.rename(temporary / folder.name, folder)
    except BaseException:
        if aside.exists() and not folder.exists():
            os.rename(aside, folder)
        raise


def _reason(path: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f"{path} cannot be written: the disk is full; free some space first."
    if error.errno in _FORBIDDEN:
        return f"{path} cannot be written: no permission to write in the folder {path.parent}."
    if error.errno == errno.EISDIR:
        return f"{path} cannot be written: {error.filename} is a folder."
    if error.errno == errno.ENAMETOOLONG:
        return f"{path} cannot be written: the name is too long."
    return f"{path} cannot be written: {error.strerror or error}."
