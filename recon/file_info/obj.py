"""Reads Wavefront OBJ: described line by line in little memory, loaded with trimesh; and finds its textures.

trimesh counts relative references (``f -3 -2 -1``) from the end of the file, ignores indented lines and fails on
comments after numbers: lines are normalised and references made absolute before it reads them.
"""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from recon.file_info.geometry import Contents
from recon.file_info.info import Colours, Extent, FileInfo, axes_of, read_comments
from recon.file_info.referenced_files import ReferencedFiles

_BLOCK = 1 << 25
_ALL_MATERIALS = "recon-all-materials"
_MOST_LIBRARIES = 100
"""Material files that are read at most."""
_UTF8_MARK = b"\xef\xbb\xbf"
_VERTEX = re.compile(rb"^v (.*)$", re.MULTILINE)
_OPTION_WORDS = {"-blendu": 1, "-blendv": 1, "-boost": 1, "-bm": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2,
                 "-texres": 1, "-type": 1, "-colorspace": 1}  # fmt: skip
"""Options of map_Kd and how many words each takes; -o, -s and -t take up to three numbers."""


def describe(path: Path) -> FileInfo:
    """Describes an OBJ file."""
    extent, points, faces, columns = Extent(), 0, 0, 0
    has_uv = has_normals = False
    libraries, comments, left_out = list[str](), list[str](), list[str]()
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
        left_out += _left_out(plain)
    if not points:
        raise ValueError("it has no vertices")
    files = ReferencedFiles(path)
    has_texture = any([files.find(name, "texture") for name in _textures(_materials(libraries, files))])
    colours: Colours = "texture" if has_texture and has_uv else "vertex" if columns >= 6 else "none"
    metadata: dict[str, Any] = read_comments(comments)
    metadata["notes"] = (*metadata.get("notes", ()), *files.notes, *dict.fromkeys(left_out), *extent.notes)
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

    text = path.read_bytes().removeprefix(_UTF8_MARK)
    metadata = read_comments(line[1:].decode("utf-8", "replace") for line in _leading_comments(text))
    files, plain = ReferencedFiles(path), _plain(text)
    libraries = _libraries(plain)
    materials = _materials(libraries, files)
    # trimesh reads the first of several material files only.
    plain = b"mtllib %s\n" % _ALL_MATERIALS.encode() + plain if libraries else plain
    read = trimesh.load_scene(
        io.BytesIO(_with_absolute_references(_with_unit_colours(plain))),
        file_type="obj",
        resolver=_Resolver(files, materials),
        process=False,
        group_material=True,
    )
    notes = (*files.notes, *_left_out(plain))
    return Contents(parts_of(read), axes_of(metadata) or "y-up", notes=notes, camera=metadata.get("camera"))


def _left_out(block: bytes) -> list[str]:
    """Notes on geometry that is not shown."""
    return ["its free-form surfaces are not read"] if _count(block, b"surf") else []


class _Resolver:
    """Provides trimesh with the files that an OBJ and its materials refer to."""

    def __init__(self, files: ReferencedFiles, materials: bytes) -> None:
        self._files, self._materials = files, materials

    def get(self, name: str) -> bytes:
        """The bytes of a texture, or of all materials."""
        if name == _ALL_MATERIALS:
            return self._materials
        data = None if name.lower().endswith(".mtl") else self._files.read(_without_options(name), "texture")
        if data is None:
            raise FileNotFoundError(name)
        return data

    def __getitem__(self, name: str) -> bytes:
        return self.get(name)


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
    if re.search(rb"^f (?:[^\n]* )?0+(?:[/ ]|$)", text, re.MULTILINE):
        raise ValueError("a face refers to point 0, but points are counted from 1")
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
    """``-1/-1`` as ``12/7``.

    Raises:
        ValueError: It refers to a line before the first one, which trimesh would count from the end.
    """
    numbers = corner.split(b"/")
    for k, (number, count) in enumerate(zip(numbers, seen, strict=False)):
        if number.startswith(b"-"):
            if int(number) < -count:
                raise ValueError("a face refers to a point that does not exist")
            numbers[k] = str(count + 1 + int(number)).encode()
    return b"/".join(numbers)


def _count(block: bytes, keyword: bytes) -> int:
    """Number of lines that begin with a keyword; much faster than a regular expression."""
    return (b"\n" + block).count(b"\n" + keyword + b" ")


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    with path.open("rb") as file:
        is_first = True
        while block := file.read(_BLOCK):
            # Editors put a mark of the encoding before the first vertex.
            block = block.removeprefix(_UTF8_MARK) if is_first else block
            is_first = False
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


def _materials(libraries: Iterable[str], files: ReferencedFiles) -> bytes:
    """The contents of all material files; ``files`` then looks for textures next to them as well.

    A line holds one name, in which there may be spaces, or several (the specification's ``mtllib a.mtl b.mtl``).
    """
    contents = list[bytes]()
    for line in islice(dict.fromkeys(libraries), _MOST_LIBRARIES):
        for name in [line] if files.look_up(line) else line.split()[:_MOST_LIBRARIES]:
            data = files.read(name, "material file")
            path = None if data is None else files.look_up(name)
            if data is not None and path is not None:
                contents.append(data.removeprefix(_UTF8_MARK))
                if path.parent not in (files.model.parent, *files.folders):
                    files.folders.append(path.parent)
    return b"\n".join(contents)


def _textures(materials: bytes) -> Iterator[str]:
    """The colour textures of the materials."""
    for line in materials.decode("utf-8", "replace").splitlines():
        keyword, *rest = line.split(maxsplit=1) or [""]
        if keyword.lower() == "map_kd" and rest:
            yield _without_options(rest[0])


def _without_options(text: str) -> str:
    """``wood.png`` for ``-s 1 1 1 -clamp on wood.png``; a name may contain spaces."""
    words, at = text.split(" "), 0
    last = len(words) - 1
    while at < last and words[at].startswith("-"):
        option = words[at].lower()
        at += 1
        if option in ("-o", "-s", "-t"):
            while at < last and _is_number(words[at]):
                at += 1
        else:
            at += _OPTION_WORDS.get(option, 0)
    return " ".join(words[at:]).strip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
