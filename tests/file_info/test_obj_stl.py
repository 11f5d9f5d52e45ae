"""OBJ and STL of other programs: their dialects, and the materials and textures that an OBJ names."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
from both_readers import agreeing, normal_in_file, points_of
from PIL import Image

from recon.errors import SceneFileError
from recon.file_info import describe, read_geometry, referenced_files
from recon.types import Mesh, PointCloud

SQUARE = "v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\nv 1 2 0\n"


def obj(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def areas(shape: PointCloud | Mesh) -> float:
    """Of all triangles, with the sign of the way they face."""
    assert isinstance(shape, Mesh)
    points = shape.vertices.astype(np.float64) * [1, -1, -1]  # y is down in recon's own frame
    a, b, c = (points[shape.faces[:, k]] for k in range(3))
    return float(np.cross(b - a, c - a)[:, 2].sum() / 2)


@pytest.mark.parametrize(
    ("text", "faces", "area"),
    [
        (SQUARE + "f 1 2 3 4\nf 4 3 5\n", 2, 3.0),
        (SQUARE + "f 1 2 3 5 4\n", 1, 3.0),
        (SQUARE + "f -5 -4 -3 -2\nf -2 -3 -1\n", 2, 3.0),
        # Relative to the current line, not to the end of the file.
        ("v 0 0 0\nv 2 0 0\nv 2 1 0\nf -3 -2 -1\nv 0 1 0\nv 1 2 0\nf 1 3 -2\nf -2 3 -1\n", 3, 3.0),
        (SQUARE.replace("v ", "  v ") + "\tf 1 2 3 4\n  f 4 3 5\n", 2, 3.0),
        (SQUARE.replace("v ", "v\t") + "f\t1\t2  3 4\nf 4 3 5\n", 2, 3.0),
        ((SQUARE + "f 1 2 3 4\nf 4 3 5\n").replace("\n", "\r\n"), 2, 3.0),
        (SQUARE + "f 1 2 \\\n3 4\nf 4 \\\n  3 5\n", 2, 3.0),
        ("v 0 0 \\\n0\n" + SQUARE[8:] + "f 1 2 3 4 # the floor\nf 4 3 5 # -1\n", 2, 3.0),
        (SQUARE + "o a\ng b\ns off\nf 1 2 3 4\nusemtl x\nf 4 3 5\nl 1 2\n", 2, 3.0),
        (SQUARE + "vt 0 0\nvt 1 1\nf 1/1 2/2 3/1 4/2\nf 4/1 3/2 5/1\n", 2, 3.0),
        (SQUARE + "vn 0 0 1\nf 1//1 2//1 3//1 4//1\nf 4//-1 3//-1 5//-1\n", 2, 3.0),
    ],
)
def test_dialects_of_obj(text: str, faces: int, area: float, tmp_path: Path) -> None:
    info, shape, notes = agreeing(obj(tmp_path / "a.obj", text))
    assert (info.points, info.faces, info.size) == (5, faces, (2, 2, 0))
    assert areas(shape) == pytest.approx(area) and not notes and info.unit is None


@pytest.mark.parametrize(
    ("rows", "colours", "expected"),
    [
        ("v 0 0 0 # red green blue\nv 2 1 0 # a b c\n", "none", None),
        ("v 0 0 0 1 0.5 0\nv 2 1 0 0 0 0\n", "vertex", (255, 128, 0)),
        ("v 0 0 0 255 128 0\nv 2 1 0 0 0 0\n", "vertex", (255, 128, 0)),
        ("v 0 0 0 1.0\nv 2 1 0 1.0\n", "none", None),
    ],
)
def test_colours_and_comments_behind_points(
    rows: str, colours: str, expected: tuple[int, int, int] | None, tmp_path: Path
) -> None:
    info, shape, _ = agreeing(obj(tmp_path / "a.obj", rows))
    assert info.colours == colours and isinstance(shape, PointCloud)
    assert expected is None or tuple(shape.rgb[0].tolist()) == expected


TEXTURED = "v 0 0 0\nv 2 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl wood\nf 1/1 2/2 3/3\n"
COLOURS = np.uint8([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [90, 90, 90]]])


@pytest.mark.parametrize(
    ("folder", "name", "spelled"),
    [
        ("textures", "c.png", "map_Kd textures/c.png"),
        ("textures", "c.png", "map_Kd textures\\c.png"),
        ("textures", "my c.png", "  map_Kd textures/my c.png  "),
        ("textures", "my c.png", "map_Kd textures/my%20c.png"),
        (".", "a%20b.png", "map_Kd a%20b.png"),
        (".", "c.png", "map_Kd -s 1 1 1 -o 0 0 0 c.png"),
        (".", "c.png", "map_Kd -clamp on -mm 0 1 -blendu off -o 0.5 c.png"),
        (".", "-c.png", "map_Kd -c.png"),
        (".", "c.png", "map_kd C:\\work\\tex\\C.PNG"),
        (".", "c.png", "map_Kd /home/other/c.png"),
    ],
)
def test_textures_are_found(folder: str, name: str, spelled: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    Image.fromarray(COLOURS).save(tmp_path / folder / name)
    (tmp_path / "m x.mtl").write_text(f"# a\nnewmtl wood\nKd 1 1 1\n{spelled}\n")
    info, shape, notes = agreeing(obj(tmp_path / "a.obj", "mtllib m x.mtl\n" + TEXTURED))
    assert info.colours == "texture" and not info.notes and not notes
    assert shape.rgb is not None
    at = {
        tuple(np.round(p, 3)): rgb
        for p, rgb in zip(points_of(shape).tolist(), shape.rgb.tolist(), strict=True)
    }
    assert [at[corner] for corner in ((0, 0, 0), (2, 0, 0), (0, -1, 0))] == [
        [0, 0, 255], [90, 90, 90], [255, 0, 0],
    ]  # fmt: skip


def test_missing_files_are_reported_by_both_readers(tmp_path: Path) -> None:
    path = obj(tmp_path / "a.obj", "mtllib m.mtl\n" + TEXTURED)
    for make, note in (
        (lambda: None, "the material file m.mtl is missing"),
        (
            lambda: (tmp_path / "m.mtl").write_text("newmtl wood\nmap_Kd no.png\n"),
            "the texture no.png is missing",
        ),
        (
            lambda: (tmp_path / "m.mtl").write_text("newmtl wood\nmap_Kd http://a.b/c.png\n"),
            "the texture http://a.b/c.png is a URL, which is not downloaded",
        ),
    ):
        make()
        info, _, notes = agreeing(path)
        assert info.notes == notes == (note,) and info.colours == "none"


def test_a_material_gives_its_colour(tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_text("newmtl wood\nKd 1 0.5 0\n")
    _, shape, _ = agreeing(obj(tmp_path / "a.obj", "mtllib m.mtl\n" + TEXTURED))
    assert shape.rgb is not None and np.abs(shape.rgb[0].astype(int) - [255, 128, 0]).max() <= 1


@pytest.mark.parametrize(
    "name", [r"\\computer\share\c.png", "//computer/share/c.png", "%5C%5Ccomputer%5Cshare%5Cc.png"]
)
def test_no_other_computer_is_asked_for_a_texture(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows would log in to it."""
    asked = list[Path]()
    monkeypatch.setattr(referenced_files, "_file", asked.append)
    assert referenced_files.ReferencedFiles(tmp_path / "a.obj").find(name, "texture") is None
    assert asked and all(path.is_relative_to(tmp_path) for path in asked)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.obj", "mtllib" + " " * 300_000 + "\nv 0 0 0\n"),
        ("a.obj", "v 0 0 0\n" + "\n" * 300_000 + "f 1 1 1\n"),
        ("a.obj", "v 0 0 0\n" + " \t" * 300_000 + "\n"),
        ("a.stl", "solid\nfacet\n" + "\n" * 300_000 + "vertex 1 2 3\n" * 3),
    ],
)
def test_nothing_takes_long(name: str, text: str, tmp_path: Path) -> None:
    obj(tmp_path / name, text)
    start = time.thread_time()
    assert describe(tmp_path / name).points
    read_geometry(tmp_path / name)
    assert time.thread_time() - start < 8


def test_a_material_file_of_blank_lines_takes_no_time(tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_text("\n" * 300_000)
    start = time.thread_time()
    agreeing(obj(tmp_path / "a.obj", "mtllib m.mtl\n" + TEXTURED))
    assert time.thread_time() - start < 8


STL = (
    "solid x\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 2 0 0\nvertex 0 1 0\n"
    "endloop\nendfacet\nendsolid x\n"
)


def binary_stl(header: bytes, behind: bytes = b"", promised: int = 1) -> bytes:
    corners = struct.pack("<12fH", 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0)
    return header.ljust(80, b"\0") + struct.pack("<I", promised) + corners + behind


@pytest.mark.parametrize(
    ("data", "format_", "note"),
    [
        (STL.encode(), "STL, text", None),
        (STL.upper().encode(), "STL, text", None),
        (STL.replace("\n", "\r\n\r\n").replace("vertex ", "  vertex\t ").encode(), "STL, text", None),
        (STL.replace("endsolid x\n", "").encode(), "STL, text", None),
        (binary_stl(b"made by hand"), "STL, binary", None),
        (binary_stl(b"solid but binary"), "STL, binary", None),
        (binary_stl(b"solid", b"\0\0"), "STL, binary", "2 bytes after its triangles were not read"),
    ],
)
def test_dialects_of_stl(data: bytes, format_: str, note: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.stl").write_bytes(data)
    info, shape, notes = agreeing(tmp_path / "a.stl")
    assert (info.format, info.points, info.faces, info.size) == (format_, 3, 1, (2, 1, 0))
    assert info.unit is None and dict(info.rows())["extent"] == "x 2.000, y 1.000, z 0.000"
    assert normal_in_file(shape)[2] == pytest.approx(1)
    assert notes == (() if note is None else (note,)) and set(notes) <= set(info.notes)


@pytest.mark.parametrize(
    "data",
    [
        binary_stl(b"x", promised=2),
        binary_stl(b"x", promised=0),
        STL.replace("vertex 0 1 0\n", "").encode(),
        STL.replace("2 0 0", "2 0").encode(),
        b"solid x\nfacet normal 0 0 1\nendsolid\n",
    ],
)
def test_stl_that_is_not_whole_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.stl").write_bytes(data)
    for read in (describe, read_geometry):
        with pytest.raises(SceneFileError, match="damaged, or not a STL file"):
            read(tmp_path / "a.stl")
