"""What is embedded in scenes is the picture of a JPEG: its pixels unchanged, and nothing that is private."""

import io
from pathlib import Path

import numpy as np
import pytest
from picture_files import NOISE, encoded, file
from PIL import Image, ImageCms

from recon.photo.jpeg_picture import split_jpeg, with_metadata
from recon.photo.read import read_photo

XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>MYXMP</x:xmpmeta>"
THUMBNAIL = bytes(range(3)) * 4


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def with_secrets(**how: object) -> bytes:
    """A photo as a phone writes it: EXIF with the place, XMP, IPTC, a comment, a thumbnail, and a video behind it."""
    tags = Image.Exif()
    tags[315] = "MYNAME"
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    plain = encoded(NOISE, "JPEG", quality=90, exif=tags, comment=b"MYCOMMENT", **how)
    jfif = segment(0xE0, b"JFIF\0\x01\x02\0\0\x48\0\x48\x02\x02" + THUMBNAIL)
    private = segment(0xE1, XMP) + segment(0xED, b"Photoshop 3.0\0MYIPTC") + segment(0xE7, b"MYMAKER")
    at = 2 + (2 + int.from_bytes(plain[4:6], "big") if plain[3] == 0xE0 else 0)
    return plain[:2] + jfif + private + plain[at:] + b"\0\0\0\x18ftypmp42MYVIDEO"


SECRETS = (b"MYNAME", b"MYXMP", b"MYIPTC", b"MYMAKER", b"MYCOMMENT", b"MYVIDEO", b"ftyp", THUMBNAIL)


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"optimize": True}])
def test_the_picture_holds_the_same_pixels_and_no_secret(how: dict[str, object]) -> None:
    data = with_secrets(**how)
    assert all(secret in data for secret in SECRETS)
    parts = split_jpeg(data)
    assert parts is not None
    assert not [secret for secret in SECRETS if secret in parts.picture]
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(parts.picture))), np.asarray(Image.open(io.BytesIO(data)))
    )
    scan = data[data.index(b"\xff\xda") : data.index(b"\xff\xd9\0\0\0\x18ftyp") + 2]
    assert scan in parts.picture, "the scans stay byte for byte"


def test_metadata_goes_back_in_and_the_video_does_not() -> None:
    parts = split_jpeg(with_secrets())
    assert parts is not None
    whole = with_metadata(parts.picture, parts.metadata)
    again = Image.open(io.BytesIO(whole))
    assert again.getexif()[315] == "MYNAME" and again.getexif().get_ifd(0x8825)[1] == "N"
    assert b"MYXMP" in whole and again.info["comment"] == b"MYCOMMENT"
    assert b"ftyp" not in whole and THUMBNAIL not in whole
    assert split_jpeg(whole) == parts


def test_metadata_between_the_scans_is_found_too() -> None:
    plain = encoded(NOISE, "JPEG", progressive=True)
    second = plain.index(b"\xff\xc4", plain.index(b"\xff\xda"))
    data = plain[:second] + segment(0xFE, b"MYCOMMENT") + segment(0xE1, XMP) + plain[second:]
    parts = split_jpeg(data)
    assert parts is not None and parts.picture == plain and b"MYXMP" in parts.metadata


def test_the_colour_profile_stays(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = read_photo(file(tmp_path, "a.jpg", encoded(NOISE, "JPEG", icc_profile=profile)))
    assert photo.jpeg_bytes is not None
    assert Image.open(io.BytesIO(photo.jpeg_bytes)).info["icc_profile"] == profile


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_picture_without_its_end_is_not_embedded(cut: int) -> None:
    plain = encoded(NOISE, "JPEG")
    assert split_jpeg(plain[:-cut]) is None
    assert split_jpeg(b"") is None and split_jpeg(b"\xff\xd8not really") is None
