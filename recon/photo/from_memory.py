"""A photo that is in memory already: a picture of Pillow's, or an array."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import PhotoError
from recon.types import Photo

if TYPE_CHECKING:
    from PIL.Image import Image


def photo_of_picture(picture: "Image") -> Photo:
    """A picture of Pillow's as an upright sRGB photo, as if its file were read; it has no file, so no embedded depth.

    Transparent parts, an ICC profile, and the colour that a PNG or EXIF states without one are followed, as long as
    Pillow has kept them.

    Raises:
        PhotoError: Its pixels are damaged, its file was closed before they were read, or it is a panorama.
    """
    from recon.photo import exif
    from recon.photo.high_bit_depth import grey_tiff_to_8_bits
    from recon.photo.opaque_srgb import opaque_srgb
    from recon.photo.orientation import upright_picture
    from recon.photo.read import check_not_panorama, stated_colour

    notes: list[str] = []
    try:
        # First: Pillow turns a TIFF when it loads it, and drops its orientation.
        picture.load()
        tags = exif.read_tags(picture.getexif, notes)
        check_not_panorama("the picture", picture, tags)
        stated = stated_colour(picture, b"", picture.format or "", tags, notes)
        srgb, present = opaque_srgb(grey_tiff_to_8_bits(picture, notes), stated, notes)
        turn = exif.orientation(tags, notes)
        rgb = np.asarray(upright_picture(srgb, turn))
        is_present = None if present is None else np.asarray(upright_picture(present, turn)) > 0
    except PhotoError:
        raise
    except Exception as error:  # Pillow raises many types of errors for damaged and for closed files
        reason = " ".join(str(error).split()) or "its file is closed"
        raise PhotoError(f"the picture cannot be decoded ({reason}); read it again from its file.") from error
    focal = exif.focal_length(tags, width=rgb.shape[1], height=rgb.shape[0])
    return Photo(
        rgb=rgb,
        present=is_present,
        exif_focal_px=focal.focal_px,
        exif_focal_note=focal.note,
        warnings=tuple(dict.fromkeys(notes + ([focal.warning] if focal.warning else []))),
    )


def photo_of_array(array: NDArray[Any]) -> Photo:
    """An (H, W, 3) array as a photo: uint8, or floats from 0 to 1; sRGB, red first, upright.

    Raises:
        ValueError: Another shape or type, floats outside 0 to 1, or NaN. The message says what to do.
    """
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ValueError(
            f"photo: expected an array of shape (H, W, 3), got {array.shape}{_advice(array.shape)}"
        )
    if array.dtype == np.uint8:
        # A copy: programs read the next frame into the same array, and geometry is made when it is asked for.
        return Photo(rgb=np.array(array, order="C"))
    if array.dtype.kind != "f":
        raise ValueError(
            f"photo: expected uint8, or floats from 0 to 1, got {array.dtype}; divide by the largest possible value, "
            "such as array / 65535"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"photo: floats must lie between 0 and 1, got {low:g} to {high:g}; divide by the largest possible value, "
            "such as array / 255"
        )
    return Photo(rgb=np.rint(array * 255).astype(np.uint8))


def _advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return ": for a grey picture, np.dstack([array] * 3)"
    if len(shape) == 3 and shape[2] == 4:
        return ": without transparency, array[..., :3]"
    if len(shape) == 3 and shape[0] in (3, 4):
        return ": with channels first, array.transpose(1, 2, 0)"
    if len(shape) == 4:
        return ": give one photo at a time"
    return ""


def photo_from(source: Any) -> Photo:
    """A photo from whatever holds one: a file's name, a picture of Pillow's, an array, or a photo.

    Raises:
        PhotoError: The file or the picture cannot be read.
        ValueError: An array of another shape or type.
        TypeError: Something else.
    """
    from recon.photo.read import read_photo

    if isinstance(source, Photo):
        return source
    if isinstance(source, (str, os.PathLike)):
        return read_photo(Path(source))
    if isinstance(source, np.ndarray):
        return photo_of_array(source)
    if callable(getattr(source, "getexif", None)):
        return photo_of_picture(source)
    raise TypeError(
        f"photo: expected a path, a PIL picture, an array (H, W, 3) or a recon.Photo, got {type(source).__name__}"
    )
