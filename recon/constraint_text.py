"""Parses and formats constraints: command-line text (``812,440=2.4m±2cm``), JSON files and scene files."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from recon.constraints import (
    DEFAULT_SIGMA,
    CameraHeight,
    Constraint,
    DistanceAt,
    LengthBetween,
    Pixel,
    Rectangle,
)
from recon.errors import CalibrationError
from recon.length_text import SIGMA_MARK, parse_length, parse_measure, parse_share
from recon.strict_json import as_kind, as_object, read_json

Made = TypeVar("Made", bound=Constraint)

_MOST_LETTERS = 200
_CORNERS: Any = tuple[Pixel, Pixel, Pixel, Pixel]
_SIGMA: Any = str | float


def parse_at(text: str) -> DistanceAt:
    """``X,Y=LENGTH[±SIGMA]``."""

    def create(position: str, measure: str) -> DistanceAt:
        (pixel,) = _pixels(position, 1)
        return DistanceAt(pixel, *parse_measure(measure))

    return _parsed("--at", text, "812,440=2.4m", create)


def parse_length_between(text: str) -> LengthBetween:
    """``X,Y:X,Y=LENGTH[±SIGMA]``."""

    def create(ends: str, measure: str) -> LengthBetween:
        a, b = _pixels(ends, 2)
        return LengthBetween(a, b, *parse_measure(measure))

    return _parsed("--length", text, "100,200:100,900=2.03m", create)


def parse_rectangle(text: str) -> Rectangle:
    """``X,Y:X,Y:X,Y:X,Y=LENGTHxLENGTH[±SIGMA]``."""

    def create(corners: str, measure: str) -> Rectangle:
        size, *sigma = SIGMA_MARK.split(measure)
        sides = re.split(r"[x*\u00d7]", size)
        if len(sides) != 2:
            raise ValueError(f"expected two sides LENGTHxLENGTH, got {size!r}")
        if len(sigma) > 1:
            raise ValueError(f"{measure!r} has two uncertainties")
        width, height = map(parse_length, sides)
        share = parse_share(sigma[0]) if sigma else DEFAULT_SIGMA
        a, b, c, d = _pixels(corners, 4)
        return Rectangle((a, b, c, d), width, height, share)

    return _parsed("--rectangle", text, "100,200:300,200:300,900:100,900=0.9mx2.03m", create)


def parse_camera_height(text: str) -> CameraHeight:
    """``LENGTH[±SIGMA]``."""
    try:
        return CameraHeight(*parse_measure(text))
    except ValueError as error:
        raise _explained("--camera-height", text, "1.6m", error) from error


def read_constraints(path: Path) -> tuple[Constraint, ...]:
    """Reads a JSON file: a list (or ``{"constraints": list}``) of objects, lengths as text with their unit.

    ``{"at": [812, 440], "distance": "2.4m"}``, ``{"from": [100, 200], "to": [100, 900], "length": "2.03m"}``,
    ``{"rectangle": [[x, y], ...], "width": "0.9m", "height": "2.03m"}``, ``{"camera_height": "1.6m"}``; each may have
    a ``"sigma"``: a length, or a fraction such as "2%".

    Raises:
        CalibrationError: The file cannot be read, or an entry is wrong; the message names the entry.
    """
    try:
        content = read_json(path)
    except OSError as error:
        raise CalibrationError(f"{path}: the constraints cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CalibrationError(f"{path} is not a constraint file: {error}") from error
    entries = content.get("constraints") if isinstance(content, dict) else content
    if not isinstance(entries, list) or not entries:
        raise CalibrationError(f"{path} has no list of constraints")
    constraints = []
    for number, entry in enumerate(entries, start=1):
        try:
            constraints.append(constraint_from(entry))
        except ValueError as error:
            raise CalibrationError(f"{path}, constraint {number}: {error}") from error
    return tuple(constraints)


def values_of(constraint: Constraint) -> dict[str, Any]:
    """An entry of a constraint file, without rounding: ``constraint_from`` returns the same constraint."""
    match constraint:
        case DistanceAt():
            values = {"at": list(constraint.pixel_px), "distance": _exact(constraint.distance_m)}
        case LengthBetween():
            ends = {"from": list(constraint.a_px), "to": list(constraint.b_px)}
            values = {**ends, "length": _exact(constraint.length_m)}
        case Rectangle():
            corners = [list(corner) for corner in constraint.corners_px]
            sides = {"width": _exact(constraint.width_m), "height": _exact(constraint.height_m)}
            return {"rectangle": corners, **sides, "sigma": repr(float(constraint.sigma))}
        case CameraHeight():
            values = {"camera_height": _exact(constraint.height_m)}
    return {**values, "sigma": _exact(constraint.sigma_m)}


def constraint_from(entry: Any) -> Constraint:
    """The constraint in an entry of a JSON file (see ``read_constraints``).

    Raises:
        ValueError: It is not a constraint, a value is missing or of the wrong type, or a length or position is
        invalid.
    """
    as_object(entry, "a constraint")

    def given(name: str) -> Any:
        if name not in entry:
            raise ValueError(f"'{name}' is missing")
        return entry[name]

    def length(name: str) -> str:
        value = given(name)
        if isinstance(value, int | float):
            raise ValueError(f"{name} must be text with a unit, such as {str(value) + 'm'!r}")
        return _short(as_kind(str, value, name), name)

    def measure(name: str) -> tuple[float, float]:
        uncertainty = f"±{sigma()}" if "sigma" in entry else ""
        return parse_measure(length(name) + uncertainty)

    def sigma() -> str:
        return _short(str(as_kind(_SIGMA, entry["sigma"], "sigma")), "sigma")

    def pixel(name: str) -> Pixel:
        return _pixel(as_kind(list[float], given(name), name))

    if "at" in entry:
        return DistanceAt(pixel("at"), *measure("distance"))
    if "from" in entry:
        return LengthBetween(pixel("from"), pixel("to"), *measure("length"))
    if "rectangle" in entry:
        corners = as_kind(_CORNERS, entry["rectangle"], "rectangle")
        share = parse_share(sigma()) if "sigma" in entry else DEFAULT_SIGMA
        width_m, height_m = (parse_length(length(side)) for side in ("width", "height"))
        return Rectangle(corners, width_m, height_m, share)
    if "camera_height" in entry:
        return CameraHeight(*measure("camera_height"))
    raise ValueError("it has none of the keys at, from, rectangle, camera_height")


PARSERS: Mapping[type[Constraint], Callable[[str], Constraint]] = {
    DistanceAt: parse_at,
    LengthBetween: parse_length_between,
    Rectangle: parse_rectangle,
    CameraHeight: parse_camera_height,
}
"""Parsers of command-line text, by type of constraint; they raise ValueError."""


def _short(text: str, name: str) -> str:
    if len(text) > _MOST_LETTERS:
        raise ValueError(f"{name} has {len(text):,} letters, more than any length")
    return text


def _exact(length_m: float) -> str:
    return f"{float(length_m)!r}m"


def _parsed(flag: str, text: str, example: str, make: Callable[[str, str], Made]) -> Made:
    position, equals, measure = text.partition("=")
    try:
        if not equals:
            raise ValueError("there is no '='")
        return make(position, measure)
    except ValueError as error:
        raise _explained(flag, text, example, error) from error


def _explained(flag: str, text: str, example: str, error: ValueError) -> ValueError:
    problem = str(error)
    return ValueError(
        f"{problem if problem.startswith(flag) else f'{flag} {text}: {problem}'}; expected {flag} {example}"
    )


def _pixels(text: str, count: int) -> list[Pixel]:
    parts = text.split(":")
    if len(parts) != count:
        raise ValueError(f"expected {count} position{'s' if count > 1 else ''} X,Y, got {len(parts)}")
    try:
        numbers = [[float(number) for number in part.split(",")] for part in parts]
    except ValueError:
        raise ValueError(f"{text!r} is not a position X,Y in px") from None
    return [_pixel(each) for each in numbers]


def _pixel(numbers: Sequence[Any]) -> Pixel:
    if len(numbers) != 2:
        raise ValueError(f"a position is X,Y in px, got {len(numbers)} numbers")
    x, y = (float(number) for number in numbers)
    if not (isfinite(x) and isfinite(y)):
        raise ValueError("a position must be finite")
    return x, y
