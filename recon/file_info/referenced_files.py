"""Files that a model refers to: textures, materials and buffers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError

MOST_BYTES = 1 << 32
"""Larger files are not read."""
_LONGEST_SHOWN = 120
"""Characters of a name in a note."""

_ALLOWED: ContextVar[tuple[Path, ...]] = ContextVar("allowed", default=())


@contextmanager
def only_within(folders: Sequence[Path]) -> Iterator[None]:
    """Files that models refer to count as missing outside these folders, given without symbolic links."""
    token = _ALLOWED.set(tuple(folders))
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def allowed_folders() -> tuple[Path, ...]:
    """Those of ``only_within``."""
    return _ALLOWED.get()


def is_allowed(path: Path) -> bool:
    """Whether a file may be read, with its symbolic links resolved."""
    folders = _ALLOWED.get()
    return not folders or any(path.resolve().is_relative_to(folder) for folder in folders)


@dataclass
class ReferencedFiles:
    """Finds the files that a model refers to, and notes the missing ones."""

    model: Path
    notes: list[str] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    """More folders to look in, such as those of material files."""

    def find(self, name: str, what: str) -> Path | None:
        """Finds a file by its path relative to the model, or by its name alone in the model's folder.

        Args:
            name: A path with / or \\, a URI with %20, or a URL.
            what: Kind of file, for the note: ``texture``.

        Returns:
            None if the file is missing, is a URL, or lies on another computer.
        """
        if "://" in name:
            self._note(f"the {what} {_shown(name)} is a URL, which is not downloaded")
            return None
        path = self.look_up(name)
        if path is None:
            self._note(f"the {what} {_shown(name)} is missing")
        return path

    def look_up(self, name: str) -> Path | None:
        """The same without a note."""
        plain = name.strip().strip('"').replace("\\", "/")
        # A file name may contain %20 itself, and the path may be that of another machine.
        for each in (plain, unquote(plain).replace("\\", "/"), plain.rpartition("/")[2]):
            # Windows would log in to //computer/folder, which a model could use to learn the user's password hash.
            if not each or each.startswith("//"):
                continue
            for folder in (self.model.parent, *self.folders):
                path = _file(folder / each)
                if path is not None and is_allowed(path):
                    return path
        return None

    def read(self, name: str, what: str) -> bytes | None:
        """The bytes of a file; None if ``find`` returns None, or the file is too large."""
        path = self.find(name, what)
        if path is not None and path.stat().st_size > MOST_BYTES:
            self._note(f"the {what} {_shown(name)} is too large to read")
            return None
        return None if path is None else path.read_bytes()

    def picture(self, name: str) -> Image.Image | None:
        """A texture as an RGB image; None if it is missing or not an image."""
        path = self.find(name, "texture")
        if path is None:
            return None
        try:
            with Image.open(path) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
            self._note(f"the texture {_shown(name)} cannot be read")
            return None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _shown(name: str) -> str:
    """A name for a note: a damaged file may hold one of any length."""
    name = " ".join(name.split())
    return name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."


def _file(path: Path) -> Path | None:
    """The file with this name, ignoring case if there is no exact match."""
    try:
        if path.is_file():
            return path
        alike = [each for each in path.parent.iterdir() if each.name.lower() == path.name.lower()]
        return next((each for each in alike if each.is_file()), None)
    except (OSError, ValueError):  # name too long, zero byte, no such folder
        return None
