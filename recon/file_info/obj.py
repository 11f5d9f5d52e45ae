"""Reads Wavefront OBJ: described line by line in little memory, loaded with trimesh; and finds its textures.

trimesh counts relative references (``f -3 -2 -1``) from the end of the file, ignores indented lines and fails on
comments after numbers: lines are normalised and references made absolute before it reads them.
"""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recon.file_info.geometry import Contents
from recon.file_info.info import Colours, Extent, FileInfo, axes_of, read_comments
from recon.file_info.referenced_files import ReferencedFiles

_BLOCK = 1 << 25
_VERTEX = re.compile(rb"^v (.*)$", re.MULTILINE)
_OPTION_WORDS = {"-blendu": 1, "-blendv": 1, "-boost": 1, "-bm": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2,
                 "-texres": 1, "-type": 1, "-colorspace": 1}  # fmt: skip
"""Options of map_Kd and how many words each takes; -o, -s and -t take up to three numbers."""


def describe(path: Path) -> FileInfo:
    """Describes an OBJ file."""
    extent, points, faces, columns = Extent(), 0, 0, 0
    has_uv = has_normals = False
    libraries, comments = list[str](), list[str]()
    for index, block in enumerate(_blocks(path)):
        if index == 0:
            comments = [line[1:].decode("utf-8", "replace") for line in _leading_comments(block)]
        plain = _plain(block)
        rows = [row.decode("ascii") for row in _VERTEX.findall(plain)]
        if rows:
            columns = len(rows[0].split())
            extent.add(np.loadtxt(rows, usecols=(0, 1, 2), ndmin=2))
        points += len(rows)
        faces += _count(plain, b"f")
        has_uv = has_uv or _count(plain, b"vt") > 0
        has_normals = has_normals or _count(plain, b"vn") > 0
        libraries += _libraries(plain)
    if not points:
        raise ValueError("it has no vertices")
    files = ReferencedFiles(path)
    has_texture = any([files.find(name, "texture") for name in _textures(dict.fromkeys(libraries), files)])
    colours: Colours = "texture" if has_texture and has_uv else "vertex" if columns >= 6 else "none"
    metadata: dict[str, Any] = read_comments(comments)
    metadata["notes"] = (*metadata.get("notes", ()), *files.notes, *extent.notes)
    return FileInfo(
        path=path,
        format="Wavefront OBJ",
        bytes=path.stat().st_size,
        points=points,
        faces=faces,
        colours=colours,
        normals=has_normals,
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """Loads the points, or the polygons as triangles, with the colours of textures or materials at the vertices."""
    import trimesh

    from recon.file_info.trimesh_parts import parts_of

    text = path.read_bytes()
    metadata = read_comments(line[1:].decode("utf-8", "replace") for line in _leading_comments(text))
    files = ReferencedFiles(path)
    read = trimesh.load_scene(
        io.BytesIO(_with_absolute_references(_with_unit_colours(_plain(text)))),
        file_type="obj",
        resolver=_Resolver(files),
        process=False,
        group_material=True,
    )
    return Contents(
        parts_of(read), axes_of(metadata) or "y-up", notes=tuple(files.notes), camera=metadata.get("camera")
    )


class _Resolver:
    """Provides trimesh with the files that an OBJ and its materials refer to."""

    def __init__(self, files: ReferencedFiles) -> None:
        self._files = files

    def get(self, name: str) -> bytes:
        """The bytes of a material or a texture."""
        is_material = name.lower().endswith(".mtl")
        data = self._files.read(name if is_material else _without_options(name), _KIND[is_material])
        if data is None:
            raise FileNotFoundError(name)
        return data

    def __getitem__(self, name: str) -> bytes:
        return self.get(name)


_KIND = {True: "material file", False: "texture"}


def _is_odd(block: bytes) -> bool:
    """Whether it has syntax that simple readers do not support; much faster than a regular expression."""
    begins_comment = block.count(b"\n#") + block.startswith(b"#")
    return (
        any(odd in block for odd in (b"\t", b"\r", b"\\\n", b"\n "))
        or block[:1].isspace()
        or block.count(b"#") != begins_comment
    )


def _plain(block: bytes) -> bytes:
    """Removes indentation, continuations, tabs, and comments after numbers; returns simple files unchanged."""
    block = block.replace(b"\r\n", b"\n")
    if not _is_odd(block):
        return block
    lines = block.replace(b"\r", b"\n").replace(b"\\\n", b" ").split(b"\n")
    plain = list[bytes]()
    for line in lines:
        words = line.split()
        if words and words[0] in (b"v", b"vt", b"vn", b"f"):
            words = line.partition(b"#")[0].split()
        # Names of files and materials may contain consecutive spaces.
        plain.append(b" ".join(words) if words and words[0] not in (b"usemtl", b"mtllib") else line.strip())
    return b"\n".join(plain)


def _with_unit_colours(text: bytes) -> bytes:
    """Scales vertex colours of 0 to 255 to 0 to 1, as trimesh expects them."""
    rows = _VERTEX.findall(text)
    if not rows or len(rows[0].split()) < 6 or np.loadtxt(rows, usecols=(3, 4, 5), ndmin=2).max() <= 1:
        return text

    def scaled(match: "re.Match[bytes]") -> bytes:
        words = match[1].split()
        return b"v " + b" ".join([*words[:3], *(b"%.5f" % (float(word) / 255) for word in words[3:6])])

    return _VERTEX.sub(scaled, text)


def _with_absolute_references(text: bytes) -> bytes:
    """Converts relative (negative) references of faces to absolute ones."""
    if re.search(rb"^f [^\n]*-", text, re.MULTILINE) is None:
        return text
    lines, seen = text.split(b"\n"), [0, 0, 0]
    for row, line in enumerate(lines):
        keyword, _, rest = line.partition(b" ")
        if keyword in (b"v", b"vt", b"vn"):
            seen[(b"v", b"vt", b"vn").index(keyword)] += 1
        elif keyword == b"f" and b"-" in rest:
            lines[row] = b"f " + b" ".join(_absolute(corner, seen) for corner in rest.split())
    return b"\n".join(lines)


def _absolute(corner: bytes, seen: list[int]) -> bytes:
    """``-1/-1`` as ``12/7``."""
    numbers = corner.split(b"/")
    return b"/".join(
        number if not number.startswith(b"-") else str(count + 1 + int(number)).encode()
        for number, count in zip(numbers, seen, strict=False)
    )


def _count(block: bytes, keyword: bytes) -> int:
    """Number of lines that begin with a keyword; much faster than a regular expression."""
    return (b"\n" + block).count(b"\n" + keyword + b" ")


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block += file.readline()
            while block.endswith((b"\\\n", b"\\\r\n")) and (more := file.readline()):
                block += more
            yield block


def _leading_comments(block: bytes) -> Iterator[bytes]:
    for line in block.splitlines():
        if not line.startswith(b"#"):
            return
        yield line


def _libraries(block: bytes) -> list[str]:
    """The file names after ``mtllib``, which may contain spaces."""
    names, at = list[str](), -1
    lines = b"\n" + block
    while (at := lines.find(b"\nmtllib ", at + 1)) >= 0:
        end = lines.find(b"\n", at + 1)
        names.append(lines[at + 8 : end if end >= 0 else None].decode("utf-8", "replace").strip())
    return names


def _textures(libraries: Iterable[str], files: ReferencedFiles) -> Iterator[str]:
    """The colour textures of the materials."""
    for library in libraries:
        data = files.read(library, "material file")
        for line in (data or b"").decode("utf-8", "replace").splitlines():
            keyword, *rest = line.split(maxsplit=1) or [""]
            if keyword.lower() == "map_kd" and rest:
                yield _without_options(rest[0])


def _without_options(text: str) -> str:
    """``wood.png`` for ``-s 1 1 1 -clamp on wood.png``; a name may contain spaces."""
    words = text.split(" ")
    while len(words) > 1 and words[0].startswith("-"):
        option = words.pop(0).lower()
        if option in ("-o", "-s", "-t"):
            while len(words) > 1 and _is_number(words[0]):
                words.pop(0)
        else:
            del words[: _OPTION_WORDS.get(option, 0)]
    return " ".join(words).strip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
