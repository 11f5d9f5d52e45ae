"""Converts values that Python programs pass for options: numpy scalars and arrays, paths as text, camera matrices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATHS = ("depth", "relative_depth", "constraint_file", "calibration", "camera_file")
TEXTS = ("model", "reference")
COUNTS = ("stride", "faces", "processing_size")
SEVERAL = ("at", "length", "rectangle")
"""Options that hold a tuple of constraints."""


def plain(name: str, value: Any) -> Any:
    """Converts a value to the type of its option if it is equivalent; returns any other value unchanged.

    Args:
        name: Name of the option.
        value: ``intrinsics`` may be a 3x3 camera matrix without skew, in px of the upright photo, with the centre of
            the top-left pixel at (0.5, 0.5). OpenCV puts it at (0, 0): add 0.5 to its cx and cy.
    """
    if hasattr(value, "tolist"):  # a numpy scalar or array
        value = value.tolist()
    if name in PATHS and isinstance(value, str):
        return Path(value)
    if name in TEXTS and isinstance(value, Path):
        return str(value)
    if name in COUNTS and isinstance(value, float) and value.is_integer():
        return int(value)
    if name == "augment" and isinstance(value, (str, list, tuple)):
        words = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(word.strip() if isinstance(word, str) else repr(word) for word in words))
    if name in ("distortion", "fisheye") and isinstance(value, (list, tuple)):
        # OpenCV's own arrays are (1, N) or (N, 1).
        flat = [one for row in value for one in (row if isinstance(row, (list, tuple)) else (row,))]
        return tuple(flat)
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
    """``fx, fy, cx, cy`` of a camera matrix; any other value is returned unchanged, and ``Options`` rejects it."""
    try:
        (fx, skew, cx), (zero, fy, cy), last = rows
        if [skew, zero, *last] == [0, 0, 0, 0, 1]:
            return fx, fy, cx, cy
    except (TypeError, ValueError):
        pass
    return tuple(rows)
