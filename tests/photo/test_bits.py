"""Grey TIFFs of 10 to 16 bits by their tags, and the unused fourth byte of a BMP."""

import struct
from pathlib import Path

import numpy as np
import pytest
from picture_files import UPRIGHT, encoded, file
from PIL import Image

from recon.errors import PhotoError
from recon.photo.read import read_photo

GREY = np.linspace(0, 255, 48).round().astype(np.uint16).reshape(6, 8)


def tiff(
    data: bytes, bits: int, *, photometric: int = 1, largest: int | None = None, kind: int | None = None
) -> bytes:
    """A little-endian TIFF of GREY's size in one strip (TIFF 6.0, section 4)."""
    tags = [(256, 8), (257, 6), (258, bits), (259, 1), (262, photometric), (273, 0), (277, 1), (278, 6)]
    tags += [(279, len(data))] + ([] if largest is None else [(281, largest)])
    tags += [] if kind is None else [(339, kind)]
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


@pytest.mark.parametrize("photometric", [0, 1])
def test_signed_integers_are_not_wrapped_around(photometric: int, tmp_path: Path) -> None:
    levels = GREY.astype(int) if photometric else 255 - GREY.astype(int)
    data = (levels * 32767 // 255).astype("<i2").tobytes()
    photo = read_photo(file(tmp_path, "a.tif", tiff(data, 16, kind=2, photometric=photometric)))
    np.testing.assert_allclose(photo.rgb[..., 0], GREY, atol=1)
    assert photo.warnings == ()
    for signed, bits in (((levels - 128).astype("i1"), 8), ((levels * 100 - 1024).astype("<i2"), 16)):
        photo = read_photo(
            file(tmp_path, "b.tif", tiff(signed.tobytes(), bits, kind=2, photometric=photometric))
        )
        np.testing.assert_allclose(photo.rgb[..., 0], GREY, atol=1)
        assert "stores signed integers" in photo.warnings[0]


@pytest.mark.parametrize(
    ("bits", "photometric", "kind", "says"),
    [
        (16, 1, 3, "floats of 16 bits"),
        (6, 1, 1, "6 bits per sample"),
        (16, 8, 1, r"L\*a\*b\* colours of more than 8 bits"),
        (8, 9, 1, r"ICC L\*a\*b\* colours"),
        (8, 32845, 1, "LogLuv"),
        (16, 32803, 1, "camera raw"),
        (16, 34892, 1, "camera raw"),
    ],
)
def test_what_is_not_read_is_not_called_damaged(
    bits: int, photometric: int, kind: int, says: str, tmp_path: Path
) -> None:
    data = tiff(bytes(6 * 8 * 2), bits, photometric=photometric, kind=kind)
    with pytest.raises(PhotoError, match=f"stores .*{says}.*; save it as RGB or grey of 8 or 16 bits"):
        read_photo(file(tmp_path, "a.tif", data))


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


def colour_tiff(values: np.ndarray, *, planar: int = 1, largest: int | None = None) -> bytes:
    """A little-endian TIFF of (H, W, 3) uint16 or float32 in one strip, or in one for each plane."""
    height, width = values.shape[:2]
    planes = [values[..., k] for k in range(3)] if planar == 2 else [values]
    strips = [np.ascontiguousarray(each).tobytes() for each in planes]
    kind = 3 if values.dtype.kind == "f" else 1
    lists = {258: [8 * values.dtype.itemsize] * 3, 339: [kind] * 3, 281: [largest] * 3}
    if largest is None:
        del lists[281]
    lists |= {273: [0] * len(strips), 279: [len(each) for each in strips]}
    single = {256: width, 257: height, 259: 1, 262: 2, 277: 3, 278: height, 284: planar}
    tags = sorted([*lists, *single])
    behind = 8 + 2 + 12 * len(tags) + 4
    pixels = behind + sum(4 * len(each) for each in lists.values() if len(each) > 1)
    lists[273] = [pixels + sum(lists[279][:k]) for k in range(len(strips))]
    entries, more = b"", b""
    for tag in tags:
        numbers = lists.get(tag) or [single[tag]]
        value = numbers[0] if len(numbers) == 1 else behind + len(more)
        entries += struct.pack("<HHII", tag, 4, len(numbers), value)
        more += struct.pack(f"<{len(numbers)}I", *numbers) if len(numbers) > 1 else b""
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + more + b"".join(strips)


@pytest.mark.parametrize("white", [1023, 4095, 16383, 65535])
def test_colours_follow_the_largest_sample_value_too(white: int, tmp_path: Path) -> None:
    values = np.rint(UPRIGHT / 255 * white).astype("<u2")
    photo = read_photo(file(tmp_path, "a.tif", colour_tiff(values, largest=white)))
    np.testing.assert_allclose(photo.rgb, UPRIGHT, atol=1)
    assert photo.warnings == ()


def test_white_is_zero_holds_for_floats_and_what_pillow_cannot_open(tmp_path: Path) -> None:
    white_is_zero = tiff((65535 - scaled(65535)).tobytes(), 16, photometric=0)
    swapped = big_endian(white_is_zero)
    assert np.abs(read_photo(file(tmp_path, "a.tif", swapped)).rgb[..., 0] - GREY.astype(int)).max() <= 1


def big_endian(data: bytes) -> bytes:
    """The same TIFF in the other byte order: its tags are single numbers of 32 bits, its pixels of 16."""
    (count,) = struct.unpack_from("<H", data, 8)
    head = struct.pack(">2sHIH", b"MM", 42, 8, count)
    entries = b"".join(
        struct.pack(">HHII", *struct.unpack_from("<HHII", data, 10 + 12 * k)) for k in range(count)
    )
    pixels = np.frombuffer(data[14 + 12 * count :], "<u2").astype(">u2").tobytes()
    return head + entries + bytes(4) + pixels


@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_deep_planes_are_refused_and_not_garbled(kind: str, tmp_path: Path) -> None:
    values = UPRIGHT.astype("<u2") * 257 if kind == "u2" else (UPRIGHT / 255).astype("<f4")
    assert np.array_equal(read_photo(file(tmp_path, "a.tif", colour_tiff(values))).rgb, UPRIGHT)
    with pytest.raises(PhotoError, match="separate planes"):
        read_photo(file(tmp_path, "b.tif", colour_tiff(values, planar=2)))


def test_32_bits_are_unsigned(tmp_path: Path) -> None:
    values = np.rint(GREY.astype(np.float64) / 255 * (2**32 - 1)).astype("<u4")
    photo = read_photo(file(tmp_path, "a.tif", tiff(values.tobytes(), 32)))
    np.testing.assert_allclose(photo.rgb[..., 0], GREY, atol=1)
