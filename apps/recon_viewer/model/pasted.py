"""Files that were copied: paths and file addresses as text, one a line, as file managers and terminals give them."""

import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit


def pasted_paths(text: str) -> list[Path]:
    """The existing files that a copied text names, in order; none if it names no file."""
    paths = [_path(line) for line in text.splitlines()]
    return list(dict.fromkeys(path for path in paths if path is not None))


def _path(line: str) -> Path | None:
    line = line.strip().strip("\0")
    if line.startswith("file://"):
        line = unquote(urlsplit(line).path)
    path = _existing(line)
    if path is None and line[:1] in ("'", '"'):
        try:
            path = _existing("".join(shlex.split(line)[:1]))
        except ValueError:  # a quotation mark without its partner
            return None
    return path


def _existing(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        return path if text and path.is_absolute() and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, a null byte, no such user
        return None
