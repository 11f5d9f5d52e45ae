"""Line plots and histograms as HTML with an inline drawing; the text keeps its size on a narrow screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#65a30d")
"""Of the lines of a plot, in order; they differ on white and on black."""
REFERENCE_COLOUR = "currentColor"
_WIDE, _HIGH = 1000, 300
"""Units of the drawing, which is stretched to the page's width."""
_COLUMNS = 800
"""Points of a line at most."""


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a plot."""

    name: str
    values: NDArray[np.float64]
    """(N,), at equal distances along x; NaN interrupts the line."""
    colour: str
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """An axis."""

    low: float
    high: float
    title: str

    def ticks(self, count: int = 5) -> list[float]:
        """About ``count`` round numbers from low to high."""
        return [tick for tick in round_numbers(self.low, self.high, count) if self.low <= tick <= self.high]

    def share(self, value: float) -> float:
        """Place of a value, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def round_numbers(low: float, high: float, count: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten in a range, about ``count`` of them."""
    if not (isfinite(low) and isfinite(high) and high > low):
        raise ValueError(f"expected a range, got {low} to {high}")
    rough = (high - low) / count
    decade = 10.0 ** floor(log10(rough))
    step = next(mantissa * decade for mantissa in (1, 2, 5, 10) if mantissa * decade >= 0.999 * rough)
    first = int(np.ceil(low / step - 1e-9))
    return [float(f"{k * step:.10g}") for k in range(first, int(np.floor(high / step + 1e-9)) + 1)]


def line_plot(lines: Sequence[Line], x: Axis, y: Axis, label: str) -> str:
    """A plot of several lines with their key.

    Args:
        lines: Drawn in this order, the first one at the bottom.
        x: Its ends belong to the first and the last value of each line.
        y: Values outside are cut off at the frame.
        label: What the plot shows, for readers who cannot see it.
    """
    drawn = "".join(
        f'<path d="{_path(line.values, y)}" stroke="{line.colour}"'
        + (' stroke-dasharray="7 4"' if line.dashed else "")
        + "/>"
        for line in lines
    )
    key = "".join(
        f'<li><i style="border-top:3px {"dashed" if line.dashed else "solid"} {line.colour}"></i>'
        f"{escape(line.name)}</li>"
        for line in lines
    )
    return _framed(f'<g class="lines">{drawn}</g>', x, y, label) + f'<ul class="key">{key}</ul>'


def histogram(shares: NDArray[np.float64], x: Axis, colours: Sequence[str], label: str) -> str:
    """A histogram with bars of equal width.

    Args:
        shares: (N,) shares of all, 0 to 1.
        x: Its ends belong to the outer edges of the first and the last bar.
        colours: One for each bar.
        label: As in ``line_plot``.
    """
    y = Axis(0.0, 1.08 * 100 * float(shares.max(initial=1e-6)), "% of the pixels")
    wide = _WIDE / len(shares)
    bars = []
    for k, (share, colour) in enumerate(zip(shares, colours, strict=True)):
        high = _HIGH * y.share(100 * share)
        place = f'x="{k * wide:.1f}" y="{_HIGH - high:.1f}" width="{wide:.1f}" height="{high:.1f}"'
        bars.append(f'<rect {place} fill="{colour}"/>')
    return _framed("".join(bars), x, y, label)


def _path(values: NDArray[np.float64], y: Axis) -> str:
    """SVG path of a line, interrupted where a value is unknown."""
    picked = np.linspace(0, len(values) - 1, min(len(values), _COLUMNS)).round().astype(np.intp)
    parts, drawing = [], False
    for at in picked:
        value = values[at]
        if not np.isfinite(value):
            drawing = False
            continue
        across = _WIDE * (at + 0.5) / len(values)
        down = _HIGH * (1 - min(max(y.share(float(value)), -0.5), 1.5))
        parts.append(f"{'L' if drawing else 'M'}{across:.1f} {down:.1f}")
        drawing = True
    return "".join(parts)


def _framed(inside: str, x: Axis, y: Axis, label: str) -> str:
    rows = [(tick, 100 * (1 - y.share(tick))) for tick in y.ticks()]
    columns = [(tick, 100 * x.share(tick)) for tick in x.ticks()]
    grid = "".join(
        f'<line x1="0" x2="{_WIDE}" y1="{_HIGH * p / 100:.1f}" y2="{_HIGH * p / 100:.1f}"/>' for _, p in rows
    )
    left = "".join(f'<span class="yt" style="top:{place:.2f}%">{tick:g}</span>' for tick, place in rows)
    below = "".join(f'<span class="xt" style="left:{place:.2f}%">{tick:g}</span>' for tick, place in columns)
    return (
        f'<div class="plot"><div class="ytitle">{escape(y.title)}</div><div class="frame">{left}'
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f'<g class="grid">{grid}</g>{inside}</svg>{below}</div><div class="xtitle">{escape(x.title)}</div></div>'
    )
