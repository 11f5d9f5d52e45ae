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
    ],
)
def test_other_ways_to_say_it(properties: str, elements: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="equirectangular panorama"):
        read_photo(file(tmp_path, "a", with_xmp("JPEG", packet(properties, elements))))


@pytest.mark.parametrize("xmp", [b"<x:xmpmeta", packet(""), b"\xff\xfe GPano equirectangular"])
def test_other_xmp_changes_nothing(xmp: bytes, tmp_path: Path) -> None:
    assert read_photo(file(tmp_path, "a", with_xmp("JPEG", xmp))).rgb.shape == UPRIGHT.shape
