"""Colours that a file states without an ICC profile are shown as meant, by standards' own numbers."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from picture_files import UPRIGHT, chunk, encoded, file
from PIL import Image

from recon.photo.read import read_photo
from recon.photo.stated_colour import SRGB, StatedColour, of_cicp, of_container


def png(values: NDArray[np.generic], *chunks: bytes) -> bytes:
    """A PNG of 8 or 16 bits, grey or RGB, with ancillary chunks."""
    deep = values.dtype == np.uint16
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16 if deep else 8, 2 if values.ndim == 3 else 0, 0, 0, 0)
    rows = values.astype(">u2" if deep else "u1")
    raw = b"".join(b"\0" + rows[y].tobytes() for y in range(height))
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chroma(*numbers: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(each * 100_000) for each in numbers)))


SRGB_CHROMA = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
ADOBE_CHROMA = (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)


def srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("exponent", [1.0, 0.55556, 0.8])
def test_the_gamma_of_a_png_is_followed(exponent: float, channels: int, deep: bool, tmp_path: Path) -> None:
    top = 65535 if deep else 255
    grey = np.linspace(0, top, 64).round().astype(np.uint16 if deep else np.uint8).reshape(8, 8)
    values = grey if channels == 1 else np.repeat(grey[..., None], 3, axis=2)
    photo = read_photo(file(tmp_path, "a.png", png(values, gamma(exponent))))
    expected = srgb((grey / top) ** (1 / exponent))
    assert np.abs(photo.rgb.astype(float) - expected[..., None]).max() <= 0.6
    assert photo.warnings == ()


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (gamma(0.45455),),
        (gamma(0.45455), chroma(*SRGB_CHROMA)),
        (chunk(b"sRGB", b"\0"), gamma(1.0)),
        (gamma(0),),
        (chroma(0, 0, 0, 0, 0, 0, 0, 0),),
        (chroma(*[0.3] * 8),),
        (chunk(b"cICP", bytes((1, 13, 0, 1))), gamma(1.0)),
    ],
)
def test_what_states_srgb_or_nonsense_changes_nothing(chunks: tuple[bytes, ...], tmp_path: Path) -> None:
    assert np.array_equal(read_photo(file(tmp_path, "a.png", png(UPRIGHT, *chunks))).rgb, UPRIGHT)


def test_wide_primaries_of_a_png_become_srgb(tmp_path: Path) -> None:
    """Adobe RGB's (0, 1, 0) is out of sRGB; mid colours by the matrix of Adobe RGB (1998), 4.3.6.1."""
    values = np.full((4, 4, 3), (120, 160, 90), np.uint8)
    photo = read_photo(file(tmp_path, "a.png", png(values, gamma(256 / 563), chroma(*ADOBE_CHROMA))))
    linear = (np.array([120, 160, 90]) / 255) ** (563 / 256)
    xyz = (
        np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
        @ linear
    )
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    assert np.abs(photo.rgb[0, 0] - srgb(to_srgb @ xyz)).max() <= 1


# By hand: (120, 160, 90) is 0.1907, 0.3588, 0.1012 in linear Adobe RGB (exponent 2.2), so that red is
# 1.3984 * 0.1907 - 0.3984 * 0.3588 = 0.1238 in linear sRGB, which is 99; green stays, blue is 0.0901 or 85.
def with_exif(space: int, index: str | None) -> bytes:
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0xA001] = space
    if index:
        tags.get_ifd(0x8769)[0xA005] = {1: index}
    return encoded(
        np.full((16, 16, 3), (120, 160, 90), np.uint8), "JPEG", exif=tags, quality=100, subsampling=0
    )


@pytest.mark.parametrize(
    ("space", "index", "adobe"),
    [(2, None, True), (65535, "R03", True), (1, "R98", False), (65535, None, False), (1, "R03", False)],
)
def test_adobe_rgb_by_exif_is_converted(space: int, index: str | None, adobe: bool, tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a.jpg", with_exif(space, index)))
    expected = (99, 161, 85) if adobe else (120, 160, 90)
    assert np.abs(photo.rgb.astype(int) - expected).max() <= 4
    assert (photo.jpeg_bytes is None) == adobe


@pytest.mark.parametrize(("transfer", "codes"), [(16, (0, 106, 148, 192)), (18, (0, 64, 128, 191))])
def test_high_dynamic_range_is_mapped_and_said(transfer: int, codes: tuple[int, ...], tmp_path: Path) -> None:
    """Black stays black, the reference white (203 cd/m2: code 148 of PQ, 191 of HLG) is nearly white, greys are grey,
    and what is brighter is no darker."""
    values = np.array([[(code,) * 3 for code in (*codes, 255)]], np.uint8)
    photo = read_photo(file(tmp_path, "a.png", png(values, chunk(b"cICP", bytes((9, transfer, 0, 1))))))
    grey = photo.rgb[0, :, 0].astype(int)
    assert (np.ptp(photo.rgb.astype(int), axis=2) <= 1).all()
    assert grey[0] == 0 and grey[-1] >= 250 and (np.diff(grey) >= 0).all()
    white = grey[2] if transfer == 16 else grey[3]
    assert 235 <= white <= 252
    assert any("HDR" in note for note in photo.warnings)


def test_a_deep_png_is_converted_before_it_is_rounded(tmp_path: Path) -> None:
    dark = np.repeat(np.arange(0, 512, 2, dtype=np.uint16).reshape(16, 16, 1), 3, axis=2)
    rgb = read_photo(file(tmp_path, "a.png", png(dark, gamma(1.0)))).rgb
    assert np.abs(rgb - srgb(dark / 65535)).max() <= 0.6


@pytest.mark.parametrize(
    ("codes", "same"), [((1, 13), True), ((2, 2), True), ((12, 13), False), ((9, 16), False)]
)
def test_codes_of_a_container(codes: tuple[int, int], same: bool) -> None:
    notes: list[str] = []
    stated = of_container(b"....colrnclx" + struct.pack(">HHHB", *codes, 9, 128), notes)
    assert (stated is None) == same
    assert bool(notes) == (codes[1] == 16)
    assert of_container(b"no box", notes) is None and of_container(b"colrnclx", notes) is None


def test_unknown_codes_are_a_warning() -> None:
    notes: list[str] = []
    assert of_cicp(99, 200, "nclx box", notes) is None and len(notes) == 1


def test_display_p3_by_its_codes_is_that_of_its_profile() -> None:
    """A colour inside both gamuts, by the published matrix of Display P3 (D65) to sRGB."""
    stated = of_cicp(12, 13, "nclx box", [])
    assert stated is not None
    values = np.array([[[180, 120, 90]]], np.uint8)
    v = values[0, 0] / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    assert np.abs(stated.to_srgb(values)[0, 0] - srgb(matrix @ linear)).max() <= 1


def test_srgb_by_its_own_numbers_is_the_identity() -> None:
    levels = np.arange(256, dtype=np.uint8)
    values = np.stack(np.meshgrid(levels[::15], levels[::15], levels[::15]), axis=-1).reshape(-1, 18, 3)
    assert np.array_equal(StatedColour("", SRGB, "sRGB").to_srgb(values), values)
