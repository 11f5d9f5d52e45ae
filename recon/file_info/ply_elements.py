"""Reads the header and elements of PLY: text, little and big endian, with any properties, including lists.

The layout is that of Greg Turk's "The PLY Polygon File Format" (1994), with the type names of later programs
(``float32``) as well. In text files each line is a row: numbers that the header does not declare are an error.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recon.threads import blocks

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "int64": "i8", "uint64": "u8", "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
_ENCODINGS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST_HEADER = 10_000


@dataclass(frozen=True)
class Property:
    """One value of each row, or a list of values."""

    name: str
    kind: str
    """numpy name of its type, without byte order."""
    count_kind: str | None = None
    """Type of the length of a list; None if it is not a list."""


@dataclass
class Element:
    """A table: ``vertex``, ``face``."""

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        """Whether a property is a list."""
        return any(each.count_kind for each in self.properties)

    def names(self) -> set[str]:
        """Names of all properties."""
        return {each.name for each in self.properties}

    def check_complete(self, available: int) -> None:
        """Raises ValueError if there are fewer rows than declared."""
        if available < self.count:
            raise ValueError(f"it declares {self.count:,} of element {self.name} but has {available:,}")


@dataclass
class Header:
    """The header of a PLY file."""

    encoding: str
    elements: list[Element]
    comments: list[str]

    @property
    def order(self) -> str:
        """Byte order in numpy notation; empty for text."""
        return _ENCODINGS[self.encoding]

    def element(self, name: str) -> Element:
        """The element with this name, or an empty one."""
        return next((each for each in self.elements if each.name == name), Element(name, 0))


@dataclass
class Rows:
    """The values of one element: columns, and lists as (lengths, values row by row)."""

    element: Element
    columns: Any = field(default_factory=dict)
    """Name to (N,), or a structured array."""
    lists: dict[str, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)

    def stack(self, *names: str, rows: slice = slice(None)) -> NDArray[np.float64]:
        """(N, columns) float64."""
        return np.stack([self.columns[name][rows].astype(np.float64) for name in names], axis=1)


def read_header(file: IO[bytes]) -> Header:
    """Reads up to and including ``end_header``.

    Raises:
        ValueError: The header is missing or damaged.
    """
    if file.readline(8).strip() != b"ply":
        raise ValueError("it does not begin with 'ply'")
    encoding, elements, comments = "", list[Element](), list[str]()
    for raw in islice(file, _LONGEST_HEADER):
        words = raw.decode("utf-8", "replace").split()
        match words:
            case ["format", name, _] if name in _ENCODINGS:
                encoding = name
            case ["comment" | "obj_info", *_]:
                comments.append(raw.decode("utf-8", "replace").split(maxsplit=1)[-1].strip())
            case ["element", name, count] if count.isdecimal():
                elements.append(Element(name, int(count)))
            case ["property", "list", count_type, item_type, name]:
                if _numpy_type(count_type).startswith("f"):
                    raise ValueError(f"the lengths of its list {name!r} are stored as {count_type}")
                listed = Property(name, _numpy_type(item_type), _numpy_type(count_type))
                elements[-1].properties.append(listed)
            case ["property", kind, name]:
                elements[-1].properties.append(Property(name, _numpy_type(kind)))
            case ["end_header"]:
                if not encoding:
                    raise ValueError("no known format line")
                return Header(encoding, elements, comments)
            case []:
                pass
            case _:
                raise ValueError(f"unknown header line {' '.join(words)[:60]!r}")
    raise ValueError("the header does not end")


def _numpy_type(name: str) -> str:
    if name not in _TYPES:
        raise ValueError(f"its type {name[:40]!r} is not one of PLY's")
    return _TYPES[name]


def read_rows(file: IO[bytes], header: Header, wanted: set[str]) -> Iterator[Rows]:
    """Reads the elements in order. Binary columns without lists are memory-mapped.

    Args:
        file: Positioned after the header.
        header: Result of ``read_header``.
        wanted: Elements whose values are needed; the others are only checked for completeness.

    Raises:
        ValueError: Fewer rows than declared, or rows that do not match the header.
    """
    for element in header.elements:
        if not header.order:
            yield _text_rows(file, element, element.name in wanted)
        elif element.properties:
            yield _binary_rows(file, element, header.order)


def _text_rows(file: IO[bytes], element: Element, is_wanted: bool) -> Rows:
    # Some programs write blank lines between the elements.
    lines = islice((line for line in file if line.strip()), element.count)
    if not element.has_lists and not is_wanted:
        element.check_complete(sum(1 for _ in lines))
        return Rows(element)
    if not element.has_lists:
        width = range(len(element.properties))
        table = np.loadtxt(lines, usecols=width, ndmin=2) if element.count else np.empty((0, len(width)))
        element.check_complete(len(table))
        return Rows(element, dict(zip([each.name for each in element.properties], table.T, strict=True)))
    held = list(lines)
    element.check_complete(len(held))
    return _equal_text_lists(held, element) or _text_lists(held, element)


def _equal_text_lists(lines: list[bytes], element: Element) -> Rows | None:
    """Fast path for elements that are a single list of constant length, such as triangles; otherwise None."""
    if len(element.properties) > 1 or not lines:
        return None
    try:
        table = np.loadtxt(lines, ndmin=2)
    except ValueError:  # lists of different lengths
        return None
    if (table[:, 0] != table.shape[1] - 1).any():
        return None
    counts = np.full(len(table), table.shape[1] - 1)
    return Rows(element, lists={element.properties[0].name: (counts, table[:, 1:].reshape(-1))})


def _text_lists(lines: list[bytes], element: Element) -> Rows:
    columns: dict[str, list[bytes]] = {each.name: [] for each in element.properties}
    lengths: dict[str, list[int]] = {each.name: [] for each in element.properties if each.count_kind}
    for row, line in enumerate(lines):
        words, at = line.split(), 0
        for each in element.properties:
            length = 1
            if each.count_kind:
                length, at = int(words[at]) if at < len(words) else -1, at + 1
                lengths[each.name].append(length)
            if length < 0 or at + length > len(words):
                raise ValueError(f"the line of {element.name} {row + 1} ends too early")
            columns[each.name] += words[at : at + length]
            at += length
        if at != len(words):
            # Readers of words and not of lines take the rest for the next element, and are wrong from there on.
            following = f": damaged at {element.name} {row + 2}" if row + 1 < element.count else ""
            raise ValueError(
                f"the line of {element.name} {row + 1} has {len(words)} numbers, and the header names {at}{following}"
            )
    values = {name: np.array(words).astype(np.float64) for name, words in columns.items()}
    return Rows(
        element,
        {name: each for name, each in values.items() if name not in lengths},
        {name: (np.array(length), values[name]) for name, length in lengths.items()},
    )


def _binary_rows(file: IO[bytes], element: Element, order: str) -> Rows:
    at = file.tell()
    size = file.seek(0, 2)
    if not element.has_lists:
        record = np.dtype([(each.name, order + each.kind) for each in element.properties])
        element.check_complete((size - at) // record.itemsize)
        rows = _mapped(file, record, at, element.count)
        file.seek(at + element.count * record.itemsize)  # numpy leaves the position at the end
        return Rows(element, rows)
    # Each list has at least its length field: no row is shorter.
    shortest = sum(np.dtype(each.count_kind or each.kind).itemsize for each in element.properties)
    element.check_complete((size - at) // shortest)
    bytes_ = np.memmap(file, np.uint8, "r", 0, (size,))
    return _equal_lists(file, element, order, at, size, bytes_) or _any_lists(
        file, element, order, at, bytes_
    )


def _mapped(file: IO[bytes], record: np.dtype[Any], at: int, count: int) -> NDArray[Any]:
    return np.memmap(file, record, "r", at, (count,)) if count else np.empty(0, record)


def _equal_lists(
    file: IO[bytes], element: Element, order: str, at: int, size: int, data: NDArray[np.uint8]
) -> Rows | None:
    """Fast path for rows whose lists are as long as the first row's, such as triangles; otherwise None."""
    fields, lengths, here = list[Any](), dict[str, int](), at
    for each in element.properties if element.count else ():
        if each.count_kind:
            length, here = _length(data, here, order + each.count_kind)
            lengths[each.name] = length
            fields.append((f"{each.name} length", order + each.count_kind))
        fields.append((each.name, order + each.kind, (lengths[each.name],)) if each.count_kind else
                      (each.name, order + each.kind))  # fmt: skip
        here += np.dtype(each.kind).itemsize * lengths.get(each.name, 1)
    record = np.dtype(fields)
    if at + element.count * record.itemsize > size:
        return None
    rows = _mapped(file, record, at, element.count)
    for name, length in lengths.items():
        if not all((rows[f"{name} length"][part] == length).all() for part in blocks(element.count)):
            return None
    file.seek(at + element.count * record.itemsize)
    lists = {name: (np.full(len(rows), n), rows[name].reshape(-1)) for name, n in lengths.items()}
    return Rows(element, rows, lists)


def _any_lists(file: IO[bytes], element: Element, order: str, at: int, data: NDArray[np.uint8]) -> Rows:
    """Reads lists of varying length, row by row."""
    starts: dict[str, list[int]] = {each.name: [] for each in element.properties}
    lengths: dict[str, list[int]] = {each.name: [] for each in element.properties if each.count_kind}
    steps = [(each.name, each.count_kind, np.dtype(each.kind).itemsize) for each in element.properties]
    for row in range(element.count):
        for name, count_kind, width in steps:
            length = 1
            if count_kind:
                length, at = _length(data, at, order + count_kind)
                lengths[name].append(length)
            starts[name].append(at)
            at += length * width
        if at > len(data):
            element.check_complete(row)
    file.seek(at)
    columns, lists = {}, {}
    for each in element.properties:
        kind = np.dtype(order + each.kind)
        counts = np.array(lengths.get(each.name, np.ones(element.count)), np.int64)
        values = _gathered(data, np.array(starts[each.name]), counts, kind)
        if each.count_kind:
            lists[each.name] = (counts, values)
        else:
            columns[each.name] = values
    return Rows(element, columns, lists)


def _length(data: NDArray[np.uint8], at: int, kind: str) -> tuple[int, int]:
    """The length of a list at an offset, and the offset of its first value."""
    code = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q"}[kind[1:]]
    width = int(kind[2:])
    if at + width > len(data):
        raise ValueError("it ends within a list")
    (length,) = struct.unpack_from(kind[0] + code, data.data, at)
    if not 0 <= length <= len(data):
        raise ValueError(f"a list of length {length:,}")
    return int(length), at + width


def _gathered(
    data: NDArray[np.uint8], starts: NDArray[np.int64], counts: NDArray[np.int64], kind: np.dtype[Any]
) -> NDArray[Any]:
    """The values of the lists at the offsets ``starts``, concatenated."""
    values = np.empty(int(counts.sum()), kind)
    first = np.cumsum(counts) - counts
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        taken = data[starts[rows, None] + np.arange(count * kind.itemsize)].view(kind)
        values[first[rows, None] + np.arange(count)] = taken
    return values
