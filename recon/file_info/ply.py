"""Reads PLY: text, little and big endian, with any elements and properties."""

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from recon.file_info.info import Colours, Extent, FileInfo, read_comments
from recon.threads import blocks

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_ENCODINGS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass
class _Element:
    name: str
    count: int
    properties: dict[str, str] = field(default_factory=dict)
    """Name to numpy type; lists are in ``lists``."""
    lists: list[tuple[str, str]] = field(default_factory=list)
    """Types of the count and of the items."""


@dataclass
class _Header:
    encoding: str
    elements: list[_Element]
    comments: list[str]
    length: int

    def element(self, name: str) -> _Element:
        return next((element for element in self.elements if element.name == name), _Element(name, 0))


def read(path: Path) -> FileInfo:
    """Describes a PLY file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _read_header(file)
        vertex, face = header.element("vertex"), header.element("face")
        extent = Extent()
        if header.encoding == "ascii":
            _measure_text(file, header, extent)
        else:
            _measure_binary(file, header, extent, size)
    has_texture = any(line.startswith("TextureFile") for line in header.comments)
    has_colours = {"red", "green", "blue"} <= vertex.properties.keys() or "f_dc_0" in vertex.properties
    colours: Colours = "texture" if has_texture else "vertex" if has_colours else "none"
    told = read_comments(line for line in header.comments if not line.startswith("TextureFile"))
    told["notes"] = (*told.get("notes", ()), *extent.notes)
    return FileInfo(
        path=path,
        format=f"PLY, {header.encoding.replace('_', ' ')}",
        bytes=size,
        points=vertex.count,
        faces=face.count,
        colours=colours,
        normals={"nx", "ny", "nz"} <= vertex.properties.keys(),
        **extent.fields,
        **told,
    )


def _read_header(file: BinaryIO) -> _Header:
    if file.readline(8).strip() != b"ply":
        raise ValueError("it does not begin with 'ply'")
    encoding, elements, comments = "", list[_Element](), list[str]()
    for raw in islice(file, 10_000):
        words = raw.decode("utf-8", "replace").split()
        match words:
            case ["format", name, _] if name in _ENCODINGS:
                encoding = name
            case ["comment" | "obj_info", *_]:
                comments.append(raw.decode("utf-8", "replace").split(maxsplit=1)[-1].strip())
            case ["element", name, count]:
                elements.append(_Element(name, int(count)))
            case ["property", "list", count_type, item_type, _]:
                elements[-1].lists.append((_TYPES[count_type], _TYPES[item_type]))
            case ["property", kind, name]:
                elements[-1].properties[name] = _TYPES[kind]
            case ["end_header"]:
                if not encoding:
                    raise ValueError("no known format line")
                return _Header(encoding, elements, comments, file.tell())
            case []:
                pass
            case _:
                raise ValueError(f"unknown header line {' '.join(words)[:60]!r}")
    raise ValueError("the header does not end")


def _measure_text(file: BinaryIO, header: _Header, extent: Extent) -> None:
    for element in header.elements:
        if element.name != "vertex" or element.lists or not element.count:
            found = sum(1 for _ in islice(file, element.count))
        else:
            names = list(element.properties)
            columns = [names.index(axis) for axis in "xyz"]
            points = np.loadtxt(islice(file, element.count), usecols=columns, ndmin=2)
            extent.add(points)
            found = len(points)
        _check_complete(element, found)


def _measure_binary(file: BinaryIO, header: _Header, extent: Extent, size: int) -> None:
    order = _ENCODINGS[header.encoding]
    for element in header.elements:
        at = file.tell()
        if element.lists:
            _skip_lists(file, element, order, size)
            continue
        row = np.dtype([(name, order + kind) for name, kind in element.properties.items()])
        _check_complete(element, (size - at) // row.itemsize)
        if element.name == "vertex" and element.count:
            rows = np.memmap(file, row, "r", at, (element.count,))
            for part in blocks(element.count):
                extent.add(np.stack([rows[part][axis] for axis in "xyz"], axis=1))
        file.seek(at + element.count * row.itemsize)


def _skip_lists(file: BinaryIO, element: _Element, order: str, size: int) -> None:
    """Goes to the end of an element with lists, to see whether all of it is there."""
    if element.properties or len(element.lists) > 1:
        file.seek(size)  # rows of a size that only reading each would tell: taken as they are
        return
    at = file.tell()
    count_type, item_type = (np.dtype(order + kind) for kind in element.lists[0])
    triangle = np.dtype([("count", count_type), ("items", item_type, (3,))])
    if at + element.count * triangle.itemsize <= size:
        rows = (
            np.memmap(file, triangle, "r", at, (element.count,)) if element.count else np.empty(0, triangle)
        )
        if all((rows[part]["count"] == 3).all() for part in blocks(element.count)):
            file.seek(at + element.count * triangle.itemsize)
            return
    file.seek(at)
    for done in range(element.count):
        raw = file.read(count_type.itemsize)
        items = int(np.frombuffer(raw, count_type)[0]) if len(raw) == count_type.itemsize else 0
        if not raw or file.seek(items * item_type.itemsize, 1) > size:
            _check_complete(element, done)


def _check_complete(element: _Element, found: int) -> None:
    if found < element.count:
        raise ValueError(f"it promises {element.count:,} of element {element.name} and has {found:,}")
