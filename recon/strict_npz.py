"""The one reader of numpy files that others wrote: sizes are checked before memory is taken.

What is wrong is a ``ValueError`` with the reason; whoever knows the file puts its name before. Pickled objects are
never read.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from recon.damage import reason

MOST_BYTES = 1 << 30
"""Of one array: a map of 250 megapixels in float32."""
_MOST_MEMBERS = 1100
_MOST_HEADER_BYTES = 4096
_BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class Header:
    """What an array says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool

    @property
    def bytes(self) -> int:
        """Size of the array's data."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """An open .npz."""

    def __init__(self, package: zipfile.ZipFile, most_bytes: int) -> None:
        """Takes the open archive; ``most_bytes`` of one array."""
        self._package, self._most_bytes = package, most_bytes
        self.names = tuple(name.removesuffix(".npy") for name in package.namelist())
        """Of the arrays, without ``.npy``."""

    def header(self, name: str) -> Header:
        """Shape and type of an array, which is not read.

        Raises:
            ValueError: It is missing or damaged, or larger than the limit.
        """
        with self._member(name) as (file, size):
            return _header(file, size, self._most_bytes)

    def read(self, name: str) -> NDArray[Any]:
        """An array.

        Raises:
            ValueError: It is missing or damaged, or larger than the limit.
        """
        with self._member(name) as (file, size):
            return _array(file, _header(file, size, self._most_bytes))

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        member = name if name in self._package.namelist() else f"{name}.npy"
        try:
            about = self._package.getinfo(member)
        except KeyError:
            raise ValueError(f"it has no array {name!r}") from None
        if about.flag_bits & 1:
            raise ValueError(f"its array {name!r} is encrypted")
        with _reporting_damage(f"its array {name!r} is damaged"), self._package.open(about) as file:
            yield file, about.file_size


@contextmanager
def open_npz(path: Path, *, most_bytes: int = MOST_BYTES) -> Iterator[Archive]:
    """Opens an archive of arrays.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no archive, or has too many members.
    """
    with path.open("rb") as file:
        with _reporting_damage("it is no archive of numpy arrays"):
            package = zipfile.ZipFile(file)
        if len(package.namelist()) > _MOST_MEMBERS:
            raise ValueError(f"it has more than {_MOST_MEMBERS} arrays")
        with package:
            yield Archive(package, most_bytes)


def read_npy(path: Path, *, most_bytes: int = MOST_BYTES) -> NDArray[Any]:
    """Reads an array.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no array, is damaged, or larger than the limit.
    """
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise ValueError("this is an .npz archive; rename it to .npz")
        file.seek(0)
        return _array(file, _header(file, path.stat().st_size, most_bytes))


def _header(file: IO[bytes], size: int, most_bytes: int) -> Header:
    """Reads the header of an array; ``size`` is that of the file or member with it."""
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, is_fortran, dtype = read(file, max_header_size=_MOST_HEADER_BYTES)
    except Exception as error:  # numpy evaluates a literal of Python: any error of the parser can come
        raise ValueError("its header is not that of a numpy array") from error
    header = Header(shape, dtype, is_fortran)
    if dtype.hasobject:
        raise ValueError("it holds pickled objects, which can run any code when they are loaded")
    if min(shape, default=0) < 0 or len(shape) > 32:
        raise ValueError(f"its header has the shape {shape}")
    if header.bytes > most_bytes:
        raise ValueError(
            f"it holds {header.bytes / 1e6:,.0f} MB, more than the limit of {most_bytes / 1e6:,.0f}"
        )
    if header.bytes > size:
        raise ValueError(f"its header promises {header.bytes:,} bytes, but it has {size:,}")
    return header


def _array(file: IO[bytes], header: Header) -> NDArray[Any]:
    array: NDArray[Any] = np.empty(math.prod(header.shape), header.dtype)
    if header.bytes:
        _fill(file, array.view(np.uint8))
    if header.is_fortran:
        return array.reshape(header.shape[::-1]).transpose()
    return array.reshape(header.shape)


def _fill(file: IO[bytes], held: NDArray[np.uint8]) -> None:
    at = 0
    while at < len(held):
        block = file.read(min(_BLOCK_BYTES, len(held) - at))
        if not block:
            raise ValueError(f"it is cut off after {at:,} of {len(held):,} bytes")
        held[at : at + len(block)] = np.frombuffer(block, np.uint8)
        at += len(block)
    file.read(1)  # where a member ends, zipfile compares its checksum


@contextmanager
def _reporting_damage(what: str) -> Iterator[None]:
    """Errors of the archive and of the decompressors (zlib, lzma), which have no common type."""
    try:
        yield
    except (ValueError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"{what} ({reason(error)})") from error
