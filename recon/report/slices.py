"""Depth along one row and one column of a photo."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.report.plot import COLOURS, REFERENCE_COLOUR, Axis, Line, line_plot
from recon.types import BoolMap, FloatMap

_HEADROOM = 0.06
GAPS = "Gaps: no depth. The farthest 1 % may be cut off at the top."


@dataclass(frozen=True)
class Slices:
    """Where the slices are, px of the photo."""

    row: int
    column: int
    width: int
    height: int

    @classmethod
    def at(cls, x: float, y: float, *, width: int, height: int) -> "Slices":
        """Through a pixel.

        Raises:
            ValueError: It is outside the photo.
        """
        if not (0 <= x <= width and 0 <= y <= height):
            raise ValueError(
                f"the slices go through ({x:g}, {y:g}), outside the photo of {width}x{height} px"
            )
        return cls(min(int(y), height - 1), min(int(x), width - 1), width, height)


def drawn_on_photo(slices: Slices) -> str:
    """Dashed lines over a picture of the photo."""
    down = 100 * (slices.row + 0.5) / slices.height
    across = 100 * (slices.column + 0.5) / slices.width
    return f'<div class="across" style="top:{down:.2f}%"></div><div class="down" style="left:{across:.2f}%"></div>'


def slice_plots(maps: Sequence[tuple[str, FloatMap, BoolMap, bool]], slices: Slices, unit: str) -> str:
    """Two plots: along the row and along the column, with one range of depth.

    Args:
        maps: Name, depth (h, w), where it is valid, and whether it is the reference; all of one size, which may
            be smaller than the photo.
        slices: Where.
        unit: Of depth.
    """
    height, width = maps[0][1].shape
    row = min(int((slices.row + 0.5) / slices.height * height), height - 1)
    column = min(int((slices.column + 0.5) / slices.width * width), width - 1)
    along_row = _lines([(name, z[row], valid[row], is_base) for name, z, valid, is_base in maps])
    along_column = _lines(
        [(name, z[:, column], valid[:, column], is_base) for name, z, valid, is_base in maps]
    )
    depth = _range([*along_row, *along_column], unit)
    x = Axis(0, slices.width, f"x, px (row {slices.row})")
    y = Axis(0, slices.height, f"y from the top, px (column {slices.column})")
    return (
        "<h3>Horizontal</h3>"
        + line_plot(along_row, x, depth, f"depth along row {slices.row}")
        + "<h3>Vertical</h3>"
        + line_plot(along_column, y, depth, f"depth along column {slices.column}")
    )


def _lines(cuts: Sequence[tuple[str, NDArray[np.float32], NDArray[np.bool_], bool]]) -> list[Line]:
    lines, used = [], 0
    for name, z, valid, is_base in cuts:
        colour = REFERENCE_COLOUR if is_base and len(cuts) > 1 else COLOURS[used % len(COLOURS)]
        used += colour != REFERENCE_COLOUR
        lines.append(Line(name, np.where(valid, z, np.nan).astype(np.float64), colour, dashed=False))
    return lines


def _range(lines: Sequence[Line], unit: str) -> Axis:
    """From 0 to the farthest depth, but not to a few pixels far behind the rest."""
    known = [line.values[np.isfinite(line.values)] for line in lines]
    farthest = max((float(np.percentile(each, 99)) for each in known if each.size), default=1.0)
    return Axis(0.0, farthest * (1 + _HEADROOM), f"depth, {unit}")
