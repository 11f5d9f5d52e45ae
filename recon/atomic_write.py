"""Atomic writing: files are written to a hidden folder next to the target, synced to disk, and renamed into place.

An output is a file with sidecars in the same folder, or a folder with the declared files in it.
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
"""Errors of file systems without sync, such as some network drives."""
_PROBE_BYTES = 1 << 20
_SUFFIX = ".part"


@contextmanager
def staged(path: Path, sidecars: Sequence[Path] = (), *, overwrite: bool = True) -> Iterator[Path]:
    """Provides a temporary folder for the body to write a file and its sidecars to, under their final names.

    If the body succeeds, the files are synced to disk and renamed over the old ones, the main file last: it never
    refers to a sidecar that does not exist yet, and a power cut leaves no empty file under its name. On any
    exception, including Ctrl-C, the temporary folder is removed and the old files are unchanged. A process that is
    killed leaves a hidden folder ``.*.part`` (``remove_leftovers``). A symbolic link is replaced, not followed. A
    folder is replaced only if it contains nothing but files with the names that are written.

    Args:
        path: The final path of the main file, or of the folder.
        sidecars: Final paths of the files written with it, in the same folder; or of all files in the folder.
        overwrite: If False, refuses to replace a file that has appeared since ``check_writable`` was called.

    Yields:
        The path at which to write the main file; sidecars go into the same folder.

    Raises:
        ExportError: The folder is missing, there is no permission or no disk space, or a file is in the way.
    """
    files = (path, *sidecars)
    if any(file.parent != path.parent and path not in file.parents for file in files):
        raise ValueError(f"sidecars must be in the folder of {path}, got {', '.join(map(str, sidecars))}")
    _check_folder(path)
    try:
        # A random name, so that leftovers of a killed run are never mixed up with this run's files.
        # Truncated, because a name has at most 255 bytes, and a character has up to four.
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(path), suffix=_SUFFIX, dir=path.parent))
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


def _prefix(path: Path) -> str:
    return f".{path.name[:40]}."


def remove_leftovers(path: Path) -> None:
    """Removes the temporary files of ``path`` that a killed process left behind, or that a thread which cannot be
    stopped is writing: its next write fails."""
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}*{_SUFFIX}"):
        shutil.rmtree(left, ignore_errors=True)


def check_writable(
    outputs: Iterable[Sequence[Path]], *, overwrite: bool, inputs: Iterable[Path] = ()
) -> None:
    """Checks before the slow work that the outputs can be written.

    Args:
        outputs: The files of each output, the main one first (``Format.files``).
        overwrite: Whether existing files may be replaced; an empty one always may.
        inputs: Files that are read, which no output may replace, not even through a symbolic link.

    Raises:
        ExportError: One sentence: what is in the way, and what to do.
    """
    read = {place for path in inputs for place in (_identity(path), path.resolve())}
    owners: dict[Path, Path] = {}
    for main, *sidecars in outputs:
        _check_folder(main)
        for path in (main, *sidecars):
            with_it = "" if path == main else f" (written with {main.name})"
            identity = _identity(path)
            if identity in owners:
                other = owners[identity]
                raise ExportError(
                    f"{path} would be written twice, for {other} and for {main}: use different names."
                )
            owners[identity] = main
            if identity in read:
                raise ExportError(f"{path}{with_it} is an input file: choose another name for the output.")
            if os.path.isdir(path) and not _holds_only(path, sidecars):
                inside = any(path in file.parents for file in sidecars)
                problem = (
                    "contains other files: choose another name"
                    if inside
                    else "is a folder: pass the name of a file"
                )
                raise ExportError(f"{path}{with_it} {problem}.")
            if not overwrite and _holds_something(path):
                raise ExportError(f"{path}{with_it} exists: use --overwrite to replace it.")


def _check_folder(path: Path) -> None:
    folder = path.parent
    if not os.path.exists(folder):
        raise ExportError(f"{path} cannot be written: the folder {folder} does not exist; create it first.")
    if not os.path.isdir(folder):
        raise ExportError(f"{path} cannot be written: {folder} is not a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"{path} cannot be written: no permission to write in the folder {folder}.")


def _identity(path: Path) -> Path:
    """The same path for two spellings of one file, whether or not it exists."""
    return Path(os.path.realpath(path.parent)) / path.name


def _holds_something(path: Path) -> bool:
    return os.path.exists(path) and os.path.getsize(path) > 0


def _refuse_to_replace(files: Sequence[Path]) -> None:
    for file in files:
        if _holds_something(file):
            raise ExportError(
                f"{file} has appeared in the meantime, perhaps from another run, and is left unchanged: use "
                "--overwrite to replace it, or choose another name."
            )


def _holds_only(folder: Path, files: Sequence[Path]) -> bool:
    """Whether a folder contains no files other than these; at least one of them must be inside it."""
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
    top_level = [file for file in files if file.parent == folder]
    for file in top_level:
        if file.is_dir() and not _holds_only(file, files):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    for file in temporary.rglob("*"):
        _sync(file)
    for file in reversed(top_level):
        if file.is_dir():
            _replace_folder(temporary, file)
        else:
            os.replace(temporary / file.name, file)
    _sync(folder)


def _sync(path: Path) -> None:
    """Waits until a file, or the entries of a folder, are on disk; some file systems report a full disk only now."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot sync folders
    try:
        handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except PermissionError:
        return  # a folder that is writable but not readable
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(handle)


def _raise_if_disk_failed(error: Exception, temporary: Path) -> None:
    """Raises the ``OSError`` behind a library's exception, if there is one.

    Libraries in C++ and Rust have their own exceptions for a full disk, some without the reason: in that case a few
    bytes are written to test the disk.
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
    """Replaces a folder in two renames, because no system does it in one; undoes the first if the second fails."""
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
