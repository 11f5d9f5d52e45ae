"""Reads and writes object stores through fsspec: lists, fetches, and puts whole objects.

An object appears under its name when it is complete, or not at all: a file is written on this machine first, and then
put at once. Errors of the libraries become one sentence that says what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from recon.batch.store_path import Stored, StorePath
from recon.errors import ExportError, PhotoError, ReconError, to_add
from recon.temporary_folders import process_folder

if TYPE_CHECKING:
    from recon.types import Photo

_DRIVERS = {"s3": "s3fs", "gs": "gcsfs"}
_CREDENTIALS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`",
}
_VERSIONS = ("ETag", "etag", "generation", "LastModified", "updated", "mtime")
"""Keys under which file systems say what changes with the contents; the first that is there is taken."""


def list_folder(folder: StorePath, *, recursive: bool = True) -> dict[str, Stored]:
    """The objects whose names begin with ``folder`` and a slash, by the rest of their names.

    Raises:
        ReconError: The bucket is missing, or cannot be read.
    """
    with _sentences(folder, "listed", PhotoError):
        if recursive:
            found = _filesystem(folder).find(str(folder), detail=True)
        else:
            # Not find(maxdepth=1), which takes a missing bucket and refused access for an empty folder.
            found = {info["name"]: info for info in _filesystem(folder).ls(str(folder), detail=True)}
    return _named(folder, found)


def list_matching(pattern: StorePath) -> list[StorePath]:
    """The objects that a pattern (``s3://bucket/*.jpg``) matches, sorted.

    Raises:
        ReconError: The bucket is missing, or cannot be read.
    """
    bucket = StorePath(*pattern.parts[:2])
    with _sentences(pattern, "listed", PhotoError):
        found = _filesystem(pattern).glob(str(pattern), detail=True)
        if not found:  # also of a bucket that is missing
            _filesystem(bucket).ls(str(bucket))
    return [(bucket / name).listed(stored) for name, stored in sorted(_named(bucket, found).items())]


def look_up(path: StorePath) -> StorePath:
    """The path with the size and version of its object, if it is there.

    Raises:
        ReconError: The store cannot be reached, or refuses access.
    """
    with _sentences(path, "read", PhotoError):
        try:
            return path.listed(_stored(_filesystem(path).info(str(path))))
        except FileNotFoundError:
            return path


def read_stored_photo(path: StorePath) -> "Photo":
    """Reads a photo as ``read_photo`` does, with its URL as its path.

    Raises:
        PhotoError: It cannot be fetched, or is no photo.
    """
    from dataclasses import replace

    from recon.photo.read import read_photo

    with local_copy(path) as local:
        return replace(read_photo(local), path=str(path))


@contextmanager
def local_copy(path: StorePath) -> Iterator[Path]:
    """Fetches an object to a file, and deletes it at the end; errors about the file name the object.

    Raises:
        PhotoError: It cannot be fetched.
    """
    with TemporaryDirectory(dir=process_folder()) as folder:
        local = Path(folder, path.name)
        fetch(path, local)
        try:
            yield local
        except ReconError as error:
            error.args = (str(error).replace(str(local), str(path)),)
            raise


def fetch(path: StorePath, local: Path) -> None:
    """Copies an object to a file.

    Raises:
        PhotoError: It is missing, or cannot be read.
    """
    with _sentences(path, "read", PhotoError):
        _filesystem(path).get_file(str(path), str(local))


def put(local: Path, path: StorePath) -> Stored:
    """Copies a file to an object, whole or not at all, and returns what the store then says of it.

    Raises:
        ExportError: It cannot be written.
    """
    with _sentences(path, "written", ExportError):
        filesystem = _filesystem(path)
        filesystem.put_file(str(local), str(path))
        stored = _stored(filesystem.info(str(path)))
    if stored.bytes != local.stat().st_size:
        raise ExportError(f"{path} has {stored.bytes:,} bytes after {local.stat().st_size:,} were put.")
    return stored


def remove(path: StorePath) -> None:
    """Deletes an object.

    Raises:
        ExportError: It cannot be deleted.
    """
    with _sentences(path, "deleted", ExportError):
        _filesystem(path).rm_file(str(path))


def _filesystem(path: StorePath) -> Any:
    """The store's file system; one for each thread, and without a cache of listings, which others may outdate."""
    try:
        import fsspec

        return fsspec.filesystem(path.scheme, use_listings_cache=False)
    except ImportError as error:
        fix = to_add("s3") if path.scheme == "s3" else f"pip install {_DRIVERS[path.scheme]}"
        raise ReconError(f"{path}: {path.scheme}:// needs {_DRIVERS[path.scheme]}: {fix}") from error


def _named(folder: StorePath, found: dict[str, dict[str, Any]]) -> dict[str, Stored]:
    """Results of fsspec by their names relative to a folder; without placeholders of folders."""
    start = str(folder).split("://", 1)[1] + "/"
    return {
        name.removeprefix(start): _stored(info)
        for name, info in found.items()
        if info["type"] == "file" and name.startswith(start) and not name.endswith("/")
    }


def _stored(info: dict[str, Any]) -> Stored:
    version = str(next((info[key] for key in _VERSIONS if info.get(key)), ""))
    # 60 bits, so that any program can read the number from the record.
    return Stored(int(info["size"]), int(blake2b(version.encode(), digest_size=8).hexdigest()[:15], 16))


@contextmanager
def _sentences(path: StorePath, done: str, kind: type[ReconError]) -> Iterator[None]:
    """Turns exceptions of the store's libraries, which have no common type, into one sentence."""
    try:
        yield
    except ReconError:
        raise
    except Exception as error:
        raise kind(_sentence(path, done, error)) from error


def _sentence(path: StorePath, done: str, error: Exception) -> str:
    name, text = type(error).__name__, " ".join(str(error).split()) or type(error).__name__
    bucket = "/".join(str(path).split("/")[:3])
    if "Credential" in name or "Unable to locate credentials" in text:
        return f"{path} cannot be {done}: there are no credentials; {_CREDENTIALS[path.scheme]}."
    if "bucket does not exist" in text or "NoSuchBucket" in text:
        return f"{path} cannot be {done}: the bucket {bucket} does not exist; check its name and the region."
    if isinstance(error, FileNotFoundError):
        return f"{path} does not exist: check the bucket and the name."
    if isinstance(error, PermissionError):
        return f"{path} cannot be {done}: access denied; check the credentials, and what they may do in {bucket}."
    return f"{path} cannot be {done}: {text.rstrip('.')}."
