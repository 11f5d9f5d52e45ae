"""Paths in object stores: ``s3://bucket/photos/a.jpg`` as a path, for the plan and the record of a batch."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon.errors import ReconError

_URL = re.compile(r"^(?:s3|gs)://", re.IGNORECASE)
_COLLAPSED = re.compile(r"^(s3|gs):/+", re.IGNORECASE)
# Before Python 3.12, only the concrete class of the system can be subclassed.
if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())
_BUCKET = re.compile(r"^(?:s3|gs)://(?:[\w.-]+|arn:[\w:.-]+)(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Stored:
    """What a store says of an object."""

    bytes: int
    version: int
    """Of its contents: another number when it has been replaced."""

    def as_row(self) -> list[int]:
        """For the record of a batch."""
        return [self.bytes, self.version]


class StorePath(_Path):
    """A path whose string is its URL. It names an object, and no file: only parts, names and parents are of use."""

    stored: Stored | None = None
    """What the listing says of it; None if it is not there, or has not been listed."""

    def __str__(self) -> str:
        """The URL."""
        return _COLLAPSED.sub(r"\1://", super().__str__().replace(os.sep, "/"))

    @property
    def scheme(self) -> str:
        """``s3`` or ``gs``."""
        return self.parts[0].rstrip(":").lower()

    @property
    def fingerprint(self) -> list[int]:
        """Size in bytes and version, which change when the object is replaced; empty if it is missing."""
        return [] if self.stored is None else self.stored.as_row()

    def listed(self, stored: Stored | None) -> "StorePath":
        """The same path with what a listing says of it."""
        path = StorePath(self)
        path.stored = stored
        return path


def is_url(word: str | Path) -> bool:
    """Whether an argument names something in an object store."""
    return isinstance(word, StorePath) or _URL.match(str(word)) is not None


def check_bucket(word: str | Path) -> None:
    """Refuses an address without the name of a bucket; its text, which may hold a password, is not repeated.

    Raises:
        ReconError: It is one.
    """
    if is_url(word) and not _BUCKET.match(str(word)):
        scheme = str(word)[:2].lower()
        raise ReconError(
            f"the {scheme}:// address names no bucket: expected {scheme}://BUCKET/NAME, with letters, digits, dots "
            "and dashes in BUCKET; credentials are not part of it, but come from the environment"
        )


def path_of(word: str | Path) -> Path:
    """The path that an argument names, in an object store or on this machine."""
    return StorePath(str(word)) if is_url(word) else Path(word)
