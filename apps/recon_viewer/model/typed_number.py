"""Numbers that were typed into a dialog, as on the command line; an empty field means the default."""

from collections.abc import Callable
from math import isfinite
from typing import TypeVar

from recon.length_text import parse_metres
from recon.units import parse_count

Number = TypeVar("Number", int, float)


def typed_count(text: str) -> int | None:
    """``300000``, ``300,000``, ``300k`` or ``1.5M``; None if nothing was typed.

    Raises:
        ValueError: It is not a number above 0; the message is for the user.
    """
    return _above_zero(text, parse_count, "number above 0, such as 300000, 300k or 1.5M")


def typed_length(text: str) -> float | None:
    """``0.05`` or ``5cm``, in m; None if nothing was typed.

    Raises:
        ValueError: It is not a length above 0; the message is for the user.
    """
    return _above_zero(text, parse_metres, "length above 0, such as 0.05 or 5cm")


def _above_zero(text: str, parse: Callable[[str], Number], expected: str) -> Number | None:
    if not text.strip():
        return None
    try:
        number = parse(text)
        if number > 0 and isfinite(number):
            return number
    except ValueError:
        pass
    raise ValueError(f"{text.strip()} is not a {expected}")
