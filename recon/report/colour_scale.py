"""Colour scales of depth and of differences, and pictures painted with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import depth_table, difference_table, round_ticks
from recon.types import BoolMap
from recon.units import significant

UNKNOWN = 255
"""Palette entry of pixels without a value."""
_UNKNOWN_RGB = (128, 128, 128)
_LABEL_SHARE = 0.09
"""Room that a label needs, as a share of the legend's length."""
_LIMITS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Differences at which a scale may end; half and twice the depth are equally wrong."""


@dataclass(frozen=True, eq=False)
class ColourScale:
    """Colours for values: ``place`` maps a value to 0 (left end of the legend) ... 1."""

    place: Callable[[Any], Any]
    table: NDArray[np.uint8]
    """(255, 3) sRGB, from left to right."""
    ticks: Sequence[tuple[float, str]]
    """Places (0 to 1) and labels."""
    title: str

    def paint(self, values: NDArray[Any], known: BoolMap) -> NDArray[np.uint8]:
        """(H, W) indices into ``palette``; values beyond the ends have the colour of the end."""
        place = np.clip(self.place(np.where(known, values, 1).astype(np.float64)), 0, 1)
        painted = np.rint((UNKNOWN - 1) * place).astype(np.uint8)
        painted[~known] = UNKNOWN
        return painted

    @property
    def palette(self) -> NDArray[np.uint8]:
        """(256, 3) sRGB: the table, and grey for unknown."""
        return np.vstack([self.table, np.array([_UNKNOWN_RGB], np.uint8)])


def depth_scale(near: float, far: float, colormap: str, unit: str) -> ColourScale:
    """Colours linear in the logarithm of depth, near on the left.

    Args:
        near: Depth at the left end.
        far: Depth at the right end.
        colormap: One of ``COLORMAPS``.
        unit: Of the legend: ``m``.
    """

    def place(z: Any) -> Any:
        return np.log(z / near) / log(far / near)

    ticks = [(float(place(mark)), f"{mark:g}") for mark in round_ticks(near, far, smallest_gap=_LABEL_SHARE)]
    return ColourScale(place, depth_table(colormap)[::-1][:UNKNOWN], ticks, unit)


def difference_scale(largest: float) -> ColourScale:
    """Colours of ratios, linear in their logarithm: blue is nearer than the reference, red farther.

    Args:
        largest: The difference (0.1: 10 %) that the ends should show; rounded up to a round number, 100 % at most.
    """
    limit = next((one for one in _LIMITS if one >= largest), _LIMITS[-1])

    def place(ratio: Any) -> Any:
        return 0.5 + np.log(ratio) / (2 * log(1 + limit))

    ratios = (1 / (1 + limit), 1 / (1 + limit / 2), 1.0, 1 + limit / 2, 1 + limit)
    ticks = [(float(place(ratio)), _percent(ratio - 1)) for ratio in ratios]
    half = difference_table()
    return ColourScale(place, half[:UNKNOWN], ticks, "%")


def _percent(share: float) -> str:
    return ("+" if share > 0 else "") + significant(100 * share, 2)


def span_of_all(depths: Sequence[NDArray[Any]]) -> tuple[float, float]:
    """The 1st and 99th percentile over several depth maps, each with the same weight; widened if almost equal."""
    spans = [np.percentile(depth, (1, 99)) for depth in depths if depth.size]
    near, far = float(min(span[0] for span in spans)), float(max(span[1] for span in spans))
    if far < 1.1 * near:  # a flat wall: do not spread noise over the whole colour range
        near, far = near / 1.05, far * 1.05
    return near, far
