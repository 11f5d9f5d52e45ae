"""The one reader of JSON that others wrote: limits while it is parsed, and values of the type that is asked for.

What is wrong is a ``ValueError`` whose sentence names the key; whoever knows the file puts its name before.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import isfinite
from pathlib import Path
from sys import float_info
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

MOST_BYTES = 64 << 20
"""Of a file; glTF documents may be larger."""
MOST_DEPTH = 64
"""Lists and objects inside of each other: recon's own files have 6, foreign ones 10."""
MOST_CONTAINERS, MOST_VALUES = 2_000_000, 20_000_000
"""Lists and objects, and values in all: each takes up to 250 and 35 bytes of memory, and 3 and 2 of a file."""
MOST_DIGITS = 400
"""Of a number's text; a float that is written out has 17, and rarely more than 330."""
_LARGEST = 2**63
"""Whole numbers stay below it: what an int64 of numpy or another program holds."""
_SHOWN = 60
"""Letters of a value in a message."""

Kind = TypeVar("Kind")


def read_json(path: Path, *, most_bytes: int = MOST_BYTES) -> Any:
    """Reads a file in UTF-8 (or UTF-16 and UTF-32, as other programs write it).

    Raises:
        OSError: It cannot be read.
        ValueError: It is too large, not JSON, or breaks a limit (``parse_json``).
    """
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"it is larger than the limit of {most_bytes >> 20} MB")
    return parse_json(data)


def parse_json(text: str | bytes) -> Any:
    """Parses JSON of limited depth whose numbers are finite and of limited length.

    Raises:
        ValueError: It is not JSON, or breaks a limit.
    """
    _check_counts(text)
    try:
        parsed = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not JSON (its text is damaged at byte {error.start:,})") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error})") from error
    _check_depth(parsed)
    return parsed


def as_kind(kind: type[Kind], value: Any, name: str = "it") -> Kind:
    """A parsed value as a type: lists become tuples, whole numbers floats where a float is asked for.

    Args:
        kind: bool, int, float, str, Path, None, Any, a Literal, a union, a tuple, a list, a dict with text keys, or
            a dataclass of these, which gets an object with all fields that have no default, and no others.
        value: Of ``parse_json``.
        name: What the message calls the value.

    Raises:
        ValueError: The value is of another kind, a field is missing, unknown or out of range.
    """
    converted: Kind = _converted(kind, value, name)
    return converted


def known_fields(kind: type, values: Any, name: str = "it") -> dict[str, Any]:
    """The entries of an object that are fields of a dataclass: a later version may have written more."""
    known = _fields(kind)
    return {key: one for key, one in as_object(values, name).items() if key in known}


def as_object(value: Any, name: str = "it") -> Mapping[str, Any]:
    """The value, which must be an object.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, Mapping):
        raise _other_kind(name, "an object", value)
    return value


def _converted(kind: Any, value: Any, name: str) -> Any:
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value, name)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _one_of(inner, value, name)
    if origin is Literal:
        if not any(type(value) is type(one) and value == one for one in inner):
            raise _other_kind(name, " or ".join(map(repr, inner)), value)
        return value
    if origin is tuple:
        return _tuple(inner, value, name)
    if origin is list:
        return list(_tuple((*inner, ...), value, name))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        entries = as_object(value, name).items()
        return {key: _converted(inner[1], one, f"{name}.{key}"[:_SHOWN]) for key, one in entries}
    return _scalar(kind, value, name)


def _scalar(kind: Any, value: Any, name: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) <= float_info.max:  # nor a whole number that no float holds
            raise _other_kind(name, "a finite number", value)
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    if kind is Path and isinstance(value, str) and "\0" not in value:
        return Path(value)
    if type(value) is not kind:
        raise _other_kind(name, _NAMES.get(kind, str(kind)), value)
    return value


_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a file name",
    NoneType: "null",
}


def _one_of(kinds: Sequence[Any], value: Any, name: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    first: ValueError | None = None
    for kind in kinds:
        if kind is not NoneType:
            try:
                return _converted(kind, value, name)
            except ValueError as error:
                first = first or error
    raise first or _other_kind(name, "null", value)


def _tuple(inner: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _other_kind(name, "a list", value)
    kinds = [inner[0]] * len(value) if inner[-1:] == (...,) else list(inner)
    if len(kinds) != len(value):
        raise ValueError(f"{name} must have {len(kinds)} values, got {len(value)}")
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(_converted(kind, one, f"{name}[{index}]") for index, (kind, one) in pairs)


def _record(kind: Any, value: Any, name: str) -> Any:
    entries, known = as_object(value, name), _fields(kind)
    inside = "" if name == "it" else f"{name}."
    if missing := next((key for key, (_, needed) in known.items() if needed and key not in entries), None):
        raise ValueError(f'"{inside}{missing}" is missing')
    if unknown := next((key for key in entries if key not in known), None):
        raise ValueError(f'"{inside}{unknown[:_SHOWN]}" is not known')
    return kind(**{key: _converted(known[key][0], one, f"{inside}{key}") for key, one in entries.items()})


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Type of each field of a dataclass, and whether it must be given."""
    hints = get_type_hints(kind)
    return {
        each.name: (
            hints[each.name],
            each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING,
        )
        for each in dataclasses.fields(kind)
        if each.init
    }


def shown(value: Any) -> str:
    """A value in a message: not all of it where it is long."""
    text = repr(value) if isinstance(value, str | int | float | list | None) else type(value).__name__
    text = {"dict": "an object", "None": "null"}.get(text, text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _other_kind(name: str, wanted: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be {wanted}, got {'a list' if isinstance(value, list) else shown(value)}")


def _integer(text: str) -> int:
    if len(text) > 20 or abs(number := int(text)) >= _LARGEST:
        raise ValueError(f"a whole number of {len(text)} digits is too large")
    return number


def _float(text: str) -> float:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits is too long")
    if not isfinite(number := float(text)):
        raise ValueError(f"{text[:_SHOWN]} is too large for a number")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number that JSON knows")


def _check_counts(text: str | bytes) -> None:
    """In UTF-16 and UTF-32 the letters appear in their bytes."""
    opening, comma = ("[{", ",") if isinstance(text, str) else ((b"[", b"{"), b",")
    count: Any = text.count
    if sum(map(count, opening)) > MOST_CONTAINERS or count(comma) > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_CONTAINERS:,} lists and objects, or {MOST_VALUES:,} values")


def _too_deep() -> ValueError:
    return ValueError(f"it has more than {MOST_DEPTH} lists or objects inside of each other")


def _check_depth(parsed: Any) -> None:
    level = [parsed]
    for _ in range(MOST_DEPTH):
        level = [
            one
            for held in level
            if isinstance(held, dict | list)
            for one in (held.values() if isinstance(held, dict) else held)
            if isinstance(one, dict | list)
        ]
        if not level:
            return
    raise _too_deep()
