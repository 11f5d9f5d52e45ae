"""PLY of other programs: any polygons, strips, numbers and textures; and rows that are not as the header says."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
from both_readers import agreeing, normal_in_file, points_of
from PIL import Image

from recon.errors import SceneFileError
from recon.file_info import describe, read_geometry
from recon.types import Mesh, PointCloud

CORNERS = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0], [1, 2, 0]], np.float64)
POLYGONS = [[0, 1, 2, 3], [3, 2, 4], [0, 1, 2, 4, 3]]
"""A quad, a triangle and a pentagon: 2, 1 and 3 triangles."""


def header(encoding: str, *lines: str) -> str:
    return "\n".join(["ply", f"format {encoding} 1.0", *lines, "end_header", ""])


XYZ = ("property double x", "property double y", "property double z")


def polygons(path: Path, encoding: str, index: str = "int", extra: bool = False) -> Path:
    """Five points and polygons of different lengths; ``extra``: with a number before and behind each list."""
    lines = ["element vertex 5", *XYZ, f"element face {len(POLYGONS)}"]
    lines += ["property uchar flags"] if extra else []
    lines += [f"property list uchar {index} vertex_indices", *(["property float quality"] if extra else [])]
    if encoding == "ascii":
        rows = [" ".join(map(str, point)) for point in CORNERS]
        for polygon in POLYGONS:
            numbers = [*([7] if extra else []), len(polygon), *polygon, *([0.5] if extra else [])]
            rows.append(" ".join(map(str, numbers)))
        path.write_text(header(encoding, *lines) + "\n".join(rows) + "\n")
        return path
    order = ">" if "big" in encoding else "<"
    code = {"int": "i", "uint": "I", "ushort": "H", "int64": "q"}[index]
    body = CORNERS.astype(f"{order}f8").tobytes()
    for polygon in POLYGONS:
        body += struct.pack("B", 7) if extra else b""
        body += struct.pack(f"{order}B{len(polygon)}{code}", len(polygon), *polygon)
        body += struct.pack(f"{order}f", 0.5) if extra else b""
    path.write_bytes(header(encoding, *lines).encode() + body)
    return path


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("index", ["int", "uint", "ushort", "int64"])
@pytest.mark.parametrize("extra", [False, True])
def test_polygons_of_any_length(encoding: str, index: str, extra: bool, tmp_path: Path) -> None:
    info, shape, notes = agreeing(polygons(tmp_path / "a.ply", encoding, index, extra))
    assert (info.points, info.faces) == (5, 3) and info.unit is None and not notes
    assert isinstance(shape, Mesh)
    a, b, c = (CORNERS[shape.faces[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)[:, 2] / 2
    assert len(areas) == 6 and areas.sum() == pytest.approx(2 + 1 + 3)


@pytest.mark.parametrize("encoding", ["ascii", "binary_little_endian"])
def test_strips(encoding: str, tmp_path: Path) -> None:
    """As the scans of Stanford: one list, in which -1 begins another strip."""
    strip = [0, 1, 3, 2, 4, -1, 0, 1, 2, 3]
    lines = ["element vertex 5", *XYZ, "element tristrips 1", "property list int int vertex_indices"]
    path = tmp_path / "a.ply"
    if encoding == "ascii":
        rows = [*(" ".join(map(str, point)) for point in CORNERS), " ".join(map(str, [len(strip), *strip]))]
        path.write_text(header(encoding, *lines) + "\n".join(rows) + "\n")
    else:
        body = CORNERS.astype("<f8").tobytes() + struct.pack(f"<{1 + len(strip)}i", len(strip), *strip)
        path.write_bytes(header(encoding, *lines).encode() + body)
    info, shape, _ = agreeing(path)
    assert info.faces == 5 and isinstance(shape, Mesh)
    assert shape.faces.tolist() == [[0, 1, 3], [3, 1, 2], [3, 2, 4], [0, 1, 2], [2, 1, 3]]


def text(path: Path, *lines: str, rows: str) -> Path:
    path.write_text(header("ascii", *lines) + rows)
    return path


POINT = ("property float x", "property float y", "property float z")


def test_blank_lines_between_rows(tmp_path: Path) -> None:
    path = text(tmp_path / "a.ply", "element vertex 3", *POINT, rows="\n0 0 0\n\n2 0 0\n \n0 1 0\n")
    assert agreeing(path)[0].size == (2, 1, 0)


@pytest.mark.parametrize("before", [False, True])
def test_vertices_with_a_list(before: bool, tmp_path: Path) -> None:
    extra = "property list uint double descriptor"
    lines = [extra, *POINT] if before else [*POINT, extra]
    rows = "2 9 9 0 0 0\n1 9 2 1 0\n" if before else "0 0 0 2 9 9\n2 1 0 1 9\n"
    info, shape, _ = agreeing(text(tmp_path / "a.ply", "element vertex 2", *lines, rows=rows))
    assert info.size == (2, 1, 0) and len(points_of(shape)) == 2


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        ("uchar", "255 128 0", (255, 128, 0)),
        ("ushort", "65535 32896 0", (255, 128, 0)),
        ("float", "1.0 0.5 0.0", (255, 128, 0)),
        ("float", "255 128 0", (255, 128, 0)),
    ],
)
def test_colours_in_any_numbers(kind: str, numbers: str, expected: object, tmp_path: Path) -> None:
    colours = [f"property {kind} {name}" for name in ("red", "green", "blue")]
    info, shape, _ = agreeing(
        text(tmp_path / "a.ply", "element vertex 1", *POINT, *colours, rows=f"1 2 3 {numbers}\n")
    )
    assert info.colours == "vertex" and isinstance(shape, PointCloud)
    assert tuple(shape.rgb[0].tolist()) == expected


@pytest.mark.parametrize("per_corner", [True, False])
def test_a_texture_gives_the_colours(per_corner: bool, tmp_path: Path) -> None:
    """MeshLab's two ways to write texture coordinates; v goes up."""
    (tmp_path / "maps").mkdir()
    pixels = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]])
    Image.fromarray(pixels).save(tmp_path / "maps" / "two words.png")
    lines = ["comment TextureFile maps/two words.png", "element vertex 3", *POINT]
    if per_corner:
        lines += [
            "element face 1",
            "property list uchar int vertex_indices",
            "property list uchar float texcoord",
        ]
        rows = "0 0 0\n2 0 0\n0 1 0\n3 0 1 2 6 0 0 1 1 0 1\n"
    else:
        lines += ["property float s", "property float t", "element face 1"]
        lines += ["property list uchar int vertex_index"]
        rows = "0 0 0 0 0\n2 0 0 1 1\n0 1 0 0 1\n3 0 1 2\n"
    path = text(tmp_path / "a.ply", *lines, rows=rows)
    info, shape, notes = agreeing(path)
    assert info.colours == "texture" and not info.notes and not notes
    assert shape.rgb is not None and shape.rgb.tolist() == [[0, 0, 255], [0, 255, 0], [255, 0, 0]]
    (tmp_path / "maps" / "two words.png").unlink()
    info, shape, notes = agreeing(path)
    assert info.colours == "none" and shape.rgb is None
    assert info.notes == notes == ("the texture maps/two words.png is missing",)


def test_points_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    path = text(tmp_path / "a.ply", "element vertex 3", *POINT, rows="0 0 0\nnan 1 1\n1 2 3\n")
    info, shape, _ = agreeing(path)
    assert info.size == (1, 2, 3) and len(points_of(shape)) == 2


FACE = ("element face 2", "property list uchar int vertex_indices")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            "3 0 1 2 9\n3 0 1 2 9\n",
            "the line of face 1 has 5 numbers, and the header names 4: damaged at face 2",
        ),
        ("3 0 1 2\n3 0 1\n", "the line of face 2 ends too early"),
        ("3 0 1 2\n-1\n", "the line of face 2 ends too early"),
        ("3 0 1 2\n", "declares 2 of element face but has 1"),
        ("3 0 1 2\n3 0 1 7\n", "a point that does not exist"),
        ("3 0 1 2\n3 0 1 -2\n", "a point that does not exist"),
    ],
)
def test_rows_that_are_not_as_promised_are_refused(rows: str, words: str, tmp_path: Path) -> None:
    path = text(tmp_path / "a.ply", "element vertex 3", *POINT, *FACE, rows="0 0 0\n2 0 0\n0 1 0\n" + rows)
    with pytest.raises(SceneFileError, match=words):
        read_geometry(path)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["element vertex 1", "element face 3", "property list char int vertex_indices"], b"\xff" * 40),
        (["element face 1000000000000", "property list char int vertex_indices"], b"\xff" * 40),
        (["element vertex 4", "property list float int x", *POINT], struct.pack("<f", float("inf")) * 9),
        (["element vertex 9", "property float x"], b"\0" * 36),
        (["element vertex 4", *POINT, "element face 2", "property list int int vertex_indices"],
         b"\0" * 48 + struct.pack("<i", 2**31 - 1) * 3),
    ],
)  # fmt: skip
def test_lists_of_impossible_lengths_end_at_once(lines: list[str], body: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.ply").write_bytes(header("binary_little_endian", *lines).encode() + body)
    start = time.thread_time()
    for read in (describe, read_geometry):
        with pytest.raises(SceneFileError, match="damaged, or not a PLY file"):
            read(tmp_path / "a.ply")
    assert time.thread_time() - start < 2


def test_an_element_without_properties_has_no_bytes(tmp_path: Path) -> None:
    lines = ["element nothing 7", "element vertex 2", *POINT]
    body = np.array([[0, 0, 0], [1, 2, 3]], "<f4").tobytes()
    (tmp_path / "a.ply").write_bytes(header("binary_little_endian", *lines).encode() + body)
    assert agreeing(tmp_path / "a.ply")[0].size == (1, 2, 3)


def test_faces_turn_as_written(tmp_path: Path) -> None:
    _, shape, _ = agreeing(polygons(tmp_path / "a.ply", "binary_little_endian"))
    assert normal_in_file(shape)[2] == pytest.approx(1)
