"""Files that a model refers to: textures, materials and buffers."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError

MOST_BYTES = 1 << 32
"""Larger files are not read."""


@dataclass
class ReferencedFiles:
    """Finds the files that a model refers to, and notes the missing ones."""

    model: Path
    notes: list[str] = field(default_factory=list)

    def find(self, name: str, what: str) -> Path | None:
        """Finds a file by its path relative to the model, or by its name alone in the model's folder.

        Args:
            name: A path with / or \\, a URI with %20, or a URL.
            what: Kind of file, for the note: ``texture``.

        Returns:
            None if the file is missing, is a URL, or lies on another computer.
        """
        if "://" in name:
            self._note(f"the {what} {name} is a URL, which is not downloaded")
            return None
        plain = name.strip().strip('"').replace("\\", "/")
        # A file name may contain %20 itself, and the path may be that of another machine.
        for each in (plain, unquote(plain).replace("\\", "/"), plain.rpartition("/")[2]):
            # Windows would log in to //computer/folder, which a model could use to learn the user's password hash.
            path = _file(self.model.parent / each) if each and not each.startswith("//") else None
            if path is not None:
                return path
        self._note(f"the {what} {name.strip()} is missing")
        return None

    def read(self, name: str, what: str) -> bytes | None:
        """The bytes of a file; None if ``find`` returns None, or the file is too large."""
        path = self.find(name, what)
        if path is not None and path.stat().st_size > MOST_BYTES:
            self._note(f"the {what} {name.strip()} is too large to read")
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
            self._note(f"the texture {name.strip()} cannot be read")
            return None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _file(path: Path) -> Path | None:
    """The file with this name, ignoring case if there is no exact match."""
    try:
        if path.is_file():
            return path
        alike = [each for each in path.parent.iterdir() if each.name.lower() == path.name.lower()]
        return next((each for each in alike if each.is_file()), None)
    except (OSError, ValueError):  # name too long, zero byte, no such folder
        return None
