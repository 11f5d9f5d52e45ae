"""Known measurements in one of several photos: ``kitchen.jpg:100,200:100,900=2.03m``, or entries of a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recon.constraint_text import PARSERS, constraint_from
from recon.constraints import Constraint
from recon.errors import CalibrationError
from recon.strict_json import as_kind, as_object, read_json

ByPhoto = Mapping[str, tuple[Constraint, ...]]
"""Constraints by the names of photos."""


def parse_of_photo(
    kind: type[Constraint], flag: str, text: str, names: Sequence[str]
) -> tuple[str, Constraint]:
    """Parses a constraint with the name of its photo in front.

    Args:
        kind: Of the constraint.
        flag: For messages: ``--length``.
        text: ``NAME:`` and the text of the same option of ``recon build``.
        names: Of all photos.

    Returns:
        The name of the photo, and the constraint.

    Raises:
        ValueError: No photo has that name, or it is not a constraint.
    """
    # Names may contain a colon themselves.
    fitting = [name for name in names if text.startswith(f"{name}:")]
    if not fitting:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise ValueError(f"{flag} {text}: begin with the name of the photo and a colon, one of {shown}")
    name = max(fitting, key=len)
    return name, PARSERS[kind](text[len(name) + 1 :])


def read_of_photos(path: Path) -> ByPhoto:
    """Reads a file of constraints as ``recon build`` does; each entry has also a ``"photo"``, the photo's name.

    Raises:
        CalibrationError: The file cannot be read, or an entry is wrong.
    """
    try:
        content = read_json(path)
        entries = content.get("constraints") if isinstance(content, dict) else content
        found: dict[str, tuple[Constraint, ...]] = {}
        for number, entry in enumerate(as_kind(list[dict[str, Any]], entries, "the list of constraints"), 1):
            try:
                values = dict(as_object(entry))
                name = as_kind(str, values.pop("photo", None), "photo")
                found[name] = (*found.get(name, ()), constraint_from(values))
            except ValueError as error:
                raise ValueError(f"constraint {number}: {error}") from error
    except OSError as error:
        raise CalibrationError(f"{path}: the constraints cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CalibrationError(f"{path} is not a file of constraints of several photos: {error}") from error
    return found
