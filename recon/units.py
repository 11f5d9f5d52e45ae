"""Units of length, and numbers for people."""

from math import floor, isfinite, log10
from typing import Literal

Unit = Literal["m", "cm", "mm", "ft", "in"]
METRES: dict[Unit, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""Length of each unit, m."""


def significant(number: float, digits: int) -> str:
    """A number with so many significant digits and never an exponent: 0.0123, 12.3, 12300; zeros at the end go."""
    if number == 0 or not isfinite(number):
        return f"{number:g}"
    decimals = digits - 1 - floor(log10(abs(number)))
    text = f"{round(number, decimals):.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
