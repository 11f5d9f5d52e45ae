"""Pictures inside a page: data URIs, reduced to what a page shows."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGEST_PX = 900
"""Longer side of a picture in a page."""
_JPEG_QUALITY = 88


def sampled(values: NDArray[Any], largest_px: int = LARGEST_PX) -> NDArray[Any]:
    """(h, w, ...) at most ``largest_px`` a side: single pixels, since a mean of depths would lie between surfaces."""
    height, width = values.shape[:2]
    shrink = min(1.0, largest_px / max(height, width))
    rows, columns = (
        ((np.arange(max(1, round(side * shrink))) + 0.5) / max(1, round(side * shrink)) * side).astype(
            np.intp
        )
        for side in (height, width)
    )
    return np.asarray(values[np.ix_(rows, columns)])


def reduced(rgb: NDArray[np.uint8], largest_px: int = LARGEST_PX) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: a photo at most ``largest_px`` a side, by area averages; the size of ``sampled``."""
    import cv2

    height, width = rgb.shape[:2]
    shrink = min(1.0, largest_px / max(height, width))
    if shrink == 1:
        return rgb
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg_uri(rgb: NDArray[np.uint8]) -> str:
    """A photo, (H, W, 3) uint8 sRGB, as a data URI."""
    return _uri(Image.fromarray(rgb), "jpeg", quality=_JPEG_QUALITY)


def png_uri(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> str:
    """A picture of (H, W) indices into a (256, 3) palette as a data URI, without loss."""
    picture = Image.fromarray(indices, "P")
    picture.putpalette(palette.astype(np.uint8).tobytes())
    return _uri(picture, "png", optimize=True)


def _uri(picture: Image.Image, kind: str, **how: Any) -> str:
    encoded = io.BytesIO()
    picture.save(encoded, kind.upper(), **how)
    return f"data:image/{kind};base64,{base64.b64encode(encoded.getvalue()).decode('ascii')}"
