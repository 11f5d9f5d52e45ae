"""Files that a model names: textures, materials, buffers, as the programs that write models spell them."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError

MOST_BYTES = 1 << 32
"""A named file that is larger is not read."""


@dataclass
class Beside:
    """Finds the files that a model names, and notes those that it does not find."""

    model: Path
    notes: list[str] = field(default_factory=list)

    def find(self, name: str, what: str) -> Path | None:
        """The file of a name in the model's folder or below it, or beside the model where its folder is another one.

        Args:
            name: A path, with / or \\, a URI with %20, or an address on the web.
            what: For the note where it is missing: ``texture``.

        Returns:
            None for what is missing, and for what is on the web.
        """
        if "://" in name:
            self._note(f"the {what} {name} is on the web, and is not fetched")
            return None
        plain = name.strip().strip('"').replace("\\", "/")
        # A file may be called a%20b; and who wrote the model may have had it in another folder.
        for each in (plain, unquote(plain), plain.rpartition("/")[2]):
            found = _file(self.model.parent / each) if each else None
            if found is not None:
                return found
        self._note(f"the {what} {name.strip()} is missing")
        return None

    def read(self, name: str, what: str) -> bytes | None:
        """The bytes of a named file; None where ``find`` gives None."""
        found = self.find(name, what)
        if found is not None and found.stat().st_size > MOST_BYTES:
            self._note(f"the {what} {name.strip()} is too large to be read")
            return None
        return None if found is None else found.read_bytes()

    def picture(self, name: str) -> Image.Image | None:
        """A named texture as a picture in RGB; None where it is missing or none."""
        found = self.find(name, "texture")
        if found is None:
            return None
        try:
            with Image.open(found) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
            self._note(f"the texture {name.strip()} cannot be read")
            return None

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _file(path: Path) -> Path | None:
    """A file under this name, or, as on Windows, under one that differs in capitals alone."""
    try:
        if path.is_file():
            return path
        alike = [each for each in path.parent.iterdir() if each.name.lower() == path.name.lower()]
        return next((each for each in alike if each.is_file()), None)
    except (OSError, ValueError):  # too long a name, a zero byte, no such folder
        return None
