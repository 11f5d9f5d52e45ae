"""Recognises panoramas: their projection is no pinhole camera's, so that no focal length describes them."""

import xml.etree.ElementTree as ElementTree

from recon.photo.embedded_depth.xmp import jpeg_packets, parse, value

GPANO = "http://ns.google.com/photos/1.0/panorama/"
"""Namespace of the photo sphere XMP metadata (developers.google.com/streetview/spherical-metadata)."""
_PERSPECTIVE = ("perspective", "rectilinear")
_STITCHED = ("FullPanoWidthPixels", "CroppedAreaImageWidthPixels", "SourcePhotosCount", "StitchingSoftware")
"""Properties that only programs that stitch write."""


def panorama_projection(xmp: object) -> str | None:
    """The projection that the XMP packet of an image states, such as ``equirectangular``; None for a pinhole camera.

    Args:
        xmp: The packet as Pillow gives it (bytes or str); a damaged or absent one states nothing.
    """
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    if not isinstance(packet, bytes):
        return None
    try:
        return _stated(parse(packet))
    except ValueError:
        return None


def projection_in_jpeg(data: bytes) -> str | None:
    """The same of all XMP packets of a JPEG file, also of the extended one."""
    packets = ElementTree.Element("packets")
    try:
        for packet in jpeg_packets(data):
            packets.append(packet)
    except ValueError:
        pass  # what was read until there counts
    return _stated(packets)


def _stated(root: ElementTree.Element) -> str | None:
    stated = value(root, GPANO, "ProjectionType")
    if stated:
        # Words of a file reach the terminal: letters only.
        word = "".join(letter for letter in stated.lower() if letter.isascii() and letter.isalpha())[:20]
        return None if word in _PERSPECTIVE else word or "spherical"
    return "equirectangular" if any(value(root, GPANO, name) for name in _STITCHED) else None
