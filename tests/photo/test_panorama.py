"""A panorama is refused in every format that carries XMP; other XMP changes nothing."""

from pathlib import Path

import numpy as np
import pytest
from picture_files import UPRIGHT, chunk, encoded, file, heic
from PIL import Image, PngImagePlugin, TiffImagePlugin

from recon.errors import PhotoError
from recon.photo.read import read_photo

HEAD = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
NAMESPACE = 'xmlns:any="http://ns.google.com/photos/1.0/panorama/"'


def packet(properties: str, elements: str = "") -> bytes:
    body = f'<rdf:Description rdf:about="" {NAMESPACE} {properties}>{elements}</rdf:Description>'
    return f"{HEAD}{body}</rdf:RDF></x:xmpmeta>".encode()


def with_xmp(kind: str, xmp: bytes) -> bytes:
    if kind == "HEIF":
        return heic(UPRIGHT, xmp=xmp)
    if kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[700] = xmp
        return encoded(UPRIGHT, kind, tiffinfo=tags)
    if kind == "PNG-16":
        import cv2

        whole = bytes(cv2.imencode(".png", UPRIGHT.astype(np.uint16) * 257)[1])
        return whole[:-12] + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp) + whole[-12:]
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
        return encoded(UPRIGHT, kind, pnginfo=info)
    return encoded(Image.fromarray(UPRIGHT), kind, xmp=xmp)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF", "PNG", "PNG-16", "TIFF", "HEIF"])
def test_a_panorama_is_refused_in_every_format(kind: str, tmp_path: Path) -> None:
    for projection in ("equirectangular", "cylindrical"):
        path = file(tmp_path, "a", with_xmp(kind, packet(f'any:ProjectionType="{projection}"')))
        with pytest.raises(PhotoError, match=f"{projection} panorama"):
            read_photo(path)
    pinhole = with_xmp(kind, packet('any:ProjectionType="perspective"'))
    assert read_photo(file(tmp_path, "b", pinhole)).rgb.shape == UPRIGHT.shape


@pytest.mark.parametrize(
    ("properties", "elements"),
    [
        ("", "<any:ProjectionType>equirectangular</any:ProjectionType>"),
        ('any:FullPanoWidthPixels="400"', ""),
        ('any:StitchingSoftware="x" any:PoseHeadingDegrees="20"', ""),
    ],
)
def test_other_ways_to_say_it(properties: str, elements: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="equirectangular panorama"):
        read_photo(file(tmp_path, "a", with_xmp("JPEG", packet(properties, elements))))


@pytest.mark.parametrize("xmp", [b"<x:xmpmeta", packet(""), b"\xff\xfe GPano equirectangular"])
def test_other_xmp_changes_nothing(xmp: bytes, tmp_path: Path) -> None:
    assert read_photo(file(tmp_path, "a", with_xmp("JPEG", xmp))).rgb.shape == UPRIGHT.shape


def test_a_projection_in_extended_xmp(tmp_path: Path) -> None:
    name, extended = b"0123456789ABCDEF" * 2, packet('any:ProjectionType="equirectangular"')
    note = f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{name.decode()}"'
    pieces = [b"http://ns.adobe.com/xap/1.0/\0" + packet(note)]
    for start, piece in ((0, extended[:100]), (100, extended[100:])):
        head = name + len(extended).to_bytes(4, "big") + start.to_bytes(4, "big")
        pieces.append(b"http://ns.adobe.com/xmp/extension/\0" + head + piece)
    segments = b"".join(b"\xff\xe1" + (2 + len(piece)).to_bytes(2, "big") + piece for piece in pieces)
    whole = encoded(UPRIGHT, "JPEG")
    with pytest.raises(PhotoError, match="XMP metadata says equirectangular panorama"):
        read_photo(file(tmp_path, "a.jpg", whole[:2] + segments + whole[2:]))


@pytest.mark.parametrize(
    ("model", "rendered", "size", "says"),
    [
        ("RICOH THETA V", 0, (64, 32), "equirectangular"),
        ("Insta360 ONE X2", 0, (64, 32), "equirectangular"),
        ("GoPro Max", 0, (64, 32), "equirectangular"),
        ("iPhone 13 Pro", 6, (64, 16), "cylindrical"),
        ("Insta360 ONE X2", 0, (64, 36), None),
        ("iPhone 13 Pro", 0, (64, 32), None),
    ],
)
def test_cameras_whose_panoramas_lost_their_xmp(
    model: str, rendered: int, size: tuple[int, int], says: str | None, tmp_path: Path
) -> None:
    block = Image.Exif()
    block[0x110] = model
    block.get_ifd(0x8769)[0xA401] = rendered
    path = file(tmp_path, "a.jpg", encoded(Image.new("RGB", size, "teal"), "JPEG", exif=block.tobytes()))
    if says is None:
        assert read_photo(path).rgb.shape == (size[1], size[0], 3)
    else:
        with pytest.raises(PhotoError, match=f"EXIF metadata says {says} panorama"):
            read_photo(path)
