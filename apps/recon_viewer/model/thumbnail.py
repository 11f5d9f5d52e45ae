"""Small pictures of photos for the welcome page."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_MOST_PIXELS = 60_000_000
"""Larger photos get no thumbnail, since reading them takes longer than a page may."""


def thumbnail(path: Path, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """A photo, upright, cropped to fill (width, height): (height, width, 3) uint8; None if it is not read quickly."""
    try:
        with Image.open(path) as photo:
            if photo.width * photo.height > _MOST_PIXELS:
                return None
            # A JPEG is read at an eighth of its size or more.
            photo.draft("RGB", (2 * max(size), 2 * max(size)))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
        return np.asarray(ImageOps.fit(upright, size, Image.Resampling.BOX))
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return None


def blank(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A tile for what has no thumbnail, (height, width, 3) uint8."""
    return np.full((size[1], size[0], 3), (58, 63, 72), np.uint8)


def tile_names(paths: list[Path]) -> list[str]:
    """File names; with the folder where two are equal."""
    names = [path.name for path in paths]
    return [path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}" for path in paths]
