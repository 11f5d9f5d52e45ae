"""Units of length, and numbers for people."""

import re
from math import floor, inf, isfinite, log10
from typing import Literal

Unit = Literal["m", "cm", "mm", "ft", "in"]
METRES: dict[Unit, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""Length of each unit, m."""
_UNKNOWN = 0.05
"""A length of unknown uncertainty is written as if it were known to this share."""

_WIDEST = 0.3
"""A wider interval of a scale is not symmetric any more, as its logarithm is what is normal."""
_COUNT = re.compile(
    r"([-+]?)(?:([1-9]\d{0,2}(?:[, ]\d{3})+)|(\d+(?:[.,]\d*)?|[.,]\d+)(e[-+]?\d+)?) ?([km]?)", re.IGNORECASE
)
"""Sign; digits in groups of three, or a number with decimals and exponent; thousands or millions."""
_MOST, _ROUNDING = 1e15, 1e-6
"""Of a count; the second is what the product with thousands may be off by."""


def parse_count(text: str) -> int:
    """A whole number, also in thousands or millions: ``300_000``, ``300,000``, ``300k``, ``1.5M``, ``1,5M``.

    A comma that three digits follow separates thousands, any other one is a decimal comma.

    Raises:
        ValueError: It is not a whole number.
    """
    found = _COUNT.fullmatch(text.strip().replace("_", ""))
    if found is None:
        raise ValueError(f"{text!r} is not a number")
    sign, groups, number, exponent, unit = found.groups(default="")
    digits = re.sub("[, ]", "", groups) or number.replace(",", ".")
    count = float(sign + digits + exponent) * {"": 1, "k": 1_000, "m": 1_000_000}[unit.lower()]
    if not (abs(count) <= _MOST and abs(count - round(count)) < _ROUNDING):
        raise ValueError(f"{text!r} is not a whole number")
    return round(count)


def counted(count: int, noun: str) -> str:
    """``1 thread``, ``2 threads``, ``12,000 threads``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def significant(number: float, digits: int) -> str:
    """A number with so many significant digits and never an exponent: 0.0123, 12.3, 12300; zeros at the end go."""
    if number == 0 or not isfinite(number):
        return f"{number:g}"
    decimals = digits - 1 - floor(log10(abs(number)))
    text = f"{round(number, decimals):.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(number: float, half: float, most_decimals: int) -> str:
    """Formats a number with as many decimals as give ``half`` two significant digits, and no more than the most."""
    if not 0 < half < inf:
        return f"{number:.{most_decimals}f}"
    decimals = min(1 - floor(log10(half)), most_decimals)
    # Adding 0.0 turns -0 into 0.
    return f"{round(number, decimals) + 0.0:.{max(decimals, 0)}f}"


def metres(length_m: float, relative: float | None, most_decimals: int = 2) -> str:
    """A length for people, without digits that its uncertainty leaves open: ``1.7 m``.

    Args:
        length_m: The length.
        relative: Half of its 95 % interval, as a share of it; None: unknown, which rounds to three digits.
        most_decimals: Of the text.
    """
    half = abs(length_m) * (_UNKNOWN if relative is None else relative)
    return f"{rounded(length_m, half, most_decimals)} m"


def scale_text(interval: float, digits: int = 1) -> str:
    """``± 3.1 %``, or ``within a factor of 1.9`` for a scale that may be 1.9 times too large or too small.

    Args:
        interval: Upper half-width of the 95 % interval, relative: 0.9 for 1.9 times as large.
        digits: Decimals of the percentage.
    """
    if interval > _WIDEST:
        return f"within a factor of {significant(1 + interval, 2)}"
    return f"± {100 * interval:.{digits}f} %"
