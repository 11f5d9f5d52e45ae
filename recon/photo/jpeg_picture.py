"""Separates the picture in a JPEG file from everything else in it: what is embedded in scenes is the picture alone.

Files of phones and cameras carry the place, the owner, serial numbers and thumbnails, and behind the picture whole
videos with sound. The bytes of the scans stay as they are, so nothing is compressed a second time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recon.photo.embedded_depth.jpeg_segments import APP1

_SOI, _EOI, _SOS, _COM = b"\xff\xd8", 0xD9, 0xDA, 0xFE
_APP0, _APP2, _APP13, _APP14 = 0xE0, 0xE2, 0xED, 0xEE
_BARE = {0x01, 0xD8, *range(0xD0, 0xD8)}
"""Markers without a length (ITU-T T.81, B.1.1.3)."""
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""A marker among entropy-coded data: not a stuffed zero, not a restart marker (ITU-T T.81, B.1.1.5)."""
_JFIF = b"JFIF\0"
_JFIF_BYTES = 14
"""Length of the contents of a JFIF segment without a thumbnail (JFIF 1.02)."""
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
"""Holds depth maps, and other pictures of the same moment."""


@dataclass(frozen=True)
class JpegPicture:
    """A JPEG file, taken apart."""

    picture: bytes
    """A JPEG file of the same pixels and colour profile, with nothing else in it."""
    metadata: bytes
    """The segments of EXIF, XMP, IPTC and comments, in their order; empty where there are none."""


def split_jpeg(data: bytes) -> JpegPicture | None:
    """Takes the first picture of a JPEG file apart; None where it has no end, or its segments are damaged."""
    kept, metadata = [_SOI], []
    try:
        for marker, piece in _pieces(data):
            if marker is None or (not 0xE0 <= marker <= 0xEF and marker != _COM):
                kept.append(piece)
            elif _is_needed(marker, piece):
                kept.append(_without_thumbnail(piece) if marker == _APP0 else piece)
            elif marker in (APP1, _APP13, _COM) and not piece[4:].startswith(_EXTENDED_XMP):
                metadata.append(piece)
    except ValueError:
        return None
    return JpegPicture(b"".join(kept), b"".join(metadata))


def with_metadata(picture: bytes, metadata: bytes) -> bytes:
    """A picture of ``split_jpeg`` with segments of metadata, behind its JFIF segment if it has one."""
    at = len(_SOI)
    if picture[at + 1] == _APP0:
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
    return picture[:at] + metadata + picture[at:]


def _pieces(data: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Every segment with its marker, every run of pixels with None, up to and with the end of the picture.

    Raises:
        ValueError: The picture has no end, or a segment is damaged.
    """
    if not data.startswith(_SOI):
        raise ValueError("it is no JPEG")
    at = len(_SOI)
    while True:
        if at + 2 > len(data) or data[at] != 0xFF:
            raise ValueError("a marker is missing")
        marker = data[at + 1]
        if marker == _EOI:
            yield None, data[at : at + 2]
            return
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if not at + 4 <= end <= len(data):
                raise ValueError("a segment is cut off")
            yield marker, data[at:end]
            at = end
            if marker == _SOS:
                match = _MARKER.search(data, at)
                if match is None:
                    raise ValueError("it has no end")
                yield None, data[at : match.start()]
                at = match.start()


def _is_needed(marker: int, piece: bytes) -> bool:
    """Whether an application segment says how the pixels are to be shown."""
    body = piece[4:]
    return (
        (marker == _APP0 and body.startswith(_JFIF) and len(body) >= _JFIF_BYTES)
        or (marker == _APP2 and body.startswith(b"ICC_PROFILE\0"))
        or (marker == _APP14 and body.startswith(b"Adobe"))
    )


def _without_thumbnail(piece: bytes) -> bytes:
    """A JFIF segment without its thumbnail, which may show what was cropped away."""
    return piece[:2] + (2 + _JFIF_BYTES).to_bytes(2, "big") + piece[4 : 4 + _JFIF_BYTES - 2] + b"\0\0"
