"""Numbers that were typed into a dialog, as on the command line; an empty field means the default."""

from math import isfinite

from recon.constraint_text import parse_metres
from recon.units import parse_count


def typed_count(text: str) -> int | None:
    """``300000``, ``300,000``, ``300k`` or ``1.5M``; None if nothing was typed.

    Raises:
        ValueError: It is not a number above 0; the message is for the user.
    """
    if not text.strip():
        return None
    try:
        count = parse_count(text)
    except ValueError:
        count = 0
    if count < 1:
        raise ValueError(f"{text.strip()} is not a number above 0, such as 300000, 300k or 1.5M")
    return count


def typed_length(text: str) -> float | None:
    """``0.05`` or ``5cm``, in m; None if nothing was typed.

    Raises:
        ValueError: It is not a length above 0; the message is for the user.
    """
    if not text.strip():
        return None
    try:
        length_m = parse_metres(text)
    except ValueError:
        length_m = 0.0
    if not (length_m > 0 and isfinite(length_m)):
        raise ValueError(f"{text.strip()} is not a length above 0, such as 0.05 or 5cm")
    return length_m
