"""Applies the EXIF orientation (Exif 2.32, 4.6.4) to images, maps and cameras; compares shapes either way up."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.types import Intrinsics

Size = tuple[float, float]
"""Width and height, px."""

SAME_SHAPE = 0.01
"""Largest relative difference of the aspect ratios of an image and its resized copy: rounding causes less, a crop
more."""


@dataclass(frozen=True)
class _Turn:
    """The operations that make a stored image upright, in this order."""

    mirror_x: bool
    mirror_y: bool
    swap: bool
    """Transpose rows and columns."""
    pillow: Image.Transpose | None
    """The same as one Pillow operation; Pillow's rotations are counter-clockwise."""


_TURNS = {
    1: _Turn(False, False, False, None),
    2: _Turn(True, False, False, Image.Transpose.FLIP_LEFT_RIGHT),
    3: _Turn(True, True, False, Image.Transpose.ROTATE_180),
    4: _Turn(False, True, False, Image.Transpose.FLIP_TOP_BOTTOM),
    5: _Turn(False, False, True, Image.Transpose.TRANSPOSE),
    6: _Turn(False, True, True, Image.Transpose.ROTATE_270),
    7: _Turn(True, True, True, Image.Transpose.TRANSVERSE),
    8: _Turn(True, False, True, Image.Transpose.ROTATE_90),
}


def upright_picture(stored: Image.Image, orientation: int) -> Image.Image:
    """Applies an orientation (1 to 8) to an image; returns the same object if it is already upright."""
    turn = _TURNS[orientation].pillow
    return stored if turn is None else stored.transpose(turn)


def upright_map(stored: NDArray, orientation: int) -> NDArray:
    """Applies an orientation to a stored (h, w) map; the result is contiguous."""
    turn = _TURNS[orientation]
    mirrored = stored[:: -1 if turn.mirror_y else 1, :: -1 if turn.mirror_x else 1]
    return np.ascontiguousarray(mirrored.T if turn.swap else mirrored)


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height after applying the orientation."""
    return (size[1], size[0]) if _TURNS[orientation].swap else size


def upright_camera(stored: Intrinsics, orientation: int) -> Intrinsics:
    """The camera of the image after applying the orientation."""
    turn, k = _TURNS[orientation], stored
    cx = k.width - k.cx if turn.mirror_x else k.cx
    cy = k.height - k.cy if turn.mirror_y else k.cy
    if not turn.swap:
        return replace(k, cx=cx, cy=cy)
    return Intrinsics(k.fy, k.fx, cy, cx, k.height, k.width, k.source)


def same_shape(a: Size, b: Size) -> bool:
    """Whether two sizes have the same width to height ratio; an empty one has none."""
    return min(*a, *b) > 0 and abs(a[0] * b[1] / (a[1] * b[0]) - 1) <= SAME_SHAPE


def same_shape_either_way_up(a: Size, b: Size) -> bool:
    """The same, allowing that one of the images is rotated by 90 degrees."""
    return same_shape((max(a), min(a)), (max(b), min(b)))
