"""The grid of patches that a list of tokens stands for."""

from math import sqrt
from typing import NamedTuple

_MOST_EXTRA = 8
"""Class and register tokens before those of the patches."""


class Grid(NamedTuple):
    """Rows and columns of patches, and how many other tokens come before them."""

    rows: int
    columns: int
    extra: int


def grid_of(tokens: int, height: int, width: int) -> Grid | None:
    """The grid of a picture of this size, px, whose square patches are ``tokens`` together; None if there is none.

    Where several fit, the one with the fewest other tokens.
    """
    for extra in range(_MOST_EXTRA + 1):
        count = tokens - extra
        if count < 1:
            return None
        patch = sqrt(height * width / count)
        rows, columns = round(height / patch), round(width / patch)
        if rows * columns == count and abs(height / rows - width / columns) < 1e-6 * patch:
            return Grid(rows, columns, extra)
    return None
