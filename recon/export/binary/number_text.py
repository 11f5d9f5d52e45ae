"""Formats whole columns of numbers as text, about ten times as fast as row by row."""

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.uint8]
"""(N, width) characters; zero bytes are skipped."""


def decimals(values: NDArray[np.floating], places: int = 6) -> Column:
    """Formats numbers with a fixed number of decimals (six decimals of a metre are micrometres).

    Args:
        values: (N,) finite numbers.
        places: Number of decimals, 1 or more.

    Returns:
        (N, width) characters such as ``-1.250000``; zero is never negative.
    """
    scaled = np.rint(values.astype(np.float64) * 10**places).astype(np.int64)
    magnitude = np.abs(scaled)
    digits = _digits(magnitude, at_least=places + 1)
    sign = np.where(scaled < 0, np.uint8(ord("-")), np.uint8(0))[:, None]
    point = np.full((len(values), 1), ord("."), np.uint8)
    return np.hstack([sign, digits[:, :-places], point, digits[:, -places:]])


def integers(values: NDArray[np.integer]) -> Column:
    """(N, width) characters of (N,) non-negative integers."""
    return _digits(values.astype(np.int64), at_least=1)


def _digits(magnitude: NDArray[np.int64], *, at_least: int) -> Column:
    """Decimal digits without leading zeros, but with at least ``at_least`` digits."""
    largest = int(magnitude.max())
    width = max(at_least, len(str(largest)))
    # 32-bit divisions are several times faster.
    rest = magnitude.astype(np.uint32) if largest < 2**32 else magnitude
    columns = np.empty((len(magnitude), width), np.uint8)
    for place in range(width):
        quotient = rest // 10
        digit = (rest - quotient * 10).astype(np.uint8) + np.uint8(ord("0"))
        if place >= at_least:
            digit[rest == 0] = 0
        columns[:, width - 1 - place] = digit
        rest = quotient
    return columns


def lines(*cells: str | Column) -> bytes:
    """Concatenates columns and fixed texts to one line per row, each ending with a newline."""
    count = next(len(cell) for cell in cells if not isinstance(cell, str))
    columns = [
        np.broadcast_to(np.frombuffer(cell.encode("ascii"), np.uint8), (count, len(cell)))
        if isinstance(cell, str)
        else cell
        for cell in (*cells, "\n")
    ]
    return np.hstack(columns).tobytes().translate(None, b"\0")
