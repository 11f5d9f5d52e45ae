"""Reads PLY: points, polygon meshes, triangle strips, colours, textures, and Gaussian splats."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recon.file_info.colours import as_bytes, sampled
from recon.file_info.geometry import Contents, Part, fan
from recon.file_info.info import Colours, Extent, FileInfo, axes_of, read_comments
from recon.file_info.ply_elements import Header, Rows, read_header, read_rows
from recon.file_info.referenced_files import ReferencedFiles
from recon.threads import blocks

_XYZ = ("x", "y", "z")
_NORMAL = ("nx", "ny", "nz")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
_SPLAT = ("f_dc_0", "f_dc_1", "f_dc_2")
_SH_C0 = 0.2820948
"""The first spherical harmonic: the colour of a splat is 0.5 + C0 f_dc."""
_TEXTURE_COORDINATES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"))


def describe(path: Path) -> FileInfo:
    """Describes a PLY file."""
    extent, faces = Extent(), 0
    header, elements = _opened(path, {"vertex", "tristrips"})
    for rows in elements:
        if rows.element.name == "vertex":
            for part in blocks(rows.element.count):
                extent.add(rows.stack(*_XYZ, rows=part))
        elif rows.element.name == "face":
            faces += rows.element.count
        elif rows.element.name == "tristrips":
            faces += len(_strips(rows))
    vertex, metadata = header.element("vertex"), read_comments(_own_comments(header))
    textures = _textures(header)
    files = ReferencedFiles(path)
    texture_paths = [files.find(name, "texture") for name in textures]
    names = vertex.names()
    has_colours = any(set(each) <= names for each in (*_COLOURS, _SPLAT))
    colours: Colours = "texture" if any(texture_paths) else "vertex" if has_colours else "none"
    metadata["notes"] = (*metadata.get("notes", ()), *files.notes, *extent.notes)
    return FileInfo(
        path=path,
        format=f"PLY, {header.encoding.replace('_', ' ')}",
        bytes=path.stat().st_size,
        points=vertex.count,
        faces=faces,
        colours=colours,
        normals=set(_NORMAL) <= names,
        **extent.fields,
        **metadata,
    )


def load(path: Path) -> Contents:
    """Loads the points, and polygons and strips as triangles; textures become vertex colours."""
    vertex, triangles, corner_uv = None, list[NDArray[np.int64]](), None
    header, elements = _opened(path, {"vertex", "face", "tristrips"})
    for rows in elements:
        if rows.element.name == "vertex":
            vertex = rows
        elif rows.element.name == "face" and rows.element.count:
            counts, corners = rows.lists.get("vertex_indices") or rows.lists["vertex_index"]
            triangles.append(fan(counts, corners))
            corner_uv = _of_corners(rows, counts, corners)
        elif rows.element.name == "tristrips":
            triangles.append(_strips(rows))
    if vertex is None or not vertex.element.count:
        return Contents(())
    names, files = vertex.element.names(), ReferencedFiles(path)
    texture = _texture(vertex, corner_uv, _textures(header), files)
    rgb = None
    if texture:
        uv, picture = texture
        rgb = sampled(picture, uv)
        texture = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1), picture
    else:
        named = next((each for each in _COLOURS if set(each) <= names), None)
        rgb = None if named is None else as_bytes(*(vertex.columns[name] for name in named))
    is_splat = set(_SPLAT) <= names
    if is_splat:
        rgb = as_bytes(*(0.5 + _SH_C0 * vertex.columns[name].astype(np.float64) for name in _SPLAT), most=1.0)
    normals = vertex.stack(*_NORMAL) if set(_NORMAL) <= names and not is_splat else None
    faces = np.concatenate(triangles) if triangles else None
    metadata = read_comments(_own_comments(header))
    # y-down by convention in splats
    axes = axes_of(metadata) or ("opencv" if is_splat else "y-up")
    part = Part(vertex.stack(*_XYZ), faces, rgb, normals, *texture)
    return Contents((part,), axes, notes=tuple(files.notes), camera=metadata.get("camera"))


def _opened(path: Path, wanted: set[str]) -> tuple[Header, Iterator[Rows]]:
    """The header, and an iterator over the elements."""
    with path.open("rb") as file:
        header = read_header(file)
        at = file.tell()
    vertex = header.element("vertex")
    if vertex.count and not set(_XYZ) <= vertex.names():
        raise ValueError("its vertices have no x, y and z")
    return header, _rows(path, at, header, wanted)


def _rows(path: Path, at: int, header: Header, wanted: set[str]) -> Iterator[Rows]:
    with path.open("rb") as file:
        file.seek(at)
        yield from read_rows(file, header, wanted)


def _textures(header: Header) -> list[str]:
    """Texture names in comments, the convention of MeshLab, CloudCompare and OpenMVS."""
    return [
        line.partition(" ")[2].strip() for line in header.comments if line.lower().startswith("texturefile ")
    ]


def _own_comments(header: Header) -> list[str]:
    return [line for line in header.comments if not line.lower().startswith("texturefile")]


def _strips(rows: Rows) -> NDArray[np.int64]:
    """Triangles of strips, which are separated by -1; every second triangle is reversed."""
    (_, corners) = (
        rows.lists["vertex_indices"] if "vertex_indices" in rows.lists else rows.lists["vertex_index"]
    )
    corners = corners.astype(np.int64)
    three = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
    ends = np.flatnonzero(corners < 0)
    start = np.zeros(len(corners), np.int64)
    start[ends] = ends + 1
    odd = (np.arange(len(three)) - np.maximum.accumulate(start)[: len(three)]) % 2 == 1
    three[odd] = three[odd][:, [1, 0, 2]]
    flat = (three[:, 0] == three[:, 1]) | (three[:, 1] == three[:, 2]) | (three[:, 0] == three[:, 2])
    return three[(three >= 0).all(axis=1) & ~flat]


def _of_corners(
    rows: Rows, counts: NDArray[np.int64], corners: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Points and texture coordinates of each corner of a face, as written by MeshLab."""
    if "texcoord" not in rows.lists:
        return None
    lengths, values = rows.lists["texcoord"]
    if (lengths != 2 * counts).any():
        return None
    return corners.astype(np.int64), values.astype(np.float64).reshape(-1, 2)


def _texture(
    vertex: Rows,
    of_corners: tuple[NDArray[np.int64], NDArray[np.float64]] | None,
    textures: list[str],
    files: ReferencedFiles,
) -> tuple[NDArray[np.float64], Image.Image] | tuple[()]:
    """Texture coordinates of the vertices, v up, and the image; the last of several coordinates is used."""
    pair = next((each for each in _TEXTURE_COORDINATES if set(each) <= vertex.element.names()), None)
    if not textures or (pair is None and of_corners is None):
        return ()
    picture = files.picture(textures[0])
    if len(textures) > 1:
        files.notes.append(f"only the first of its {len(textures)} textures is shown")
    if picture is None:
        return ()
    if pair is not None:
        uv = vertex.stack(*pair)
    else:
        assert of_corners is not None
        corners, of_each = of_corners
        uv = np.zeros((vertex.element.count, 2))
        uv[corners] = of_each
    return uv, picture
