"""Recognises panoramas: their projection is no pinhole camera's, so that no focal length describes them."""

from recon.photo.embedded_depth.xmp import parse, value

GPANO = "http://ns.google.com/photos/1.0/panorama/"
"""Namespace of the photo sphere XMP metadata (developers.google.com/streetview/spherical-metadata)."""
_PERSPECTIVE = ("perspective", "rectilinear")


def panorama_projection(xmp: object) -> str | None:
    """The projection that the XMP packet of an image states, such as ``equirectangular``; None for a pinhole camera.

    Args:
        xmp: The packet as Pillow gives it (bytes or str); a damaged or absent one states nothing.
    """
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    if not isinstance(packet, bytes):
        return None
    try:
        root = parse(packet)
    except ValueError:
        return None
    stated = value(root, GPANO, "ProjectionType")
    if stated:
        # Words of a file reach the terminal: letters only.
        word = "".join(letter for letter in stated.lower() if letter.isascii() and letter.isalpha())[:20]
        return None if word in _PERSPECTIVE else word or "spherical"
    return "equirectangular" if value(root, GPANO, "FullPanoWidthPixels") else None
