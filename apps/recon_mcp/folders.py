"""The folders that an agent may read and write; nothing outside them is touched."""

from collections.abc import Sequence
from pathlib import Path

from recon.errors import ReconError


class Forbidden(ReconError):
    """A path outside the allowed folders."""


class Folders:
    """Allowed folders, with symbolic links resolved."""

    def __init__(self, allowed: Sequence[Path]) -> None:
        """Takes at least one folder; relative paths start at the first.

        Raises:
            Forbidden: One of them is no folder.
        """
        for folder in allowed:
            if not folder.is_dir():
                raise Forbidden(f"--allow {folder} is not a folder")
        self.allowed = tuple(folder.resolve() for folder in allowed)

    def inside(self, text: str) -> Path:
        """The absolute path of a file, which need not exist.

        Raises:
            Forbidden: It is outside, or a symbolic link on its way leads outside.
        """
        if "\0" in text or not text.strip():
            raise Forbidden("a path must not be empty or contain a null character")
        path = (self.allowed[0] / text).resolve()
        if not any(path.is_relative_to(folder) for folder in self.allowed):
            folders = ", ".join(map(str, self.allowed))
            raise Forbidden(
                f"{text} is outside the allowed folders: {folders}. Use a path inside one of them"
            )
        return path

    def model(self, name: str) -> str:
        """A model's name; a file or a folder of weights in it is checked, too.

        Raises:
            Forbidden: The weights are outside.
        """
        kind, colon, place = name.partition(":")
        own = Path(place)  # an @ may be part of the name of a folder, too
        is_path = kind == "onnx" or own.is_absolute() or ".." in own.parts or place.startswith((".", "~"))
        if colon and (is_path or (self.allowed[0] / place).exists()):
            return f"{kind}:{self.inside(place)}"
        return name
