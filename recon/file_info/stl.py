"""Reads STL, binary and text; keywords are case-insensitive."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recon.file_info.geometry import Contents, Part
from recon.file_info.info import Extent, FileInfo, axes_of
from recon.frames import FILE_AXES, Axes
from recon.threads import blocks

_TRIANGLE = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_HEADER = 84  # bytes, with the count at their end


def describe(path: Path) -> FileInfo:
    """Describes an STL file. Each triangle has three points, because the format does not share vertices."""
    corners, header, extra = _corners(path)
    extent = Extent()
    for part in blocks(len(corners)):
        extent.add(corners[part].reshape(-1, 3))
    axes = _axes(header)
    return FileInfo(
        path=path,
        format="STL, text" if header is None else "STL, binary",
        bytes=path.stat().st_size,
        points=3 * len(corners),
        faces=len(corners),
        normals=True,
        unit="m" if axes else None,
        axes=axes and f"{axes}: {FILE_AXES[axes]}",
        notes=(*([header] if header else []), *extra, *extent.notes),
        **extent.fields,
    )


def load(path: Path) -> Contents:
    """Loads the triangles, each with its own three points."""
    corners, header, extra = _corners(path)
    points = corners.reshape(-1, 3).astype(np.float64)
    faces = np.arange(len(points)).reshape(-1, 3)
    return Contents((Part(points, faces),), _axes(header) or "y-up", notes=extra)


def _axes(header: str | None) -> Axes | None:
    """The axes from recon's own header (``recon.export.formats.stl``)."""
    start, words, rest = (header or "").partition(" in metres, ")
    return axes_of({"axes": rest.replace(",", ":")}) if words and start == "binary STL" else None


def _corners(path: Path) -> tuple[NDArray[np.floating], str | None, tuple[str, ...]]:
    """(F, 3, 3) corners, the header of a binary file (None for text), and notes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER)
    faces = int.from_bytes(head[80:84], "little")
    extra = size - _HEADER - _TRIANGLE.itemsize * faces
    # Some binary files begin with "solid": check the size, and whether there are lines of facets.
    text = (
        _text(path) if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:5].lower() == b"solid" and extra else None
    )
    if text is not None:
        return text, None, ()
    if len(head) < _HEADER or extra < 0:
        raise ValueError(f"it declares {faces:,} triangles, but is too short for them")
    if not faces:
        raise ValueError("it has no triangles")
    rows = np.memmap(path, _TRIANGLE, "r", _HEADER, (faces,))
    header = head[:80].split(b"\0")[0].decode("ascii", "replace").strip()
    notes = (f"{extra:,} bytes after its triangles were not read",) if extra else ()
    return rows["corners"], header, notes


def _text(path: Path) -> NDArray[np.float64] | None:
    """The corners of a text file, or None if it has no lines of facets."""
    corners, is_text = list[bytes](), False
    with path.open("rb") as file:
        for line in file:
            keyword, *numbers = line.split(maxsplit=1) or [b""]
            if keyword.lower() == b"vertex":
                corners.append(b"".join(numbers))
            is_text = is_text or keyword.lower() == b"facet"
    if not is_text:
        return None
    if not corners or len(corners) % 3:
        raise ValueError("its triangles are incomplete")
    return np.loadtxt(corners, ndmin=2).reshape(-1, 3, 3)
