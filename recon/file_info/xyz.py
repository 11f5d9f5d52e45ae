"""Reads XYZ text: a point a line; blanks, tabs, commas or semicolons between the numbers, also with decimal commas.

No standard says what the columns mean: a header does (CloudCompare's ``//X Y Z R G B``), else their numbers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.file_info.colours import as_bytes
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import Extent, FileInfo, axes_of, read_comments

_ROWS = 500_000
_DECIMAL = re.compile(r"[-+]?\d+(,\d+)?([eE][-+]?\d+)?|[-+]?,\d+")
"""A number without a point, but perhaps with a decimal comma."""
_NAMES = {"red": "r", "green": "g", "blue": "b"}


@dataclass(frozen=True)
class _Columns:
    """Where a point's coordinates, colour and normal stand; None where it has none."""

    count: int
    xyz: tuple[int, int, int]
    rgb: tuple[int, int, int] | None
    normal: tuple[int, int, int] | None


def describe(path: Path) -> FileInfo:
    """Describes an XYZ file."""
    extent, points, comments, kinds = Extent(), 0, list[str](), list[_Columns]()
    for rows, kind in _blocks(path, comments):
        extent.add(rows[:, kind.xyz])
        points += len(rows)
        kinds.append(kind)
    columns = kinds[0]
    metadata = read_comments(comments)
    metadata["notes"] = (*metadata.get("notes", ()), f"{columns.count} columns", *extent.notes)
    return FileInfo(
        path=path,
        format="XYZ text",
        bytes=path.stat().st_size,
        points=points,
        colours="vertex" if columns.rgb else "none",
        normals=columns.normal is not None,
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """The points, with their colours and normals."""
    comments = list[str]()
    read = list(_blocks(path, comments))
    rows, columns = np.concatenate([block for block, _ in read]), read[0][1]
    rgb = None if columns.rgb is None else as_bytes(*(rows[:, column] for column in columns.rgb))
    normals = None if columns.normal is None else rows[:, columns.normal]
    header_values = read_comments(comments)
    part = Part(rows[:, columns.xyz], rgb=rgb, normals=normals)
    return Contents((part,), axes_of(header_values) or "y-up", camera=header_values.get("camera"))


def _blocks(path: Path, comments: list[str]) -> Iterator[tuple[NDArray[np.float64], _Columns]]:
    """Rows of all columns, a block at a time; comments before the first point are appended to ``comments``."""
    with path.open("rb") as file:
        mark = file.read(2)
    # Editors put a byte order mark before the first point, which is no part of it.
    encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with path.open("r", encoding=encoding, errors="replace") as file:
        first, decimal_comma = None, False
        for line in file:
            # Not a header: its first number may be written with a comma.
            decimal_comma = _has_decimal_commas(line)
            if _is_point(_with_points(line) if decimal_comma else line):
                first = line
                break
            comments.append(line.lstrip("#/").strip())
        if first is None:
            raise ValueError("no line has three numbers")
        delimiter = next((mark for mark in (";" if decimal_comma else ",;") if mark in first), None)
        width = range(len([word for word in _without_comment(first).split(delimiter) if word.strip()]))
        columns, whole = None, chain([first], file)
        lines = map(_with_points, whole) if decimal_comma else whole
        # Not "while there are lines": loadtxt warns about none.
        while block := list(islice(lines, _ROWS)):
            rows = np.loadtxt(block, delimiter=delimiter, usecols=width, ndmin=2, comments=("#", "//"))
            columns = columns or _columns(rows, comments, delimiter)
            yield rows, columns


def _without_comment(line: str) -> str:
    return line.partition("#")[0].partition("//")[0]


def _has_decimal_commas(line: str) -> bool:
    """Whether the numbers of a line are written as ``1,5`` and separated by something else than commas."""
    words = _without_comment(line).replace(";", " ").split()
    return len(words) >= 3 and any("," in word for word in words) and all(map(_DECIMAL.fullmatch, words))


def _with_points(line: str) -> str:
    return line.replace(",", ".")


def _is_point(line: str) -> bool:
    """Whether a line is a point; what comes before the first one is a header."""
    words = _without_comment(line).replace(",", " ").replace(";", " ").split()
    try:
        return len([float(word) for word in words]) >= 3
    except ValueError:
        return False


def _columns(rows: NDArray[np.float64], comments: list[str], delimiter: str | None) -> _Columns:
    """By the header where it has a name for each column, else by the numbers of the first block."""
    count, header = rows.shape[1], comments[-1] if comments else ""
    names = [name.strip().strip("\"'").lower() for name in header.split(delimiter)]
    if len(names) == count:
        at = {_NAMES.get(name, name): column for column, name in enumerate(names)}
        xyz, rgb, normal = (
            tuple(at[name] for name in wanted) if all(name in at for name in wanted) else None
            for wanted in (("x", "y", "z"), ("r", "g", "b"), ("nx", "ny", "nz"))
        )
        return _Columns(count, xyz or (0, 1, 2), rgb, normal)  # type: ignore[arg-type]
    three = (3, 4, 5)
    if count >= 6 and _are_normals(rows[:, three]):
        return _Columns(count, (0, 1, 2), None, three)
    # Seven columns: an intensity before the colour, as in .pts, which begins with the number of points; or an opacity
    # or a scalar behind it.
    is_pts = len(comments) == 1 and header.isdecimal()
    before = count == 7 and _are_colours(rows[:, 4:7]) and (is_pts or not _are_alike(rows[:, three]))
    rgb = (4, 5, 6) if before else three
    has_colours = count >= 6 and _are_colours(rows[:, rgb])
    normal = (6, 7, 8) if has_colours and count == 9 and _are_normals(rows[:, 6:9]) else None
    return _Columns(count, (0, 1, 2), rgb if has_colours else None, normal)


def _are_colours(values: NDArray[np.float64]) -> bool:
    """Three numbers from 0 to 255, or to 1."""
    return bool((values >= 0).all() and (values <= 255).all())


def _are_alike(values: NDArray[np.float64]) -> bool:
    """Three colours, either all whole numbers or all fractions."""
    whole = (values == np.rint(values)).all(axis=0)
    return _are_colours(values) and bool(whole.all() or not whole.any() or values.max() <= 1)


def _are_normals(values: NDArray[np.float64]) -> bool:
    """Of length one; colours are so by chance at most."""
    return bool((np.abs(np.linalg.norm(values, axis=1) - 1) < 0.01).all() and (np.abs(values) <= 1.001).all())
