"""A picture in memory is the photo that its file is; an array is copied."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.errors import PhotoError
from recon.photo.from_memory import photo_from

RGB = np.random.default_rng(5).integers(0, 256, (24, 32, 3), np.uint8)


def _cut_out(path: Path) -> None:
    alpha = np.where(np.arange(32) < 8, 0, 255).astype(np.uint8) * np.ones((24, 1), np.uint8)
    Image.fromarray(np.dstack([RGB, alpha])).save(path)


def _turned_cut_out(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    alpha = np.where(np.arange(32) < 8, 0, 255).astype(np.uint8) * np.ones((24, 1), np.uint8)
    Image.fromarray(np.dstack([RGB, alpha])).save(path, exif=exif)


def _palette(path: Path) -> None:
    Image.fromarray(RGB).quantize(16).save(path, transparency=3)


def _linear(path: Path) -> None:
    Image.fromarray(RGB).save(path)
    data, gamma = path.read_bytes(), b"gAMA" + struct.pack(">I", 100_000)
    at = data.index(b"IDAT") - 4
    path.write_bytes(
        data[:at] + struct.pack(">I", 4) + gamma + struct.pack(">I", zlib.crc32(gamma)) + data[at:]
    )


def _adobe_rgb(path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 2
    Image.fromarray(RGB).save(path.with_suffix(".jpg"), exif=exif)
    path.with_suffix(".jpg").rename(path)


def _white_is_zero(path: Path) -> None:
    Image.fromarray(RGB[..., 0].astype(np.uint16) * 200).save(path, "TIFF", tiffinfo={262: 0})


@pytest.mark.parametrize(
    "write",
    [_cut_out, _turned_cut_out, _palette, _linear, _adobe_rgb, _white_is_zero],
    ids=lambda each: each.__name__,
)
def test_a_picture_in_memory_is_the_photo_of_its_file(tmp_path: Path, write: object) -> None:
    path = tmp_path / "photo.png"
    write(path)  # type: ignore[operator]
    file = photo_from(path)
    with Image.open(path) as picture:
        opened = photo_from(picture)
    assert np.array_equal(opened.rgb, file.rgb) and not np.array_equal(file.rgb, RGB)
    assert (opened.present is None) == (file.present is None)
    assert file.present is None or np.array_equal(opened.present, file.present)
    assert opened.warnings == file.warnings


def test_a_panorama_in_memory_is_refused(tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    xmp += b'<rdf:Description xmlns:G="http://ns.google.com/photos/1.0/panorama/" G:ProjectionType="cylindrical"/>'
    Image.fromarray(RGB).save(tmp_path / "photo.jpg", xmp=xmp + b"</rdf:RDF></x:xmpmeta>")
    with pytest.raises(PhotoError, match=r"the picture is not a perspective photo: .* cylindrical"):
        photo_from(Image.open(tmp_path / "photo.jpg"))


def test_a_picture_whose_file_was_closed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    _cut_out(tmp_path / "photo.png")
    with Image.open(tmp_path / "photo.png") as picture:
        pass
    with pytest.raises(PhotoError, match=r"cannot be decoded .*read it again"):
        photo_from(picture)


def test_an_array_may_be_used_again() -> None:
    frame = RGB.copy()
    photo = photo_from(frame)
    frame[:] = 0
    assert np.array_equal(photo.rgb, RGB)
