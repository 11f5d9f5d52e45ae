"""Reads SPZ, Niantic's compressed Gaussian splats, versions 2 and 3: positions and colours."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.damage import reason
from recon.file_info.colours import as_bytes
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import Extent, FileInfo
from recon.frames import FILE_AXES

_MAGIC, _HEADER = 0x5053474E, struct.Struct("<IIIBBBB")
_MOST_POINTS = 10_000_000
"""As other readers accept."""
_ROTATION_BYTES = {2: 3, 3: 4}
"""By version."""
_HARMONICS = (0, 3, 8, 15, 24)
"""Coefficients per channel besides the constant one, by degree."""
_COLOUR, _SH_C0 = 0.15, 0.28209479177387814


def describe(path: Path) -> FileInfo:
    """Describes an SPZ file."""
    version, points, _ = _read(path)
    extent = Extent()
    extent.add(points)
    return FileInfo(
        path=path,
        format=f"SPZ, version {version}",
        bytes=path.stat().st_size,
        points=len(points),
        colours="vertex",
        normals=False,
        axes=f"y-up: {FILE_AXES['y-up']}",
        **extent.fields,
    )


def load(path: Path) -> Contents:
    """The centres of the Gaussians, with their colours."""
    _, points, rgb = _read(path)
    return Contents((Part(points, rgb=rgb),), "y-up")


def _read(path: Path) -> tuple[int, NDArray[np.float64], NDArray[np.uint8]]:
    """Version, (N, 3) positions and (N, 3) colours.

    Raises:
        ValueError: The file is damaged, or not one of these versions.
    """
    try:
        with gzip.open(path) as stream:
            return _unpacked(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(reason(error)) from error


def _unpacked(stream: gzip.GzipFile) -> tuple[int, NDArray[np.float64], NDArray[np.uint8]]:
    magic, version, count, degree, bits, flags, _ = _HEADER.unpack(_exactly(stream, _HEADER.size))
    if magic != _MAGIC or version not in _ROTATION_BYTES or degree >= len(_HARMONICS) or bits > 24:
        raise ValueError(f"its header is that of no known version ({version})")
    if flags & 2:
        raise ValueError("it has extensions, which are not read")
    if count > _MOST_POINTS:
        raise ValueError(f"it declares {count:,} points, and a file has {_MOST_POINTS:,} at most")
    low, middle, high = (
        np.frombuffer(_exactly(stream, 9 * count), np.uint8).reshape(-1, 3, 3).transpose(2, 0, 1)
    )
    # The highest byte has the sign.
    fixed = (
        low.astype(np.int32) + (middle.astype(np.int32) << 8) + (high.view(np.int8).astype(np.int32) << 16)
    )
    _exactly(stream, count)
    packed = np.frombuffer(_exactly(stream, 3 * count), np.uint8).reshape(-1, 3)
    shares = 0.5 + _SH_C0 / _COLOUR * (packed / 255 - 0.5)
    _exactly(stream, count * (3 + _ROTATION_BYTES[version] + 3 * _HARMONICS[degree]))
    if stream.read(1):  # also compares the check sum
        raise ValueError("it has more bytes than its points need")
    return version, fixed / 2.0**bits, as_bytes(*shares.T, most=1.0)


def _exactly(stream: gzip.GzipFile, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ValueError("it is shorter than its header says")
    return data
