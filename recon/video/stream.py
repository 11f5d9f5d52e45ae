"""Which stream of a file is the video, and how its frames are turned upright."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PICTURES = ("attached_pic", "timed_thumbnails")
"""Dispositions of streams that are no video: cover pictures, and thumbnails for seeking."""
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "gif", "webp", "tiff"})
_MATRIX = struct.Struct("=9i")
"""Display matrix of FFmpeg (libavutil/display.h), as in QuickTime: a b u, c d v, x y w."""
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


def _display_matrix(frame: Any) -> tuple[int, ...] | None:
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            content = bytes(data)
            return _MATRIX.unpack(content) if len(content) == _MATRIX.size else None
    return None


def square_width(width: int, aspect: float | None) -> int:
    """Width of a frame with square pixels, px; a pixel aspect that no recording has is ignored."""
    if not aspect or not 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT:
        return width
    return max(1, round(width * aspect))
