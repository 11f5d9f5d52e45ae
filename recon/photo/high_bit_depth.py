"""Pictures of which Pillow would lose bits, or which it cannot open: 16 bits per colour and floating point."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def is_deep_colour(picture: Image.Image) -> bool:
    """Whether the file stores 16 bits per colour, of which Pillow's decoder drops the lower eight.

    To be asked before the pixels are loaded: loading forgets how they were stored.
    """
    tiles = getattr(picture, "tile", [])
    args = tiles[0].args if tiles else None
    raw_mode = args[0] if isinstance(args, tuple) and args else args
    return picture.mode in ("RGB", "RGBA") and isinstance(raw_mode, str) and ";16" in raw_mode


def decode_deep(data: bytes, notes: list[str]) -> Image.Image:
    """Decodes a file's bytes with OpenCV (which turns TIFFs upright), rounded to 8 bits (L, RGB or RGBA).

    Args:
        data: The file's bytes.
        notes: Gets what the user should know.

    Raises:
        ValueError: OpenCV cannot decode it.
    """
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        stored = cv2.imdecode(np.frombuffer(_pixels_only(data), np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("its pixels cannot be decoded") from error
    finally:
        cv2.utils.logging.setLogLevel(level)
    if stored is None:
        raise ValueError("its pixels cannot be decoded")
    eight = to_8_bits(stored, notes)
    channels = 1 if eight.ndim == 2 else eight.shape[2]
    if channels == 1:
        return Image.fromarray(eight.reshape(eight.shape[:2]))
    if channels not in (3, 4):
        raise ValueError(f"it has {channels} channels")
    return Image.fromarray(np.ascontiguousarray(eight[..., [2, 1, 0, 3][:channels]]))


def _pixels_only(data: bytes) -> bytes:
    """A PNG without its optional chunks (their name starts with a small letter), transparency excepted: libpng
    prints to stderr what it dislikes about a colour profile. Other files as they are."""
    if not data.startswith(b"\x89PNG"):
        return data
    kept, at = [data[:8]], 8
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name[:1].isupper() or name == b"tRNS":
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def to_8_bits(values: NDArray[Any], notes: list[str]) -> NDArray[np.uint8]:
    """Rounds stored values to 0 to 255, black to white.

    Integers of 16 bits are divided by 257 and wider ones by their largest value where it is over 65535.
    Floats of 0 to 1 are black to white; where the largest is over 1, it becomes white. What is negative or
    not a number becomes black.
    """
    if values.dtype == np.uint8:
        return values.view(np.uint8)
    if values.dtype.kind in "iub":
        white = float(max(65535, values.max()))
        if white == 65535:
            # Rounded division in integers: 257 sixteen-bit levels make one of eight bits.
            return ((np.maximum(values, 0).astype(np.uint32) + 128) // 257).astype(np.uint8)
        notes.append(f"The picture has over 16 bits: its largest value, {white:.0f}, was taken as white.")
        return _scaled(values.astype(np.float64), white)
    if values.dtype.kind != "f":
        raise ValueError(f"its values are {values.dtype}")
    finite = np.isfinite(values)
    if not finite.all():
        notes.append(
            f"{np.count_nonzero(~finite)} values of the picture are not finite; they were taken as black."
        )
        values = np.where(finite, values, 0)
    white = max(1.0, float(values.max()))
    notes.append(
        f"The picture holds floating-point values: 0 was taken as black and {white:g} as white, already sRGB."
    )
    return _scaled(values, white)


def _scaled(values: NDArray[Any], white: float) -> NDArray[np.uint8]:
    return np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)
