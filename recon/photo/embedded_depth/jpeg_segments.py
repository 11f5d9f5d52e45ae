"""Parses JPEG files: the segments before the pixels, and images that follow the first one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_BARE = {0x01, _SOI, *range(0xD0, 0xD8)}
"""Markers without a length (ITU-T T.81, B.1.1.3)."""
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""A marker among entropy-coded data: not a stuffed zero, not a restart marker (ITU-T T.81, B.1.1.5)."""
APP1 = 0xE1


@dataclass(frozen=True)
class Segment:
    """One marker segment."""

    marker: int
    start: int
    """Where its contents start, after marker and length."""
    end: int
    """Where they end."""


def segments(data: bytes, start: int = 0) -> Iterator[Segment]:
    """The segments of the image at ``start``, up to and including the first start of scan; stops at damaged data."""
    if data[start : start + 2] != b"\xff\xd8":
        return
    at = start + 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker == _EOI:
            return
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if end < at + 4 or end > len(data):
                return
            yield Segment(marker, at + 4, end)
            if marker == _SOS:
                return
            at = end


def head_end(data: bytes, start: int = 0) -> int:
    """Where the segments before the first scan end."""
    return max((segment.end for segment in segments(data, start)), default=start)


def picture_end(data: bytes, start: int = 0) -> int | None:
    """Where the image at ``start`` ends, after its end-of-image marker, or None."""
    at = head_end(data, start)
    while (match := _MARKER.search(data, at)) is not None:
        if match[1][0] == _EOI:
            return match.end()
        # Tables between the scans of a progressive image may contain any bytes.
        at = match.end() + int.from_bytes(data[match.end() : match.end() + 2], "big")
    return None


def following_pictures(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the JPEG images after the first one, as in multi-picture files (CIPA DC-007)."""
    at = picture_end(data)
    while at is not None:
        start = data.find(b"\xff\xd8\xff", at)
        if start < 0:
            return
        at = picture_end(data, start)
        yield start, len(data) if at is None else at
