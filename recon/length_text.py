"""Parses lengths with their units, and their uncertainties: ``2.4m±2cm``."""

import re
from math import isfinite

from recon.constraints import default_sigma_m
from recon.units import METRES

_METRES = {
    **{str(unit): metres for unit, metres in METRES.items()},
    "km": 1000.0,
    "'": METRES["ft"],
    '"': METRES["in"],
}
_NUMBER = r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?"
"""With a decimal point, or a decimal comma."""
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}(?:[eE][-+]?\d+)?")
_PART = re.compile(rf"\s*({_NUMBER})\s*(km|mm|cm|m|ft|in|'|\")", re.IGNORECASE)
_BARE = re.compile(rf"\s*({_NUMBER})\s*")
_SHARE = re.compile(rf"\s*({_NUMBER})\s*%\s*")
SIGMA_MARK = re.compile(r"±|\+/-|\+-|~")
"""Between a length and its standard deviation."""


def parse_length(text: str) -> float:
    """Parses a length with its unit, in metres: ``2.03m``, ``2,03m``, ``80 cm``, ``6ft 8in``, ``6'8"``.

    Raises:
        ValueError: No number, a missing or unknown unit, or a comma that may be a thousands separator.
    """
    at, metres = 0, 0.0
    while match := _PART.match(text, at):
        metres += _number(match[1]) * _METRES[match[2].lower()]
        at = match.end()
    if at == 0 or text[at:].strip():
        raise ValueError(
            f"{text!r} is not a length: expected a number with a unit (m, cm, mm, ft, in), such as 2.03m"
        )
    return metres


def parse_metres(text: str) -> float:
    """``6``, ``0,5``, ``6m`` or ``5cm``: as ``parse_length``, but a number without a unit is metres.

    Raises:
        ValueError: As ``parse_length``.
    """
    try:
        return float(text)
    except ValueError:
        bare = _BARE.fullmatch(text)
        return _number(bare[1]) if bare else parse_length(text)


def parse_share(text: str) -> float:
    """``5%`` or ``0.05`` as 0.05.

    Raises:
        ValueError: Not a number.
    """
    match = _SHARE.fullmatch(text)
    try:
        value = _number(match[1]) / 100 if match else _number(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a fraction: expected 5% or 0.05") from None
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"a fraction must be 0 or more, got {text!r}")
    return value


def _number(text: str) -> float:
    if _THOUSANDS.fullmatch(text.strip()):
        plain = text.strip()
        raise ValueError(f"{plain} is ambiguous: write {plain.replace(',', '.')} or {plain.replace(',', '')}")
    return float(text.replace(",", "."))


def parse_measure(text: str) -> tuple[float, float]:
    """Parses a length and its standard deviation, m: ``2.4m``, ``2.4m±3cm``, ``2.4m+-2%``.

    Raises:
        ValueError: It is not a length, or its uncertainty is neither a length nor a fraction.
    """
    length, *sigma = SIGMA_MARK.split(text)
    metres = parse_length(length)
    if not sigma:
        return metres, default_sigma_m(metres)
    if len(sigma) > 1:
        raise ValueError(f"{text!r} has two uncertainties")
    return metres, (parse_share(sigma[0]) * metres if "%" in sigma[0] else parse_length(sigma[0]))
