"""Reads PCD files of the Point Cloud Library: text, binary and compressed."""

from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recon.file_info.colours import as_bytes
from recon.file_info.geometry import Contents, Part
from recon.file_info.info import Extent, FileInfo, axes_of, read_comments
from recon.threads import blocks

_KINDS = {"F": "f", "U": "u", "I": "i"}
_SINGLE = (("r", "g", "b"), ("red", "green", "blue"))
"""Colours in fields of their own."""
_NORMAL = ("normal_x", "normal_y", "normal_z")


def describe(path: Path) -> FileInfo:
    """Describes a PCD file."""
    extent = Extent()
    header, comments, rows = _read(path)
    fields = set(header["FIELDS"])
    for part in blocks(len(rows)):
        extent.add(_stack(rows[part], ("x", "y", "z")))
    metadata = read_comments(comments)
    metadata["notes"] = (*metadata.get("notes", ()), *extent.notes)
    return FileInfo(
        path=path,
        format=f"PCD, {header['DATA'][0].replace('_', ' ')}",
        bytes=path.stat().st_size,
        points=len(rows),
        colours="vertex"
        if {"rgb", "rgba"} & fields or any(set(each) <= fields for each in _SINGLE)
        else "none",
        normals="normal_x" in header["FIELDS"],
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """The points, with their colours and normals."""
    header, comments, rows = _read(path)
    names = set(header["FIELDS"])
    packed = next((name for name in ("rgb", "rgba") if name in names), None)
    rgb = None if packed is None else _unpacked(rows[packed].reshape(-1))
    single = next((each for each in _SINGLE if set(each) <= names), None)
    if rgb is None and single is not None:
        rgb = as_bytes(*(rows[name].reshape(-1) for name in single))
    normals = _stack(rows, _NORMAL) if set(_NORMAL) <= names else None
    header_values = read_comments(comments)
    part = Part(_stack(rows, ("x", "y", "z")), rgb=rgb, normals=normals)
    return Contents((part,), axes_of(header_values) or "y-up", camera=header_values.get("camera"))


def _stack(rows: NDArray[Any], names: tuple[str, ...]) -> NDArray[np.float64]:
    return np.stack([rows[name].reshape(-1).astype(np.float64) for name in names], axis=1)


def _unpacked(packed: NDArray[Any]) -> NDArray[np.uint8]:
    """Colours from the lowest three bytes of each number; a float is reinterpreted as its bits."""
    bits = packed.astype(np.float32).view(np.uint32) if packed.dtype.kind == "f" else packed.astype(np.uint32)
    return np.stack([bits >> 16 & 255, bits >> 8 & 255, bits & 255], axis=1).astype(np.uint8)


def _points(header: dict[str, list[str]]) -> int:
    """Number of points: POINTS, or WIDTH x HEIGHT in older files without it."""
    if "POINTS" in header:
        return int(header["POINTS"][0])
    return int(header["WIDTH"][0]) * int(header["HEIGHT"][0])


def _read(path: Path) -> tuple[dict[str, list[str]], list[str], NDArray[Any]]:
    """Header, comments, and the rows as a structured array."""
    with path.open("rb") as file:
        header, comments = _read_header(file)
        points, encoding, record = _points(header), header["DATA"][0].lower(), _record(header)
        if encoding == "ascii":
            return header, comments, _text(file, record, points)
        if encoding == "binary_compressed":
            return header, comments, _decompressed(file, record, points)
        if encoding != "binary":
            raise ValueError(f"its points are stored as {encoding[:40]!r}")
        available = (path.stat().st_size - file.tell()) // record.itemsize
        if available < points:
            raise ValueError(f"it declares {points:,} points but has {available:,}")
        rows = np.memmap(file, record, "r", file.tell(), (points,)) if points else np.empty(0, record)
        return header, comments, rows


def _read_header(file: IO[bytes]) -> tuple[dict[str, list[str]], list[str]]:
    header, comments = dict[str, list[str]](), list[str]()
    for raw in islice(file, 1000):
        line = raw.decode("ascii", "replace").strip()
        if line.startswith("#"):
            comments.append(line[1:])
        elif line:
            key, *values = line.split()
            header["FIELDS" if key == "COLUMNS" else key] = values  # its name before version 0.7
            if key == "DATA":
                return header, [text for text in comments if not text.strip().startswith(".PCD")]
    raise ValueError("its header does not end with a DATA line")


def _record(header: dict[str, list[str]]) -> np.dtype[Any]:
    counts = header.get("COUNT", ["1"] * len(header["FIELDS"]))
    described = zip(header["FIELDS"], header["TYPE"], header["SIZE"], counts, strict=True)
    # Padding fields are all called "_": number them.
    record = np.dtype(
        [
            (f"{name}{index}" if name == "_" else name, f"<{_KINDS[kind]}{width}", (int(count),))
            for index, (name, kind, width, count) in enumerate(described)
        ]
    )
    if any(record[name].itemsize != record[name].base.itemsize for name in "xyz"):
        raise ValueError("x, y and z are not one number each")
    return record


def _text(file: IO[bytes], record: np.dtype[Any], points: int) -> NDArray[Any]:
    width = record.itemsize and sum(record[name].shape[0] for name in record.names or ())
    lines = islice((line for line in file if line.strip()), points)
    table = np.loadtxt(lines, usecols=range(width), ndmin=2) if points else np.empty((0, width))
    if len(table) < points:
        raise ValueError(f"it declares {points:,} points but has {len(table):,}")
    rows, at = np.empty(points, record), 0
    for name in record.names or ():
        count = record[name].shape[0]
        rows[name] = table[:, at : at + count]
        at += count
    return rows


def _decompressed(file: IO[bytes], record: np.dtype[Any], points: int) -> NDArray[Any]:
    """Rows that are stored column by column and compressed with LZF."""
    packed, size = np.frombuffer(file.read(8), "<u4").tolist()
    data = file.read(packed)
    if len(data) < packed or size != points * record.itemsize:
        raise ValueError(f"it declares {points:,} points and {packed:,} bytes, but has {len(data):,} bytes")
    columns, rows, at = _unpack_lzf(data, size), np.empty(points, record), 0
    for name in record.names or ():
        base, count = record[name].base, record[name].shape[0]
        rows[name] = np.frombuffer(columns, base, points * count, at).reshape(points, count)
        at += points * record[name].itemsize
    return rows


def _unpack_lzf(data: bytes, size: int) -> bytearray:
    """Decompresses Marc Lehmann's LZF: literal runs, and copies of earlier bytes."""
    out, at = bytearray(), 0
    while at < len(data) and len(out) < size:
        control, at = data[at], at + 1
        if control < 32:
            out += data[at : at + control + 1]
            at += control + 1
            continue
        length, far = control >> 5, (control & 31) << 8
        if length == 7:
            length, at = length + data[at], at + 1
        start, at = len(out) - far - data[at] - 1, at + 1
        if start < 0:
            raise ValueError("its compressed points are damaged")
        copied = out[start : start + length + 2]
        # A copy may overlap its own output: the existing part then repeats.
        out += (copied * (-(-(length + 2) // len(copied))))[: length + 2]
    if len(out) != size:
        raise ValueError("its compressed points are damaged")
    return out
