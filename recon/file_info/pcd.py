"""Reads PCD of the Point Cloud Library: text and binary; of compressed files the header only."""

from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from recon.file_info.info import Extent, FileInfo, read_comments
from recon.threads import blocks

_KINDS = {"F": "f", "U": "u", "I": "i"}


def read(path: Path) -> FileInfo:
    """Describes a PCD file."""
    size, extent = path.stat().st_size, Extent()
    with path.open("rb") as file:
        header, comments = _read_header(file)
        points, encoding, names = int(header["POINTS"][0]), header["DATA"][0], header["FIELDS"]
        if encoding == "ascii":
            columns = [names.index(axis) for axis in "xyz"]
            rows = np.loadtxt(islice(file, points), usecols=columns, ndmin=2) if points else np.empty((0, 3))
            if len(rows) < points:
                raise ValueError(f"it promises {points:,} points and has {len(rows):,}")
            extent.add(rows)
        elif encoding == "binary":
            _measure_binary(file, header, points, size, extent)
    told = read_comments(comments)
    compressed = ("compressed: the points were not read",) if encoding == "binary_compressed" else ()
    told["notes"] = (*told.get("notes", ()), *extent.notes, *compressed)
    return FileInfo(
        path=path,
        format=f"PCD, {encoding.replace('_', ' ')}",
        bytes=size,
        points=points,
        colours="vertex" if {"rgb", "rgba"} & set(names) else "none",
        normals="normal_x" in names,
        **extent.fields,
        **told,
    )


def _read_header(file: BinaryIO) -> tuple[dict[str, list[str]], list[str]]:
    header, comments = dict[str, list[str]](), list[str]()
    for raw in islice(file, 1000):
        line = raw.decode("ascii", "replace").strip()
        if line.startswith("#"):
            comments.append(line[1:])
        elif line:
            key, *values = line.split()
            header[key] = values
            if key == "DATA":
                return header, [text for text in comments if not text.strip().startswith(".PCD")]
    raise ValueError("its header does not end with a DATA line")


def _measure_binary(
    file: BinaryIO, header: dict[str, list[str]], points: int, size: int, extent: Extent
) -> None:
    counts = header.get("COUNT", ["1"] * len(header["FIELDS"]))
    described = zip(header["FIELDS"], header["TYPE"], header["SIZE"], counts, strict=True)
    # Padding fields are all called "_": number them apart.
    row = np.dtype(
        [
            (f"{name}{index}" if name == "_" else name, f"<{_KINDS[kind]}{width}", (int(count),))
            for index, (name, kind, width, count) in enumerate(described)
        ]
    )
    found = (size - file.tell()) // row.itemsize
    if found < points:
        raise ValueError(f"it promises {points:,} points and has {found:,}")
    if points:
        rows = np.memmap(file, row, "r", file.tell(), (points,))
        for part in blocks(points):
            extent.add(np.hstack([rows[part][axis] for axis in "xyz"]))
