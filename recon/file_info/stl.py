"""Reads STL, binary and text."""

import re
from pathlib import Path

import numpy as np

from recon.file_info.info import Extent, FileInfo
from recon.threads import blocks

_TRIANGLE = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_CORNER = re.compile(rb"^\s*vertex\s+(.*)$", re.MULTILINE)


def read(path: Path) -> FileInfo:
    """Describes an STL file. Its corners are counted as points: the format shares none."""
    size, extent = path.stat().st_size, Extent()
    with path.open("rb") as file:
        head = file.read(84)
    faces = int.from_bytes(head[80:84], "little")
    # Binary files whose header begins with "solid" exist: the size decides.
    binary = len(head) == 84 and size == 84 + _TRIANGLE.itemsize * faces
    if not binary and head.lstrip().startswith(b"solid"):
        corners = [row.decode("ascii") for row in _CORNER.findall(path.read_bytes())]
        if not corners or len(corners) % 3:
            raise ValueError("its triangles are not complete")
        faces = len(corners) // 3
        extent.add(np.loadtxt(corners, ndmin=2))
    elif len(head) < 84 or size < 84 + _TRIANGLE.itemsize * faces:
        raise ValueError(f"it promises {faces:,} triangles and is too short for them")
    elif not faces:
        raise ValueError("it has no triangles")
    else:
        rows = np.memmap(path, _TRIANGLE, "r", 84, (faces,))
        for part in blocks(faces):
            extent.add(rows[part]["corners"].reshape(-1, 3))
    header = head[:80].split(b"\0")[0].decode("ascii", "replace").strip()
    return FileInfo(
        path=path,
        format="STL, binary" if binary or not head.startswith(b"solid") else "STL, text",
        bytes=size,
        points=3 * faces,
        faces=faces,
        normals=True,
        notes=(*([header] if binary and header else []), *extent.notes),
        **extent.fields,
    )
