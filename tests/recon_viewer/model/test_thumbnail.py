"""Small pictures for the welcome page."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.photo.read import read_photo
from recon_viewer.model import thumbnail as thumbnails
from recon_viewer.model.samples import sample_of, samples
from recon_viewer.model.thumbnail import blank, reduced, thumbnail, tile_names


def test_a_photo_stands_upright_and_fills_its_tile(tmp_path: Path) -> None:
    photo = np.zeros((60, 80, 3), np.uint8)
    photo[:, 40:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(photo).save(tmp_path / "a.png", exif=exif)
    small = thumbnail(tmp_path / "a.png", (24, 24))
    assert small is not None and small.shape == blank((24, 24)).shape == (24, 24, 3)
    assert small[:8].max() == 0 and small[-8:].min() == 255


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0nonsense", b"PK nonsense"])
def test_what_is_no_photo_has_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnail(tmp_path / "a.jpg", (24, 16)) is None
    assert thumbnail(tmp_path / "none.jpg", (24, 16)) is None


def test_unusual_exif_of_a_photo_raises_nothing(tmp_path: Path) -> None:
    # Orientation 6 and an XResolution of type ASCII, which Pillow cannot write again after it turned the photo.
    entries = struct.pack(">HHHLHHHHL4s", 2, 0x0112, 3, 1, 6, 0, 0x011A, 2, 4, b"300\0")
    exif = b"Exif\0\0MM\0*" + struct.pack(">L", 8) + entries + bytes(4)
    Image.new("RGB", (80, 60)).save(tmp_path / "a.jpg", exif=exif)
    assert read_photo(tmp_path / "a.jpg").rgb.shape == (80, 60, 3)
    for small in (reduced(tmp_path / "a.jpg", 40), thumbnail(tmp_path / "a.jpg", (40, 30))):
        assert small is None or max(small.shape) == 40


def test_a_deep_photo_is_not_shown_white(tmp_path: Path) -> None:
    grey = np.full((60, 80), 9000, np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert reduced(tmp_path / "a.png", 40) is None


def test_a_huge_photo_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (80, 60)).save(tmp_path / "a.png")
    monkeypatch.setattr(thumbnails, "_MOST_PIXELS", 80 * 60 - 1)
    assert thumbnail(tmp_path / "a.png", (24, 16)) is None


def test_equal_names_are_told_apart_by_their_folder() -> None:
    paths = [Path("/a/x.jpg"), Path("/b/x.jpg"), Path("/b/y.jpg")]
    assert tile_names(paths) == ["a/x.jpg", "b/x.jpg", "y.jpg"]


def test_every_sample_has_a_picture_and_its_measured_depth() -> None:
    assert samples() and samples()[0].title == "Living room"
    for one in samples():
        assert thumbnail(one.photo, (60, 40)) is not None
        assert one.options.depth is not None and one.options.depth.exists() and sample_of(one.photo) is one
    assert sample_of(Path("other.jpg")) is None
