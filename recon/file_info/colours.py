"""Converts colours of any numeric type to sRGB bytes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image


def as_bytes(*channels: ArrayLike, most: float | None = None) -> NDArray[np.uint8]:
    """Red, green and blue as (N, 3) uint8.

    Args:
        channels: (N,) each.
        most: Value of full intensity; None: 255 for bytes, otherwise 1, 255 or 65535, depending on the largest value.
    """
    stacked = np.stack([np.asarray(channel) for channel in channels], axis=1)
    if stacked.dtype == np.uint8:
        return stacked
    values = stacked.astype(np.float64)
    if most is None:
        largest = float(np.nanmax(values, initial=0.0))
        whole = np.issubdtype(stacked.dtype, np.integer)
        most = 1.0 if largest <= 1 and not whole else 255.0 if largest <= 255 else 65535.0
    return np.rint(np.clip(np.nan_to_num(values) / most, 0, 1) * 255).astype(np.uint8)


def to_linear(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """sRGB bytes as linear light, 0 to 1 (IEC 61966-2-1)."""
    share = np.arange(256) / 255
    table = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return table.astype(np.float32)[rgb]


def from_linear(values: "NDArray[np.floating[Any]]") -> NDArray[np.uint8]:
    """Linear light, 0 to 1, as sRGB bytes (IEC 61966-2-1)."""
    light = np.clip(values, 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


def sampled(picture: Image.Image, uv: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The pixels at texture coordinates, (N, 2) with v upwards, repeating outside 0 to 1."""
    size = np.array([picture.width, picture.height])
    uv = np.nan_to_num(np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1))
    outside = (uv < 0) | (uv > 1)
    uv[outside] %= 1
    col, row = np.clip((uv * size).astype(np.int64), 0, size - 1).T
    pixels: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))[row, col]
    return pixels
