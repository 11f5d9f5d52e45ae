"""What is left of a steady frame's flicker, as a smooth field of log depth learned along the optical flow.

No pixel of a frame is mixed with one of another: each frame keeps its own outlines, and only a field that is smooth
over ``_SMOOTH_PX`` is added to its log depth. So nothing that moves leaves a trace.
"""

from dataclasses import dataclass

import numpy as np

from recon.types import BoolMap, FloatMap
from recon.video.links import Link, sampled

_SMOOTH_PX = 6.0
"""Standard deviation of the field's smoothing, px of the grid."""
_MOST_FRAMES, _MOST_STILL = 20, 250
"""Frames that the mean reaches back; of a still camera, whose points are sure to be the same."""
_APART, _APART_STILL = 0.1, 0.3
"""Depths that differ by more, in log, are not of one surface; of a still camera, where the picture is the same, by so
much more than the whole frame does."""
_HOLDS = 6.0
"""What frames of a still camera have said weighs so many times as much as what as many new ones say: what a network
changes over seconds, as something passes, is its error, and not that of each frame anew."""
_FADES = 0.05
"""Where this share of the neighbourhood is known, half of the field is added."""


@dataclass(frozen=True)
class Settled:
    """The steady depth of a frame on the grid."""

    log_z: FloatMap
    """(h, w) log depth."""
    valid: BoolMap
    """(h, w)."""
    frames: FloatMap
    """(h, w): in how many frames in a row the point was seen."""

    @classmethod
    def first(cls, log_z: FloatMap, valid: BoolMap) -> "Settled":
        """Of the first frame of a shot."""
        return cls(log_z, valid, valid.astype(np.float32))


@dataclass(frozen=True)
class Expected:
    """The depth of a frame by other frames."""

    log_z: FloatMap
    """(h, w) log depth."""
    seen: FloatMap
    """(h, w): by how many frames; 0 where unknown, and where something moves by itself."""
    is_still: bool
    """Whether the camera stands still."""


def field_of(log_z: FloatMap, valid: BoolMap, expected: Expected) -> tuple[FloatMap, FloatMap]:
    """What to add to a frame's log depth; the scale stays as it is if the camera moves.

    Args:
        log_z: (h, w) log depth of the frame, its scale held.
        valid: (h, w) where it is known.
        expected: By other frames.

    Returns:
        The field (h, w), and ``Settled.frames`` of this frame.
    """
    import cv2

    apart, most = (_APART_STILL, _MOST_STILL) if expected.is_still else (_APART, _MOST_FRAMES)
    seen, known = expected.seen, valid & (expected.seen > 0)
    off = expected.log_z - log_z
    middle = np.median(off[known]) if expected.is_still and known.any() else 0.0
    alike = known & (np.abs(off - middle) < apart)
    if not alike.any():
        return np.zeros_like(log_z), valid.astype(np.float32)
    holds = _HOLDS * seen if expected.is_still else seen
    pull, weight = np.where(alike, off * holds / (holds + 1), 0).astype(np.float32), alike.astype(np.float32)
    common = np.median(pull[alike])
    around = cv2.GaussianBlur(weight, (0, 0), _SMOOTH_PX)
    field = cv2.GaussianBlur(weight * (pull - common), (0, 0), _SMOOTH_PX) / np.maximum(around, 2 * _FADES)
    if expected.is_still:
        # The scale is that of the whole frame, also of what moves.
        field += common
    return field, np.where(alike, np.minimum(seen + 1, most), valid).astype(np.float32)


def seen_before(link: Link, settled: Settled) -> FloatMap:
    """``Settled.frames`` at the pixels of the next frame."""
    return sampled(settled.frames, link.back_px, nearest=True)
