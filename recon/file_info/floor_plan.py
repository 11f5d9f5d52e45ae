"""Describes the floor plans that ``recon plan`` writes, SVG and DXF: size in metres, and number of walls."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.file_info.info import Extent, FileInfo
from recon.units import counted

_TITLE = re.compile(r"<title>Plan ([^<]{1,200}), 1:(\d{1,6})</title><desc>(recon [^<]{1,40})</desc>")
_WALL = re.compile(r'<polyline class="WALLS" points="([^"]*)"')
_COMMENT = re.compile(r"(recon [^:]{1,40}): plan (.{1,200}), in metres")
_WALLS = "WALLS"
_FOREIGN = "it is not a plan that recon wrote"


@dataclass(frozen=True)
class PlanInfo(FileInfo):
    """The contents of a floor plan; x is to the right and z up on the paper, and y, the height, is 0."""

    cut: str = ""
    """Where: ``1.20 m above the floor``."""
    walls: int = 0
    """Number of lines."""
    scale: int | None = None
    """On paper, 1 to this; None for files in metres."""

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values to print."""
        rows = [("format", self.format), ("file size", f"{self.bytes / 1e3:.0f} kB"), ("cut", self.cut)]
        rows.append(("walls", counted(self.walls, "line")))
        if self.size is not None:
            rows.append(("extent", f"{self.size[0]:.2f} x {self.size[2]:.2f} m"))
        rows.append(("scale", "in metres" if self.scale is None else f"1:{self.scale} on paper"))
        return [*rows, ("written by", str(self.provenance["generator"]))]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return super().as_dict() | {"cut": self.cut, "walls": self.walls, "scale": self.scale}


def read_svg(path: Path) -> PlanInfo:
    """Describes an SVG, whose points are mm on paper, down from the top."""
    text = path.read_text("utf-8")
    head = _TITLE.search(text)
    if head is None:
        raise ValueError(_FOREIGN)
    scale = int(head[2])
    lines = [np.array([pair.split(",") for pair in each.split()], np.float64) for each in _WALL.findall(text)]
    metre_lines = [line * (1, -1) * scale / 1000 for line in lines]
    return _described(path, "SVG", head[1], head[3], metre_lines, scale)


def read_dxf(path: Path) -> PlanInfo:
    """Describes a DXF, whose points are in metres."""
    text = path.read_text("ascii").splitlines()
    codes, values = text[::2], text[1::2]
    head = _COMMENT.fullmatch(values[0]) if codes and codes[0] == "999" and values else None
    if head is None:
        raise ValueError(_FOREIGN)
    lines = list(_polylines(list(zip(map(int, codes), values, strict=True))))
    return _described(path, "DXF", head[2], head[1], lines, None)


def _polylines(pairs: list[tuple[int, str]]) -> Iterator[NDArray[np.float64]]:
    """The (N, 2) points of each line in the layer of walls."""
    starts = [at for at, (code, _) in enumerate(pairs) if code == 0]
    entities = [pairs[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    for kind, group in groupby(entities, key=lambda each: each[0][1]):
        rows = [dict(each) for each in group]
        if kind == "VERTEX" and rows[0][8] == _WALLS:
            yield np.array([(row[10], row[20]) for row in rows], np.float64)


def _described(
    path: Path, kind: str, cut: str, generator: str, lines: list[NDArray[np.float64]], scale: int | None
) -> PlanInfo:
    extent = Extent()
    for line in lines:
        extent.add(np.column_stack([line[:, 0], np.zeros(len(line)), line[:, 1]]))
    return PlanInfo(
        path=path,
        format=f"floor plan, {kind}",
        bytes=path.stat().st_size,
        points=sum(map(len, lines)),
        unit="m",
        provenance={"generator": generator},
        cut=cut,
        walls=len(lines),
        scale=scale,
        **extent.fields,
    )
