"""Reads Wavefront OBJ and looks for its material and texture."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recon.file_info.info import Colours, Extent, FileInfo, read_comments

_BLOCK = 1 << 25
_VERTEX = re.compile(rb"^v[ \t]+(.*)$", re.MULTILINE)
_LIBRARY = re.compile(rb"^mtllib[ \t]+(.*?)[ \t\r]*$", re.MULTILINE)
_MAP = re.compile(r"^\s*map_Kd\s+(.*?)\s*$", re.MULTILINE)


def read(path: Path) -> FileInfo:
    """Describes an OBJ file."""
    extent, points, faces, columns = Extent(), 0, 0, 0
    has_uv = has_normals = False
    libraries, comments = list[str](), list[str]()
    for index, block in enumerate(_blocks(path)):
        if index == 0:
            comments = [line[1:].decode("utf-8", "replace") for line in _leading_comments(block)]
        rows = [row.decode("ascii") for row in _VERTEX.findall(block)]
        if rows:
            columns = len(rows[0].split())
            extent.add(np.loadtxt(rows, usecols=(0, 1, 2), ndmin=2))
        points += len(rows)
        faces += _count(block, b"f")
        has_uv = has_uv or _count(block, b"vt") > 0
        has_normals = has_normals or _count(block, b"vn") > 0
        if b"mtllib" in block:
            libraries += [name.decode("utf-8", "replace") for name in _LIBRARY.findall(block)]
    if not points:
        raise ValueError("it has no vertices")
    texture, texture_notes = _texture(path, libraries)
    colours: Colours = "texture" if texture and has_uv else "vertex" if columns >= 6 else "none"
    told: dict[str, Any] = read_comments(comments)
    told["notes"] = (*told.get("notes", ()), *texture_notes, *extent.notes)
    return FileInfo(
        path=path,
        format="Wavefront OBJ",
        bytes=path.stat().st_size,
        points=points,
        faces=faces,
        colours=colours,
        normals=has_normals,
        **extent.fields,
        **told,
    )


def _count(block: bytes, keyword: bytes) -> int:
    """Lines that begin with a keyword; many times faster than a regular expression."""
    lines = b"\n" + block
    return lines.count(b"\n" + keyword + b" ") + lines.count(b"\n" + keyword + b"\t")


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block + file.readline()


def _leading_comments(block: bytes) -> Iterator[bytes]:
    for line in block.splitlines():
        if not line.startswith(b"#"):
            return
        yield line


def _texture(path: Path, libraries: list[str]) -> tuple[bool, list[str]]:
    """Whether a texture is there, and which file is missing."""
    there, notes = False, list[str]()
    for library in libraries:
        material = path.with_name(library)
        if not material.is_file():
            notes.append(f"the material file {library} is missing: programs will show no texture")
            continue
        for name in _MAP.findall(material.read_text("utf-8", "replace")):
            if path.with_name(name).is_file():
                there = True
            else:
                notes.append(f"the texture {name} is missing")
    return there, notes
