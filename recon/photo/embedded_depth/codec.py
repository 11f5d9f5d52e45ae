"""Decodes depth maps that are stored as images."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.errors import PhotoError
from recon.photo.orientation import same_shape

MAX_PIXELS = 50_000_000
"""A larger depth map is refused before it is decoded; phones write less than one megapixel."""

_KINDS = ("JPEG", "PNG", "WEBP")


def check_shape(size: tuple[int, int], photo: tuple[int, int]) -> None:
    """Raises ValueError if an upright map cannot show the same view as the photo (width, height)."""
    if not same_shape(size, photo):
        raise ValueError(
            f"it is {size[0]}x{size[1]}, but the photo is {photo[0]}x{photo[1]}, so the photo was cropped or rotated "
            "after it was taken"
        )


def size_of(item: bytes) -> tuple[int, int]:
    """Width and height from the header of an encoded map.

    Raises:
        ValueError: It is not a JPEG, PNG or WebP image, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            width, height = Image.open(io.BytesIO(item), formats=_KINDS).size
    except Image.DecompressionBombError as error:
        raise ValueError("its image is too large") from error
    # Broken headers raise OSError, SyntaxError, ValueError, struct.error, ...
    except Exception as error:
        raise ValueError("its image is damaged or not supported") from error
    if width * height > MAX_PIXELS:
        raise ValueError(f"its image has {width}x{height} pixels, which is too large")
    return width, height


def codes_of(item: bytes, what: str) -> tuple[NDArray[np.uint16], int]:
    """The pixel values of an encoded grey image, and the largest possible value (255 or 65535).

    Args:
        item: JPEG, PNG or WebP; a colour image is converted to grey.
        what: For the error message.

    Raises:
        PhotoError: The image is damaged.
    """
    try:
        size_of(item)
        with Image.open(io.BytesIO(item), formats=_KINDS) as picture:
            picture.load()
            if picture.mode.startswith("I"):
                return np.asarray(picture).astype(np.uint16), 65535
            return np.asarray(picture.convert("L")).astype(np.uint16), 255
    except MemoryError as error:
        raise PhotoError(f"{what} does not fit in memory.") from error
    # Decoders of damaged files raise OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, ...
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PhotoError(
            f"{what} is truncated or damaged ({reason}); copy the photo again from the source."
        ) from error
