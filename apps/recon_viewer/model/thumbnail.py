"""Small pictures of photos for the welcome page."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_MOST_PIXELS = 60_000_000
"""Larger photos get no thumbnail, since reading them takes longer than a page may."""
_MODES_8_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow clips others, such as 16-bit grey, instead of scaling them."""


def thumbnail(path: Path, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """A photo, upright, cropped to fill (width, height): (height, width, 3) uint8; None if it is not read quickly."""
    upright = _read(path, 2 * max(size))
    return None if upright is None else np.asarray(ImageOps.fit(upright, size, Image.Resampling.BOX))


def reduced(path: Path, longest_px: int) -> NDArray[np.uint8] | None:
    """A photo, upright, at most so large: (H, W, 3) uint8; None if it is not read quickly."""
    upright = _read(path, longest_px)
    if upright is None:
        return None
    upright.thumbnail((longest_px, longest_px), Image.Resampling.BILINEAR)
    return np.asarray(upright)


def _read(path: Path, least_px: int) -> Image.Image | None:
    """Upright; a JPEG is read at the least fraction of its size that has so many px."""
    try:
        with Image.open(path) as photo:
            if photo.width * photo.height > _MOST_PIXELS or photo.mode not in _MODES_8_BIT:
                return None
            photo.draft("RGB", (least_px, least_px))
            return ImageOps.exif_transpose(photo).convert("RGB")
    # Unusual EXIF and damaged files raise OSError, struct.error, TypeError, ...; reading the photo itself may still
    # succeed, and reports its errors.
    except Exception:
        return None


def blank(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A tile for what has no thumbnail, (height, width, 3) uint8."""
    return np.full((size[1], size[0], 3), (58, 63, 72), np.uint8)


def tile_names(paths: list[Path]) -> list[str]:
    """File names; with the folder where two are equal."""
    names = [path.name for path in paths]
    return [path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}" for path in paths]
