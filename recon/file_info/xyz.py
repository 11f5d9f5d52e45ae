"""Reads XYZ text: a point a line; blanks, tabs, commas or semicolons between the numbers."""

from itertools import chain, islice
from pathlib import Path

import numpy as np

from recon.file_info.info import Extent, FileInfo

_ROWS = 500_000


def read(path: Path) -> FileInfo:
    """Describes an XYZ file. Six columns are taken for coordinates and colours."""
    extent, points = Extent(), 0
    with path.open("r", encoding="ascii", errors="replace") as file:
        first = next((line for line in file if _is_point(line)), None)
        if first is None:
            raise ValueError("no line has three numbers")
        delimiter = next((mark for mark in ",;" if mark in first), None)
        columns = len(first.split(delimiter))
        lines = chain([first], file)
        # Not "while there are lines": loadtxt warns about none.
        while block := list(islice(lines, _ROWS)):
            rows = np.loadtxt(block, delimiter=delimiter, usecols=(0, 1, 2), ndmin=2, comments=("#", "//"))
            extent.add(rows)
            points += len(rows)
    return FileInfo(
        path=path,
        format="XYZ text",
        bytes=path.stat().st_size,
        points=points,
        colours="vertex" if columns in (6, 7, 9) else "none",
        notes=(f"{columns} columns", *extent.notes),
        **extent.fields,
    )


def _is_point(line: str) -> bool:
    """Whether a line is a point; what comes before the first one is a header."""
    words = line.replace(",", " ").replace(";", " ").split()
    try:
        return len([float(word) for word in words]) >= 3
    except ValueError:
        return False
