"""Bits, modes, transparency and colour profiles become 8-bit sRGB."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from picture_files import UPRIGHT, apart, by_opencv, chunk, encoded, file, heic
from PIL import Image, ImageCms

from recon.photo.read import read_photo


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No decoder may write to the terminal, not even from C."""
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_16_bits_are_rounded_not_cut(suffix: str, channels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65536, (20, 30, channels) if channels else (20, 30)).astype(np.uint16)
    deep[0, :4] = np.array([0, 128, 129, 65535]).reshape(4, *[1] * (deep.ndim - 2))
    if channels == 4:
        deep[..., 3] = 65535
    rgb = read_photo(file(tmp_path, "a" + suffix, by_opencv(deep, suffix))).rgb
    expected = np.rint(deep / 257).astype(np.uint8)
    expected = expected[..., :3] if channels else np.repeat(expected[..., None], 3, axis=2)
    assert np.array_equal(rgb, expected)


@pytest.mark.parametrize("channels", [0, 3])
def test_a_float_tiff_is_black_to_white_from_0_to_1(channels: int, tmp_path: Path) -> None:
    values = np.random.default_rng(2).random((20, 30, channels) if channels else (20, 30)).astype(np.float32)
    values[:2] = 1.0
    holes = values.copy()
    holes[5:9] = np.nan
    holes[9:11] = -np.inf
    clean, holed = (
        read_photo(file(tmp_path, f"{i}.tiff", by_opencv(v, ".tiff"))) for i, v in enumerate((values, holes))
    )
    expected = np.rint(values * 255).astype(np.uint8)
    assert np.array_equal(clean.rgb, expected if channels else np.repeat(expected[..., None], 3, axis=2))
    assert (holed.rgb[5:11] == 0).all()
    assert np.array_equal(holed.rgb[11:], clean.rgb[11:])
    assert any("floating-point" in note for note in clean.warnings)
    assert any("not finite" in note for note in holed.warnings)


def test_a_float_tiff_brighter_than_1_is_scaled_to_its_brightest(tmp_path: Path) -> None:
    values = np.linspace(0, 8, 600, dtype=np.float32).reshape(20, 30)
    photo = read_photo(file(tmp_path, "a.tiff", by_opencv(values, ".tiff")))
    assert np.array_equal(photo.rgb[..., 0], np.rint(values / 8 * 255).astype(np.uint8))
    assert any("8 as white" in note for note in photo.warnings)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_modes_without_transparency_look_as_pillow_shows_them(mode: str, kind: str, tmp_path: Path) -> None:
    picture = Image.fromarray(UPRIGHT).convert(mode)
    photo = read_photo(file(tmp_path, "a", encoded(picture, kind)))
    assert np.array_equal(photo.rgb, np.asarray(picture.convert("RGB")))
    assert photo.warnings == ()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_shown_on_white_and_reported(mode: str, kind: str, tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:8, :, 3], pixels[8:12, :, 3] = 255, 51
    how = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = Image.fromarray(pixels).convert(mode)
    photo = read_photo(file(tmp_path, "a", encoded(picture, kind, **how)))
    assert (photo.rgb[:8] == 0).all()
    assert (photo.rgb[8:] == 255).all()
    assert photo.present is not None
    assert photo.present[:8].all() and not photo.present[8:].any()
    assert any("50.0 %" in note and "white" in note for note in photo.warnings)


def test_an_alpha_channel_that_hides_nothing_is_no_warning(tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a", encoded(Image.fromarray(UPRIGHT).convert("RGBA"), "PNG")))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert photo.warnings == ()


@pytest.mark.parametrize("transparency", [1, b"\xff\x00\xff"])
def test_a_palette_with_transparency_is_shown_on_white(transparency: object, tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.putdata([0, 1, 2, 1] * 4)
    photo = read_photo(file(tmp_path, "a", encoded(picture, "PNG", transparency=transparency)))
    assert photo.rgb[0].tolist() == [[10, 20, 30], [255, 255, 255], [70, 80, 90], [255, 255, 255]]


def test_a_transparent_16_bit_png_is_shown_on_white(tmp_path: Path) -> None:
    deep = np.full((4, 4, 4), 65535, np.uint16)
    deep[..., :3] = 1000
    deep[:, 2:, 3] = 0
    photo = read_photo(file(tmp_path, "a.png", by_opencv(deep, ".png")))
    assert (photo.rgb[:, :2] == 4).all()
    assert (photo.rgb[:, 2:] == 255).all()


def test_cmyk_is_converted_and_reported(tmp_path: Path) -> None:
    picture = Image.fromarray(UPRIGHT).convert("CMYK")
    photo = read_photo(file(tmp_path, "a", encoded(picture, "JPEG", quality=95)))
    assert apart(photo.rgb, UPRIGHT) <= 8
    assert photo.jpeg_bytes is None
    assert any("CMYK" in note for note in photo.warnings)


SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
P3_D50 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])


def profile(kind: bytes, columns: NDArray[np.float64], gamma: float) -> bytes:
    """A version 2 ICC profile with one gamma for all channels (ICC.1:2001-04, sections 6.1 to 6.5)."""

    def xyz(values: NDArray[np.float64]) -> bytes:
        return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    text = b"text" + bytes(4) + b"none\0"
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(8 + 3 + 67)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"desc": name, b"cprt": text, b"wtpt": xyz(np.array([0.9642, 1.0, 0.8249]))}
    if kind == b"RGB ":
        tags |= {c + b"XYZ": xyz(columns[:, i]) for i, c in enumerate((b"r", b"g", b"b"))}
        tags |= {c + b"TRC": curve for c in (b"r", b"g", b"b")}
    else:
        tags |= {b"kTRC": curve}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", kind, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def srgb_of_p3(rgb: NDArray[np.uint8], gamma: float) -> NDArray[np.float64]:
    """The same colour in sRGB, 0 to 255 (IEC 61966-2-1), clipped to what sRGB can show."""
    linear = np.linalg.solve(SRGB_D50, P3_D50 @ (rgb / 255) ** gamma).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    "colour", [(255, 0, 0), (200, 100, 50), (128, 128, 128), (90, 120, 80), (255, 255, 255)]
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "HEIF"])
def test_display_p3_becomes_srgb(kind: str, colour: tuple[int, int, int], tmp_path: Path) -> None:
    pixels = np.full((16, 16, 3), colour, np.uint8)
    icc = profile(b"RGB ", P3_D50, 2.2)
    data = (
        heic(pixels, icc_profile=icc, icc_profile_type="prof")
        if kind == "HEIF"
        else encoded(pixels, kind, icc_profile=icc, **({"lossless": True} if kind == "WEBP" else {}))
    )
    photo = read_photo(file(tmp_path, "a", data))
    expected = srgb_of_p3(np.array(colour, np.uint8), 2.2)
    assert np.abs(photo.rgb[8, 8] - expected).max() <= (5 if kind in ("JPEG", "HEIF") else 1.5)
    assert photo.jpeg_bytes is None
    assert photo.warnings == ()


def test_transparency_survives_the_profile(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 4), (200, 100, 50, 255), np.uint8)
    pixels[0, :, 3] = 0
    data = encoded(pixels, "PNG", icc_profile=profile(b"RGB ", P3_D50, 2.2))
    rgb = read_photo(file(tmp_path, "a", data)).rgb
    assert (rgb[0] == 255).all()
    assert np.abs(rgb[1] - srgb_of_p3(np.array([200, 100, 50], np.uint8), 2.2)).max() <= 1.5


def test_a_grey_profile_is_honoured(tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((4, 4), 128, np.uint8))
    rgb = read_photo(file(tmp_path, "a", encoded(grey, "PNG", icc_profile=profile(b"GRAY", P3_D50, 1.0)))).rgb
    linear = 128 / 255
    assert np.abs(rgb - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)).max() <= 1.5


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(UPRIGHT, "JPEG", icc_profile=icc)
    assert read_photo(file(tmp_path, "a.jpg", data)).jpeg_bytes == data


@pytest.mark.parametrize("icc", [b"no profile", bytes(200), profile(b"GRAY", P3_D50, 1.0)])
def test_a_broken_profile_is_a_warning(icc: bytes, tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a", encoded(UPRIGHT, "PNG", icc_profile=icc)))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert any("profile" in note for note in photo.warnings)


def test_a_broken_profile_of_a_16_bit_png_is_a_warning_and_silent(tmp_path: Path) -> None:
    plain = by_opencv(UPRIGHT.astype(np.uint16) * 257, ".png")
    data = plain[:33] + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile")) + plain[33:]
    photo = read_photo(file(tmp_path, "a.png", data))
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert any("profile" in note for note in photo.warnings)


def test_display_p3_by_the_codes_of_a_heic_becomes_srgb(tmp_path: Path) -> None:
    colours = {
        "color_primaries": 12,
        "transfer_characteristics": 13,
        "matrix_coefficients": 6,
        "full_range_flag": 1,
    }
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(UPRIGHT)).save(out, nclx_profile=colours, save_nclx_profile=True)
    photo = read_photo(file(tmp_path, "a.heic", out.getvalue()))
    expected = srgb_of_p3(UPRIGHT.reshape(-1, 3).T, 2.2).T.reshape(UPRIGHT.shape).round().astype(np.uint8)
    mean, unconverted = (np.abs(each.astype(int) - expected).mean() for each in (photo.rgb, UPRIGHT))
    assert mean < 3 < unconverted
    assert photo.warnings == ()


def test_a_grey_picture_with_a_profile_for_colours_is_converted_by_it(tmp_path: Path) -> None:
    """Programs leave the profile in when they make a picture grey."""
    path, levels = tmp_path / "a.png", np.arange(256, dtype=np.uint8).reshape(16, 16)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(levels).save(path, icc_profile=srgb)
    photo = read_photo(path)
    assert photo.warnings == () and np.abs(photo.rgb[..., 0].astype(int) - levels).max() <= 2
