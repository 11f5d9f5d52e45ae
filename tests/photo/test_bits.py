"""Grey TIFFs of 10 to 16 bits by their tags, and the unused fourth byte of a BMP."""

import struct
from pathlib import Path

import numpy as np
import pytest
from picture_files import UPRIGHT, encoded, file
from PIL import Image

from recon.photo.read import read_photo

GREY = np.linspace(0, 255, 48).round().astype(np.uint16).reshape(6, 8)


def tiff(data: bytes, bits: int, *, photometric: int = 1, largest: int | None = None) -> bytes:
    """A little-endian TIFF of GREY's size in one strip (TIFF 6.0, section 4)."""
    tags = [(256, 8), (257, 6), (258, bits), (259, 1), (262, photometric), (273, 0), (277, 1), (278, 6)]
    tags += [(279, len(data))] + ([] if largest is None else [(281, largest)])
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, start if tag == 273 else value) for tag, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + data


def scaled(white: int) -> np.ndarray:
    return np.rint(GREY / 255 * white).astype("<u2")


def packed_12_bits() -> bytes:
    pairs = scaled(4095).reshape(-1, 2).astype(int)
    return b"".join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in pairs)


@pytest.mark.parametrize(
    "data",
    [
        tiff(packed_12_bits(), 12),
        tiff(scaled(65535).tobytes(), 16),
        tiff((65535 - scaled(65535)).tobytes(), 16, photometric=0),
        tiff(scaled(4095).tobytes(), 16, largest=4095),
        tiff(scaled(1023).tobytes(), 16, largest=1023),
        tiff((4095 - scaled(4095)).astype("<u2").tobytes(), 16, photometric=0, largest=4095),
        tiff(scaled(65535).tobytes(), 16, largest=4095),
    ],
    ids=["12", "16", "white-is-zero", "12-in-16", "10-in-16", "both", "wrong-largest"],
)
def test_black_is_black_and_white_is_white(data: bytes, tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a.tif", data))
    np.testing.assert_allclose(photo.rgb[..., 0], GREY, atol=1)
    assert photo.warnings == ()


def test_16_bits_that_use_a_sixteenth_of_their_range_are_a_warning(tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a.tif", tiff(scaled(4095).tobytes(), 16)))
    assert any("largest value is 4095" in warning for warning in photo.warnings)


def test_a_bmp_without_any_alpha_is_opaque(tmp_path: Path) -> None:
    clear = np.dstack([UPRIGHT, np.zeros(UPRIGHT.shape[:2], np.uint8)])
    data = bytearray(encoded(Image.fromarray(clear), "BMP"))
    photo = read_photo(file(tmp_path, "a.bmp", with_alpha_mask(bytes(data))))
    np.testing.assert_array_equal(photo.rgb, UPRIGHT)
    clear[:8, :8, 3] = 255
    some = read_photo(file(tmp_path, "b.bmp", with_alpha_mask(encoded(Image.fromarray(clear), "BMP"))))
    assert (some.rgb[40:] == 255).all(), "some alpha is transparency"


def with_alpha_mask(data: bytes) -> bytes:
    """Gives a 32-bit BMP the header of version 4, which names the masks of its channels (BITMAPV4HEADER)."""
    (start,) = struct.unpack_from("<I", data, 10)
    info, pixels = bytearray(data[14:54]), data[start:]
    struct.pack_into("<I", info, 0, 108)
    struct.pack_into("<I", info, 16, 3)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    rest = (bytes(info) + masks).ljust(108, b"\0")
    return data[:2] + struct.pack("<IHHI", 14 + 108 + len(pixels), 0, 0, 14 + 108) + rest + pixels
