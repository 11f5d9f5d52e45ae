"""How each frame of a clip continues the one before: a still camera, dense optical flow, or a scene cut."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, FloatMap

GRID_PX = 320
"""Longer side of the grid on which frames are compared, px."""
_BLUR_PX = 1.0
"""Against noise, on the grid."""
_UNSURE_PX, _UNSURE_SHARE = 0.5, 0.05
"""Flow there and back may miss by this many px of the grid, and this share of its length."""
_CELL_PX = 20
_STILL_SHARE, _STILL_LONG_SHARE = 0.35, 0.15
"""The camera stands still if the outlines in this share of the cells of the picture, ``_CELL_PX`` wide, ..."""
_STILL_PX, _STILL_LONG_PX = 0.2, 0.3
"""... have moved less, px of the grid, since the frame before, and since the oldest of ..."""
_STILL_FRAMES = 15
"""... so many: something large that passes changes most of the picture in these."""
_SHADE_PX = 5.0
"""Changes of brightness that are smoother are of the light or the exposure."""
_STEEP = 4.0
"""Grey levels per px from which a pixel is on an outline."""
_UNCHANGED, _NOISES = 3.0, 4.0
"""A still camera shows the same where grey levels change by less than this plus so many times the noise."""
_CUT_ALIKE = 0.8
"""A cut: less correlation than this between a frame and the one before moved onto it ..."""
_CUT_AGREED = 0.25
"""... and flow agrees there and back at fewer pixels than this share."""
_UNLIKE = 0.2
"""With less correlation than this, a frame has nothing of the one before."""
_FLAT = 2.0
"""Standard deviation of grey levels below which a frame shows nothing."""
_SMALLEST_PX = 32
"""Smaller pictures hold no patch of the flow's coarsest level."""


@dataclass(frozen=True)
class Link:
    """A frame and the one before, on a grid of at most ``GRID_PX``."""

    back_px: FloatMap
    """(h, w, 2): where each pixel was in the frame before, as an offset (x, y) in px of the grid."""
    agreed: BoolMap
    """(h, w): where the flow there and back agrees; for a still camera, where the picture is the same."""
    is_still: bool
    """Whether the camera stands still; ``back_px`` is then 0."""


def grid_size(*, width: int, height: int) -> tuple[int, int]:
    """(width, height) of the grid of a frame, px."""
    share = min(1.0, GRID_PX / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))


class Linker:
    """Links the frames of a clip in order; keeps a few small grey pictures."""

    def __init__(self) -> None:
        self._recent: deque[NDArray[np.uint8]] = deque(maxlen=_STILL_FRAMES)

    def add(self, rgb: NDArray[np.uint8]) -> Link | None:
        """The link to the frame before; None for the first frame, after a cut, and after a change of size.

        Args:
            rgb: (H, W, 3) uint8 sRGB.
        """
        now, link = _grey(rgb), None
        if self._recent and self._recent[-1].shape == now.shape:
            # Compared with an older frame, too, a slow camera does not pass for a still one.
            still = _moved_px(self._recent[-1], now, _STILL_SHARE) < _STILL_PX
            still = still and _moved_px(self._recent[0], now, _STILL_LONG_SHARE) < _STILL_LONG_PX
            link = (_still if still else _moving)(self._recent[-1], now)
        if link is None:
            self._recent.clear()
        self._recent.append(now)
        return link


def sampled(values: NDArray, back_px: FloatMap, *, nearest: bool = False) -> NDArray:
    """``values`` (h, w) or (h, w, 2) of the frame before at the pixels of the frame, (h, w)."""
    import cv2

    height, width = back_px.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.remap(values, x + back_px[..., 0], y + back_px[..., 1], how, borderMode=cv2.BORDER_REPLICATE)


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    size = grid_size(width=rgb.shape[1], height=rgb.shape[0])
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), _BLUR_PX)


def _moved_px(before: NDArray[np.uint8], now: NDArray[np.uint8], share: float) -> float:
    """How far the outlines in the stillest share of the picture have moved, px of the grid: their change of
    brightness over their steepness.

    The picture is cut into cells, so that an object with many outlines does not outvote the rest.
    """
    import cv2

    off = now.astype(np.float32) - before
    sharp = np.abs(off - cv2.GaussianBlur(off, (0, 0), _SHADE_PX))
    steep = np.hypot(cv2.Sobel(now, cv2.CV_32F, 1, 0), cv2.Sobel(now, cv2.CV_32F, 0, 1)) / 8
    outline = steep > _STEEP
    if not outline.any():
        return float(np.quantile(np.abs(off) / _STEEP, share))
    moved = sharp / np.maximum(steep, _STEEP)
    rows, cols = (at // _CELL_PX for at in np.nonzero(outline))
    cell = rows * moved.shape[1] + cols
    by_cell = np.split(
        moved[outline][np.argsort(cell)], np.cumsum(np.unique(cell, return_counts=True)[1])[:-1]
    )
    return float(np.quantile([np.median(each) for each in by_cell], share))


def _still(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Link:
    """The link of a camera that stands still."""
    off = now.astype(np.float32) - before
    off = np.abs(off - np.median(off))  # exposure
    same = off < _UNCHANGED + _NOISES * float(np.median(off))
    return Link(np.zeros((*now.shape, 2), np.float32), same, True)


def _moving(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> Link | None:
    """The link by optical flow; None for a cut."""
    back_px, ahead_px = _flow(now, before), _flow(before, now)
    missed = np.linalg.norm(back_px + sampled(ahead_px, back_px), axis=2)
    agreed = missed < _UNSURE_PX + _UNSURE_SHARE * np.linalg.norm(back_px, axis=2)
    alike = _alike(now, sampled(before, back_px))
    if alike < _UNLIKE or (alike < _CUT_ALIKE and agreed.mean() < _CUT_AGREED):
        return None
    return Link(back_px, agreed, False)


def _flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> FloatMap:
    """(h, w, 2): where each pixel of the first picture is in the second, as an offset."""
    import cv2

    if min(first.shape) < _SMALLEST_PX:
        return np.zeros((*first.shape, 2), np.float32)
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, second, None)


def _alike(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Correlation of two pictures, -1 to 1; two that show nothing are alike."""
    deviations = float(first.std()), float(second.std())
    if max(deviations) < _FLAT:
        return 1.0
    if min(deviations) < _FLAT:
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
