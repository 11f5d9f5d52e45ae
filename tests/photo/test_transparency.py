"""Cut-outs: what is transparent has no geometry, and what is there keeps its own colours."""

import struct
from pathlib import Path

import numpy as np
import pytest
from picture_files import UPRIGHT, apart, by_opencv, encoded, file, heic, oriented
from PIL import Image

import recon
from recon.photo.read import read_photo

HOLE = np.s_[16:48, 16:32]
ALPHA = np.full(UPRIGHT.shape[:2], 255, np.uint8)
ALPHA[HOLE] = 0
CUT_OUT = np.dstack([UPRIGHT, ALPHA])


def test_what_is_transparent_is_absent(tmp_path: Path) -> None:
    for kind in ("PNG", "WEBP", "TIFF", "GIF"):
        how = {"lossless": True} if kind == "WEBP" else {}
        picture = Image.fromarray(CUT_OUT)
        photo = read_photo(file(tmp_path, "a", encoded(picture, kind, **how)))
        assert photo.present is not None, kind
        assert np.array_equal(photo.present, ALPHA > 0)
        assert (photo.rgb[HOLE] == 255).all()
        if kind != "GIF":
            assert np.array_equal(photo.rgb[ALPHA > 0], UPRIGHT[ALPHA > 0])


def test_a_heic_with_alpha_is_a_cut_out_too(tmp_path: Path) -> None:
    photo = read_photo(file(tmp_path, "a.heic", heic(CUT_OUT)))
    assert photo.present is not None
    assert (photo.present == (ALPHA > 0)).mean() > 0.98


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_hole_is_turned_with_the_picture(orientation: int, tmp_path: Path) -> None:
    stored, tags = oriented(orientation)
    hidden = (stored == SQUARE).all(axis=-1)
    picture = Image.fromarray(np.dstack([stored, np.where(hidden, 0, 255).astype(np.uint8)]))
    photo = read_photo(file(tmp_path, "a.png", encoded(picture, "PNG", exif=tags)))
    assert photo.present is not None
    assert np.array_equal(photo.present, ~(UPRIGHT == SQUARE).all(axis=-1))


SQUARE = UPRIGHT[0, 0]


def test_a_soft_outline_keeps_the_colours_of_the_object(tmp_path: Path) -> None:
    pixels = np.zeros((1, 256, 4), np.uint8)
    pixels[..., 0], pixels[0, :, 3] = 200, range(256)
    photo = read_photo(file(tmp_path, "a.png", encoded(Image.fromarray(pixels), "PNG")))
    assert photo.present is not None
    assert np.array_equal(photo.present[0], np.arange(256) >= 128)
    assert (photo.rgb[0, 128:] == [200, 0, 0]).all(), "not mixed with white"


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
def test_an_alpha_of_0_everywhere_hides_nothing(kind: str, tmp_path: Path) -> None:
    pixels = np.dstack([UPRIGHT, np.zeros_like(ALPHA)])
    how = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photo = read_photo(file(tmp_path, "a", encoded(Image.fromarray(pixels), kind, **how)))
    assert photo.present is None
    assert np.array_equal(photo.rgb, UPRIGHT)
    assert any("0 everywhere" in note for note in photo.warnings) == (kind != "BMP")


def test_a_faint_picture_is_there(tmp_path: Path) -> None:
    """A constant low alpha is a watermark's or an unused channel's, not a hole."""
    pixels = np.dstack([UPRIGHT, np.full_like(ALPHA, 40)])
    photo = read_photo(file(tmp_path, "a.png", encoded(Image.fromarray(pixels), "PNG")))
    assert photo.present is None and np.array_equal(photo.rgb, UPRIGHT)


@pytest.mark.parametrize("bits", [8, 16])
def test_premultiplied_colours_are_divided_by_their_alpha(bits: int, tmp_path: Path) -> None:
    colour = np.array([200, 100, 60], float)
    alpha = np.repeat(np.array([255, 192, 160, 0]), 8).astype(float)
    pixels = np.zeros((8, 32, 4))
    pixels[..., :3], pixels[..., 3] = colour * (alpha / 255)[None, :, None], alpha
    stored = np.rint(pixels).astype(np.uint8) if bits == 8 else np.rint(pixels * 257).astype(np.uint16)
    data = with_extra_samples(by_opencv(stored, ".tiff"), 1)
    photo = read_photo(file(tmp_path, "a.tiff", data))
    assert photo.present is not None and np.array_equal(photo.present[0], alpha > 0)
    assert np.abs(photo.rgb[:, alpha > 0].astype(float) - colour).max() <= 2


def with_extra_samples(data: bytes, kind: int) -> bytes:
    """Changes or adds ExtraSamples of a little-endian TIFF (TIFF 6.0, section 18)."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries = [each for each in entries if int.from_bytes(each[:2], "little") != 338]
    entries.append(struct.pack("<HHIHH", 338, 3, 1, kind, 0))
    entries.sort(key=lambda entry: int.from_bytes(entry[:2], "little"))
    body = data + bytes(len(data) % 2)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return body[:4] + struct.pack("<I", len(body)) + body[8:] + directory


def test_one_transparent_grey_level_of_16_bits(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    picture = Image.fromarray(deep)
    data = encoded(picture, "PNG", transparency=int(deep[3, 3]))
    photo = read_photo(file(tmp_path, "a.png", data))
    assert photo.present is not None and not photo.present[3, 3] and photo.present.sum() == 63
    expected = np.rint(deep / 257)
    assert np.abs(photo.rgb[..., 0].astype(float) - expected)[photo.present].max() <= 1


@pytest.mark.parametrize("measured", [True, False])
def test_a_cut_out_has_no_points_where_it_is_transparent(measured: bool, tmp_path: Path) -> None:
    path = file(tmp_path, "a.png", encoded(Image.fromarray(CUT_OUT), "PNG"))
    np.save(tmp_path / "d.npy", np.full(ALPHA.shape, 2, np.float32))
    how = {"depth": tmp_path / "d.npy"} if measured else {"model": "preview"}
    scene = recon.reconstruct(path, fov=60.0, edge=0.0, **how)
    assert not scene.depth.valid[HOLE].any()
    if measured:
        assert scene.depth.valid.sum() == len(scene.cloud().points) == (ALPHA > 0).sum()
    whole = tmp_path / "s.npz"
    scene.save(whole)
    assert np.array_equal(recon.load_scene(whole).depth.valid, scene.depth.valid)
    assert apart(np.where(ALPHA[..., None] > 0, scene.photo.rgb, UPRIGHT), UPRIGHT) == 0
