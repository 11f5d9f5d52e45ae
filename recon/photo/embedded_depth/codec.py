"""Depth maps as pictures: their size, their numbers, and the turn that makes them upright."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import PhotoError
from recon.photo.same_shape import same_shape

MAX_PIXELS = 50_000_000
"""A depth map with more is refused before it is decoded: phones write less than one megapixel."""

_KINDS = ("JPEG", "PNG", "WEBP")


def check_shape(size: tuple[int, int], photo: tuple[int, int]) -> None:
    """Raises ValueError where an upright map cannot show the same view as the photo (width, height)."""
    if not same_shape(size, photo):
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
