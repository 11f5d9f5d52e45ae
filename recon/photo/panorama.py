"""Recognises panoramas: their projection is no pinhole camera's, so that no focal length describes them."""

import xml.etree.ElementTree as ElementTree
from typing import Literal

from recon.photo.embedded_depth.xmp import jpeg_packets, number, parse, value
from recon.types import PanoramaFrame

GPANO = "http://ns.google.com/photos/1.0/panorama/"
"""Namespace of the photo sphere XMP metadata (developers.google.com/streetview/spherical-metadata)."""
_PERSPECTIVE = ("perspective", "rectilinear")
_STITCHED = ("FullPanoWidthPixels", "CroppedAreaImageWidthPixels", "SourcePhotosCount", "StitchingSoftware")
"""Properties that only programs that stitch write."""
_SAME_SHAPE = 0.01
"""Largest relative difference of the scales of width and height of a resized copy."""


def panorama_projection(xmp: object) -> str | None:
    """The projection that the XMP packet of an image states, such as ``equirectangular``; None for a pinhole camera.

    Args:
        xmp: The packet as Pillow gives it (bytes or str); a damaged or absent one states nothing.
    """
    return _stated(_packets(xmp))


def projection_in_jpeg(data: bytes) -> str | None:
    """The same of all XMP packets of a JPEG file, also of the extended one."""
    return _stated(_jpeg_packets(data))


def panorama_frame(xmp: object, jpeg: bytes, *, width: int, height: int) -> PanoramaFrame | None:
    """Which part of all directions the picture shows, by its GPano properties; None if it states no projection.

    Args:
        xmp: The packet as Pillow gives it.
        jpeg: Contents of its file, in which there may be more XMP; empty for another format.
        width: Of the picture, px; it may be a resized copy of what the properties describe.
        height: Of the picture, px.

    Raises:
        ValueError: A projection or a part that is not supported; the message says what is missing.
    """
    root = _packets(xmp)
    if _stated(root) is None and GPANO.encode() in jpeg:
        root = _jpeg_packets(jpeg)
    stated = _stated(root)
    if stated is None:
        return None
    if stated not in ("equirectangular", "cylindrical"):
        raise ValueError(f"{stated} panoramas are not supported: stitch it as equirectangular or cylindrical")
    full_width, full_height = _number(root, "FullPanoWidthPixels"), _number(root, "FullPanoHeightPixels")
    if full_width is None or full_height is None:
        if stated == "equirectangular" and width == 2 * height:
            return PanoramaFrame("equirectangular", width, height)
        raise ValueError("its GPano metadata lacks FullPanoWidthPixels and FullPanoHeightPixels")
    left, top = (_number(root, f"CroppedArea{side}Pixels") or 0.0 for side in ("Left", "Top"))
    own_width = _number(root, "CroppedAreaImageWidthPixels") or full_width
    own_height = _number(root, "CroppedAreaImageHeightPixels") or full_height
    if min(full_width, full_height, own_width, own_height) < 1 or min(left, top) < 0:
        raise ValueError("its GPano metadata has sizes that are not positive")
    across, down = width / own_width, height / own_height
    if (
        abs(across / down - 1) > _SAME_SHAPE
        or left + own_width > full_width + 1
        or top + own_height > full_height + 1
    ):
        raise ValueError("the picture is not the part of the panorama that its GPano metadata describes")
    projection: Literal["equirectangular", "cylindrical"] = "equirectangular"
    if stated == "cylindrical":
        projection = "cylindrical"
    return PanoramaFrame(projection, full_width * across, full_height * down, left * across, top * down)


def _number(root: ElementTree.Element, name: str) -> float | None:
    return number(root, GPANO, name)


def _packets(xmp: object) -> ElementTree.Element:
    """The packet that Pillow gives; empty for one that is damaged or absent."""
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    try:
        return parse(packet) if isinstance(packet, bytes) else ElementTree.Element("none")
    except ValueError:
        return ElementTree.Element("none")


def _jpeg_packets(data: bytes) -> ElementTree.Element:
    """All packets of a JPEG file, under one root."""
    packets = ElementTree.Element("packets")
    try:
        for packet in jpeg_packets(data):
            packets.append(packet)
    except ValueError:
        pass  # what was read until there counts
    return packets


def _stated(root: ElementTree.Element) -> str | None:
    stated = value(root, GPANO, "ProjectionType")
    if stated:
        # Words of a file reach the terminal: letters only.
        word = "".join(letter for letter in stated.lower() if letter.isascii() and letter.isalpha())[:20]
        return None if word in _PERSPECTIVE else word or "spherical"
    return "equirectangular" if any(value(root, GPANO, name) for name in _STITCHED) else None
