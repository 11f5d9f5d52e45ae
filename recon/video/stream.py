"""Which stream of a file is the video, what its colours mean, and how its frames are turned upright."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.photo.stated_colour import StatedColour, of_cicp

_PICTURES = ("attached_pic", "timed_thumbnails")
"""Dispositions of streams that are no video: cover pictures, and thumbnails for seeking."""
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "gif", "webp", "tiff"})
_WIDE, _HDR = frozenset({9, 11, 12}), frozenset({16, 18})
"""Codes of BT.2020 and the two P3s, of PQ and HLG (ITU-T H.273, tables 2 and 3)."""
_MATRIX = struct.Struct("=9i")
"""Display matrix of FFmpeg (libavutil/display.h), as in QuickTime: a b u, c d v, x y w."""
_PROJECTION, _RECTILINEAR = struct.Struct("=i"), 4
_PROJECTIONS = {
    0: "equirectangular",
    1: "cube map",
    2: "equirectangular",
    3: "half equirectangular",
    5: "fisheye",
}
"""First field of FFmpeg's AVSphericalMapping (libavutil/spherical.h)."""
_LARGEST_ASPECT = 4.0
"""Wider or narrower pixels than this are an error of the file: 16:9 on a PAL DVD is 1.46."""


def video_streams(streams: Sequence[Any]) -> list[Any]:
    """The streams of moving pictures that can be decoded, the best first: several frames, the default, the largest.

    Args:
        streams: PyAV's video streams of a container, which include covers and thumbnails.
    """
    usable = [each for each in streams if each.codec_context is not None and not _is_picture(each)]
    return sorted(usable, key=_rank)


def _is_picture(stream: Any) -> bool:
    return any(getattr(type(stream.disposition), name) & stream.disposition for name in _PICTURES)


def _rank(stream: Any) -> tuple[bool, bool, bool, int, int]:
    codec = stream.codec_context
    return (
        stream.frames == 1,  # a cover that is not marked as one
        codec.name in _STILL_CODECS,
        not type(stream.disposition).default & stream.disposition,
        -(codec.width * codec.height),
        stream.index,
    )


def upright(rgb: NDArray[np.uint8], frame: Any) -> NDArray[np.uint8]:
    """Turns and mirrors a decoded (H, W, 3) frame as its display matrix says, to the nearest quarter turn.

    The matrix sends the stored point (p, q) to (a p + c q + x, b p + d q + y). Front cameras store mirrored ones,
    for which a rotation angle alone gives a picture that is upside down.
    """
    matrix = _display_matrix(frame)
    if matrix is None:
        return rgb
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        rgb, across, down = rgb.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(rgb[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1])


def stated_colour(tagged: Any) -> StatedColour | None:
    """The colour of a frame or a decoder by its tags, where it is HDR or has wider primaries than sRGB; else None.

    The curves and primaries of usual video (BT.601, BT.709) are shown as sRGB, as players and browsers do.
    """
    primaries, transfer = int(tagged.color_primaries or 0), int(tagged.color_trc or 0)
    if primaries not in _WIDE and transfer not in _HDR:
        return None
    return of_cicp(primaries if primaries in _WIDE else 1, transfer if transfer in _HDR else 1, "video", [])


def spherical_projection(frame: Any) -> str | None:
    """The projection of a 360-degree camera's frame by the file; None for a pinhole camera's."""
    content = _side_data(frame, "SPHERICAL")
    if content is None or len(content) < _PROJECTION.size:
        return None
    (code,) = _PROJECTION.unpack_from(content)
    return None if code == _RECTILINEAR else _PROJECTIONS.get(code, "spherical")


def _display_matrix(frame: Any) -> tuple[int, ...] | None:
    content = _side_data(frame, "DISPLAYMATRIX")
    return _MATRIX.unpack(content) if content is not None and len(content) == _MATRIX.size else None


def _side_data(frame: Any, name: str) -> bytes | None:
    return next((bytes(data) for data in frame.side_data if data.type.name == name), None)


def square_width(width: int, aspect: float | None) -> int:
    """Width of a frame with square pixels, px; a pixel aspect that no recording has is ignored."""
    if not aspect or not 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT:
        return width
    return max(1, round(width * aspect))
