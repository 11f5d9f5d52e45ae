"""What Python programs have in place of an option's own type: numpy's numbers, text for a path, a camera matrix."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATHS = ("depth", "relative_depth", "constraint_file", "calibration")
SEVERAL = ("at", "length", "rectangle")
"""Options that hold a tuple of constraints."""


def plain(name: str, value: Any) -> Any:
    """The value of an option as its own type, where it is another that means the same; else the value itself.

    Args:
        name: Of the option.
        value: ``intrinsics`` may be a 3x3 camera matrix without skew, in px of the upright photo, the centre of the
            top-left pixel at (0.5, 0.5): OpenCV's counts from 0, add 0.5 to its cx and cy.
    """
    if hasattr(value, "tolist"):  # of numpy's, a number or an array
        value = value.tolist()
    if name in PATHS and isinstance(value, str):
        return Path(value)
    if name == "intrinsics" and isinstance(value, (list, tuple)):
        return _of_matrix(value) if len(value) == 3 else tuple(value)
    if name in SEVERAL:
        return (
            tuple(value)
            if isinstance(value, list)
            else value
            if isinstance(value, (tuple, str))
            else (value,)
        )
    return value


def _of_matrix(rows: Sequence[Any]) -> Any:
    """``fx, fy, cx, cy`` of a camera matrix; what is none is left as it is, for the check of the options."""
    try:
        (fx, skew, cx), (zero, fy, cy), last = rows
        if [skew, zero, *last] == [0, 0, 0, 0, 1]:
            return fx, fy, cx, cy
    except (TypeError, ValueError):
        pass
    return tuple(rows)
