"""Writes an animated GIF frame by frame, since Pillow keeps all frames in memory until the last one.

Pillow encodes each frame as a separate GIF, from which the image block is copied (GIF89a, 1990).
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_COLOURS = 256
_HEADER_BYTES = 13
_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_FOR_EVER = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def write_gif(path: Path, frames: Iterator[NDArray[np.uint8]], ticks: int) -> None:
    """Writes an endless loop.

    Args:
        path: The file.
        frames: (H, W, 3) uint8 sRGB of one size. All use the palette of the first, so that no colour flickers.
        ticks: Duration of a frame, hundredths of a second.

    Raises:
        ValueError: There is no frame.
        OSError: The file cannot be written.
    """
    shown = next(frames, None)
    if shown is None:
        raise ValueError("expected at least one frame")
    first = Image.fromarray(shown).quantize(_COLOURS, method=Image.Quantize.MEDIANCUT)
    head, image = _taken_apart(first)
    with path.open("wb") as file:
        file.write(head + _FOR_EVER)
        while True:
            # Disposal 1: the next frame is drawn over this one.
            file.write(struct.pack("<BBBBHBB", _EXTENSION, 0xF9, 4, 1 << 2, ticks, 0, 0) + image)
            shown = next(frames, None)
            if shown is None:
                break
            dithered = Image.fromarray(shown).quantize(palette=first, dither=Image.Dither.FLOYDSTEINBERG)
            _, image = _taken_apart(dithered)
        file.write(bytes([_END]))


def _taken_apart(picture: Image.Image) -> tuple[bytes, bytes]:
    """The header with the palette, and the image block, of a paletted image encoded as a GIF."""
    encoded = io.BytesIO()
    # Optimising would drop colours that this frame does not use, and renumber the others.
    picture.save(encoded, "GIF", optimize=False)
    data = encoded.getvalue()
    at = _HEADER_BYTES + 3 * (2 << (data[10] & 7))
    head = b"GIF89a" + data[6:at]
    while data[at] == _EXTENSION:
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    if data[at] != _IMAGE:
        raise ValueError(f"expected an image in the GIF, got block {data[at]:#x}")
    return head, data[at:-1]
