"""Reads LAS and LAZ, versions 1.0 to 1.4: described from the header, which has the bounds; points with laspy.

Layout: ASPRS LAS specification 1.4, public header block; LAZ has the same, with the highest bit of the point format
set.
"""

import struct
from pathlib import Path
from typing import IO

import numpy as np

from recon.file_info.colours import as_bytes
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import FileInfo, axes_of, read_comments

_LAST_FORMAT = 10
_COLOURED = {2, 3, 5, 7, 8, 10}
_WITH_64_BIT_COUNT = 375  # bytes of the header of version 1.4
_TEXT_RECORD = 3
_VLR_BYTES, _EVLR_BYTES = 54, 60  # minimum sizes of a record
_MOST_PACKED = 10_000
"""Largest plausible compression ratio of LAZ; two million equal points compress by a factor of 2,900."""


def describe(path: Path) -> FileInfo:
    """Describes a LAS or LAZ file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(_WITH_64_BIT_COUNT)
        if header[:4] != b"LASF":
            raise ValueError("it does not begin with 'LASF'")
        version = f"{header[24]}.{header[25]}"
        length, points_at, records = struct.unpack_from("<HII", header, 94)
        point_format, point_bytes, count = struct.unpack_from("<BHI", header, 104)
        high_x, low_x, high_y, low_y, high_z, low_z = struct.unpack_from("<6d", header, 179)
        if point_format & 0x3F > _LAST_FORMAT:
            raise ValueError(f"its point format is {point_format & 0x3F}, and the last one is {_LAST_FORMAT}")
        if not all(np.isfinite(scale) and scale for scale in struct.unpack_from("<3d", header, 131)):
            raise ValueError("its scale factors are 0 or not finite")
        if length >= _WITH_64_BIT_COUNT:
            (count,) = struct.unpack_from("<Q", header, 247)
            evlrs_at, evlrs = struct.unpack_from("<QI", header, 235)
            if evlrs and evlrs_at + _EVLR_BYTES * evlrs > size:
                raise ValueError(f"it declares {evlrs:,} records at its end, but is too short for them")
        if length > size or length + _VLR_BYTES * records > points_at:
            raise ValueError(f"it declares {records:,} records before its points, but has no space for them")
        packed = bool(point_format & 0x80)
        if packed and count * point_bytes > _MOST_PACKED * size:
            raise ValueError(
                f"it declares {count:,} points, which is more than LAZ can compress to {size:,} bytes"
            )
        _check_complete(file, points_at, count * point_bytes, size, packed)
        metadata = read_comments(_text(file, length, records).splitlines())
    return FileInfo(
        path=path,
        format=f"{'LAZ, compressed LAS' if packed else 'LAS'} {version}, point format {point_format & 0x3F}",
        bytes=size,
        points=count,
        colours="vertex" if point_format & 0x3F in _COLOURED else "none",
        low=(low_x, low_y, low_z) if count else None,
        high=(high_x, high_y, high_z) if count else None,
        **metadata,
    )


def load(path: Path) -> Contents:
    """The points, with their colours.

    Raises:
        ImportError: laspy is not installed.
    """
    import laspy

    about = describe(path)  # refuses files for which laspy would take hours or all memory
    try:
        las = laspy.read(path)
    except BaseException as error:
        # A Rust panic is not a subclass of Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("its compressed points are damaged") from error
    names = set(las.point_format.dimension_names)
    rgb = as_bytes(las.red, las.green, las.blue) if {"red", "green", "blue"} <= names and len(las) else None
    if rgb is not None and not rgb.any():  # the colour fields were never set
        rgb = None
    # z-up by convention
    axes = axes_of({"axes": about.axes}) or "z-up"
    part = Part(np.stack([las.x, las.y, las.z], axis=1), rgb=rgb)
    return Contents((part,), axes, camera=about.camera)


def _check_complete(file: IO[bytes], points_at: int, points_bytes: int, size: int, packed: bool) -> None:
    if not packed:
        if points_at + points_bytes > size:
            raise ValueError(f"it declares {points_at + points_bytes:,} bytes but has {size:,}")
        return
    file.seek(points_at)
    (table_at,) = struct.unpack("<q", file.read(8))  # table of chunks, after the points
    if table_at == -1:  # written to a pipe: its offset is at the end of the file
        file.seek(size - 8)
        (table_at,) = struct.unpack("<q", file.read(8))
    if not 0 <= table_at <= size - 8:
        raise ValueError("its points are incomplete")
    file.seek(table_at)
    _, chunks = struct.unpack("<II", file.read(8))
    if chunks > size:  # the reader would allocate memory for all of them
        raise ValueError(f"it declares {chunks:,} chunks of points, but has {size:,} bytes")


def _text(file: IO[bytes], header_length: int, records: int) -> str:
    """The text record among the variable length records, in which recon stores metadata."""
    file.seek(header_length)
    for _ in range(records):
        user, record, length = struct.unpack("<2x16sHH32x", file.read(54))
        data = file.read(length)
        if user.rstrip(b"\0") == b"LASF_Spec" and record == _TEXT_RECORD:
            return data.decode("ascii", "replace")
    return ""
