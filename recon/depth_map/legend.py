"""The strip beside a picture that says which colour means how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

UNKNOWN_RGB = (128, 128, 128)
_PAPER_RGB, _INK_RGB = (255, 255, 255), (32, 32, 32)
_GAP = 1.7
"""Smallest distance of two labels, as a multiple of the size of their letters."""


@dataclass(frozen=True)
class Bar:
    """Where the bar of a legend is, px."""

    height: int
    """Of the strip."""
    size: int
    """Of the letters."""
    unknown: bool
    """Whether the colour of unknown pixels is shown below the bar."""

    @property
    def bottom(self) -> int:
        """Last row of the bar."""
        return max(self.size + 2, self.height - self.size - (2 * self.size if self.unknown else 0))

    @property
    def length(self) -> int:
        """Height of the bar, less one."""
        return self.bottom - self.size

    @property
    def smallest_gap(self) -> float:
        """Smallest distance of two labels, as a fraction of the bar."""
        return _GAP * self.size / self.length


def bar_for(shape: tuple[int, ...], *, unknown: bool) -> Bar:
    """The bar beside a picture of this shape, (H, W)."""
    height, width = shape
    return Bar(height, max(11, round(min(height, width) / 30)), unknown)


def legend_strip(
    bar: Bar, table: NDArray[np.uint8], marks: Sequence[tuple[float, str]], beyond: tuple[bool, bool]
) -> NDArray[np.uint8]:
    """A bar in the colours of a table, with labels.

    Args:
        bar: Where it is.
        table: (256, 3) sRGB, from the top of the bar to its bottom.
        marks: Labels, each with its place: 0 at the top of the bar, 1 at its bottom.
        beyond: Whether there are values beyond its bottom and its top, which arrows show.

    Returns:
        (H, L, 3) uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    size, top, bottom, length = bar.size, bar.size, bar.bottom, bar.length
    font = ImageFont.load_default(size)
    left, wide = size, round(1.2 * size)
    text_left = left + wide + round(0.6 * size)
    texts = [text for _, text in marks] + (["unknown"] if bar.unknown else [])
    widest = max(font.getlength(text) for text in texts or [""])
    strip = Image.new("RGB", (text_left + ceil(widest) + size, bar.height), _PAPER_RGB)
    draw = ImageDraw.Draw(strip)
    for row in range(length + 1):
        draw.line(
            [(left, top + row), (left + wide, top + row)], tuple(table[round(255 * row / length)].tolist())
        )
    point, middle = round(0.6 * size), left + wide / 2
    for clipped, edge, tip, end in (
        (beyond[0], bottom + 1, bottom + 1 + point, 255),
        (beyond[1], top - 1, top - 1 - point, 0),
    ):
        if clipped:
            triangle = [(left, edge), (left + wide, edge), (middle, tip)]
            draw.polygon(triangle, tuple(table[end].tolist()))
    for place, text in marks:
        y = top + length * place
        draw.line([(left + wide, y), (left + wide + 0.35 * size, y)], _INK_RGB, max(1, size // 12))
        draw.text((text_left, y), text, _INK_RGB, font, anchor="lm")
    if bar.unknown:
        y = bar.height - size - size // 2
        draw.rectangle([left, y - size // 2, left + wide, y + size // 2], UNKNOWN_RGB)
        draw.text((text_left, y), "unknown", _INK_RGB, font, anchor="lm")
    return np.asarray(strip)
