"""Numbers that were typed into a dialog; an empty field means the default."""

import re

from recon.constraint_text import parse_length

_FACTORS = {"": 1, "k": 1_000, "M": 1_000_000}


def typed_count(text: str) -> int | None:
    """``300000``, ``300,000``, ``300k`` or ``1.5M``; None if nothing was typed.

    Raises:
        ValueError: It is not a number above 0; the message is for the user.
    """
    digits = "".join(text.replace(",", "").split())
    if not digits:
        return None
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kM]?)", digits)
    count = 0 if found is None else round(float(found[1]) * _FACTORS[found[2]])
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
        length_m = float(text) if re.fullmatch(r"\s*[0-9.]+\s*", text) else parse_length(text)
    except ValueError:
        length_m = 0.0
    if not length_m > 0:
        raise ValueError(f"{text.strip()} is not a length above 0, such as 0.05 or 5cm")
    return length_m
