"""Depth maps as pictures: their size, their numbers, and the turn that makes them upright."""

import io
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import PhotoError

MAX_PIXELS = 50_000_000
"""A depth map with more is refused before it is decoded: phones write less than one megapixel."""
SAME_SHAPE = 0.01
"""A depth map whose width to height ratio is farther off the photo's than this shows another view."""

_KINDS = ("JPEG", "PNG", "WEBP")
_TURNS: dict[int, Callable[[NDArray], NDArray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a),
}
"""What brings a map of an EXIF orientation upright (Exif 2.32, 4.6.4)."""


def upright(stored: NDArray, orientation: int) -> NDArray:
    """A stored (h, w) map after its EXIF orientation was applied."""
    return np.ascontiguousarray(_TURNS[orientation](stored))


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Width and height after an EXIF orientation was applied."""
    return size if orientation < 5 else (size[1], size[0])


def check_shape(size: tuple[int, int], photo: tuple[int, int]) -> None:
    """Raises ValueError where an upright map cannot show the same view as the photo (width, height)."""
    if abs(size[0] * photo[1] / (size[1] * photo[0]) - 1) > SAME_SHAPE:
        raise ValueError(
            f"it is {size[0]}x{size[1]} while the photo is {photo[0]}x{photo[1]}, so the photo was cropped or turned "
            "after it was taken"
        )


def size_of(item: bytes) -> tuple[int, int]:
    """Width and height by the header of an encoded map.

    Raises:
        ValueError: It is no JPEG, PNG or WebP picture, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = Image.open(io.BytesIO(item), formats=_KINDS).size
    except Image.DecompressionBombError as error:
        raise ValueError("its picture is too large") from error
    # Broken headers raise OSError, SyntaxError, ValueError, struct.error, ...
    except Exception as error:
        raise ValueError("its picture is damaged, or of a kind that is not read here") from error
    if width * height > MAX_PIXELS:
        raise ValueError(f"its picture has {width}x{height} pixels")
    return width, height


def codes_of(item: bytes, what: str) -> tuple[NDArray[np.uint16], int]:
    """The numbers of an encoded grey picture, and the largest that its kind can hold (255 or 65535).

    Args:
        item: JPEG, PNG or WebP; of a colour picture the grey.
        what: For the error message.

    Raises:
        PhotoError: It is damaged.
    """
    try:
        size_of(item)
        with Image.open(io.BytesIO(item), formats=_KINDS) as picture:
            picture.load()
            if picture.mode.startswith("I"):
                return np.asarray(picture).astype(np.uint16), 65535
            return np.asarray(picture.convert("L")).astype(np.uint16), 255
    except MemoryError as error:
        raise PhotoError(f"{what} is too large for this machine's memory.") from error
    # Decoders of damaged files raise OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, ...
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"{what} is truncated or damaged ({said}); copy the photo again from where it came."
        ) from error
