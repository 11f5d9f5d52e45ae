"""Depth boundaries, and the part of the photo that shows most of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap

BOUNDARY_RATIO = 1.1
"""A neighbour that is this much farther is behind a depth boundary."""
_WINDOW_SHARE = 0.34
"""Side of the window, as a share of the photo's shorter side."""
_LEAST_PX = 48


@dataclass(frozen=True)
class Window:
    """A part of a picture, px."""

    left: int
    top: int
    width: int
    height: int

    def cut(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """The part of an array (H, W, ...)."""
        return values[self.top : self.top + self.height, self.left : self.left + self.width]


def boundaries(z: FloatMap, valid: BoolMap, ratio: float = BOUNDARY_RATIO) -> BoolMap:
    """(H, W) bool: pixels in front of a depth boundary: one of the four neighbours is farther by ``ratio``.

    Args:
        z: (H, W) depth.
        valid: (H, W) where it is known.
        ratio: Above 1.
    """
    marked = np.zeros(z.shape, np.bool_)
    for near, far in (
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
    ):
        for first, second in ((near, far), (far, near)):
            marked[first] |= valid[first] & valid[second] & (z[second] > ratio * z[first])
    return marked


def busiest_window(masks: Sequence[BoolMap]) -> Window:
    """The window with the most boundaries, counted over all models with equal weight.

    Args:
        masks: (H, W) bool each, of one size.
    """
    import cv2

    height, width = masks[0].shape
    side = min(max(_LEAST_PX, round(_WINDOW_SHARE * min(height, width))), height, width)
    total = np.zeros((height, width))
    for mask in masks:
        total += mask / max(1, int(np.count_nonzero(mask)))
    sums = cv2.integral(total)
    inside = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    top, left = (int(at) for at in np.unravel_index(np.argmax(inside), inside.shape))
    return Window(left, top, side, side)
