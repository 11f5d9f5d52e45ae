"""What `recon info` says of the files that recon writes besides scenes: depth maps, solids and plans."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from recon.depth_map.write import write_depth
from recon.errors import DepthFileError, SceneFileError
from recon.file_info.depth_map import DepthMapInfo
from recon.file_info.describe import describe, is_geometry
from recon.file_info.floor_plan import PlanInfo
from recon.geometry.floor_plan import Plan
from recon.geometry.relief import Solid
from recon.outputs.plan_drawing import write_plan
from recon.outputs.solid_file import write_solid
from recon.types import MetricDepth

MODEL = "3D/3dmodel.model"


def millimetres() -> np.ndarray:
    """(20, 30) uint16 of 1000 to 4000 mm, a tenth of it unknown."""
    stored = np.linspace(1000, 4000, 600).reshape(20, 30).astype(np.uint16)
    stored[:2] = 0
    return stored


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy", ".npz", ".exr"])
def test_a_depth_map_has_its_size_and_its_range_in_metres(suffix: str, tmp_path: Path) -> None:
    path, z_m = tmp_path / f"depth{suffix}", millimetres().astype(np.float32) / 1000
    write_depth(path, MetricDepth(z_m, z_m > 0))
    info = describe(path)
    assert isinstance(info, DepthMapInfo)
    assert (info.width, info.height, info.share) == (30, 20, pytest.approx(0.9))
    assert info.depth_m == pytest.approx((1.33, 2.65, 3.97), abs=0.01)
    assert info.unit_m == (0.001 if suffix == ".png" else 1.0)
    printed = dict(info.rows())
    assert printed["depth"].startswith("1.33 m to 3.97 m") and "points" not in printed
    assert info.as_dict()["depth_m"]["median"] == pytest.approx(2.65, abs=0.01)


def test_a_scan_with_exif_and_a_picture_of_8_bits_are_photos(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Scanner"
    Image.fromarray(millimetres()).save(tmp_path / "scan.png", exif=exif)
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "grey.png")
    for name in ("scan.png", "grey.png"):
        assert describe(tmp_path / name).format == "photo, png"


def test_arrays_that_are_no_depth_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "normals.npy", np.zeros((4, 5, 3), np.float32))
    np.savez(tmp_path / "other.npz", weights=np.zeros((4, 5)))
    with pytest.raises(DepthFileError, match=r"expected the array to be \(H, W\)"):
        describe(tmp_path / "normals.npy")
    with pytest.raises(SceneFileError, match="not a scene written by"):
        describe(tmp_path / "other.npz")


def tetrahedron() -> Solid:
    vertices = np.array([[0, 0, 0], [40, 0, 0], [0, 30, 0], [0, 0, 5]], np.float64)
    return Solid(vertices, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]))


def test_a_solid_has_its_size_in_millimetres(tmp_path: Path) -> None:
    path = tmp_path / "relief.3mf"
    write_solid(path, tetrahedron())
    info = describe(path)
    assert (info.points, info.faces, info.unit) == (4, 4, "mm")
    assert info.size == (40, 30, 5) and dict(info.rows())["extent"].startswith("x 40.000 mm")
    assert not is_geometry(path)


def test_a_solid_in_inches_with_a_moved_part(tmp_path: Path) -> None:
    write_solid(tmp_path / "relief.3mf", tetrahedron())
    with zipfile.ZipFile(tmp_path / "relief.3mf") as archive:
        text = archive.read(MODEL).decode()
    text = text.replace('unit="millimeter"', 'unit="inch"').replace(
        '<item objectid="1"/>', '<item objectid="1" transform="1 0 0 0 1 0 0 0 1 9 9 9"/>'
    )
    with zipfile.ZipFile(tmp_path / "inch.3mf", "w") as archive:
        archive.writestr(MODEL, text)
    info = describe(tmp_path / "inch.3mf")
    assert info.size == pytest.approx((40 * 25.4, 30 * 25.4, 5 * 25.4))
    assert "moved or turned" in info.notes[0]
    (tmp_path / "cut.3mf").write_bytes((tmp_path / "inch.3mf").read_bytes()[:-40])
    with zipfile.ZipFile(tmp_path / "open.3mf", "w") as archive:
        archive.writestr(MODEL, text[:-30])
    with zipfile.ZipFile(tmp_path / "empty.3mf", "w") as archive:
        archive.writestr("readme.txt", "")
    for name, why in {
        "cut.3mf": "it is cut off, or bytes",
        "open.3mf": "its XML is damaged in line",
        "empty.3mf": "a part of it is missing",
    }.items():
        with pytest.raises(SceneFileError, match=rf"{name} is damaged, or not a 3MF file \({why}"):
            describe(tmp_path / name)


@pytest.mark.parametrize("suffix", [".svg", ".dxf"])
def test_a_plan_has_its_walls_in_metres(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"plan{suffix}"
    corner = np.array([[-1.0, 2.0], [3.0, 2.0], [3.0, 4.5]])
    wall = np.array([[-1.0, 2.0], [-1.0, 4.0]])
    write_plan(path, Plan((corner, wall), 1.2, above_floor=True))
    info = describe(path)
    assert isinstance(info, PlanInfo)
    assert (info.walls, info.points, info.cut) == (2, 5, "1.20 m above the floor")
    assert info.size == pytest.approx((4.0, 0.0, 2.5), abs=0.01)
    assert dict(info.rows())["extent"] == "4.00 x 2.50 m"
    assert (info.scale is None) == (suffix == ".dxf")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("logo.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("house.dxf", "0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n"),
        ("odd.dxf", "999\n"),
    ],
)
def test_drawings_of_other_programs_are_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SceneFileError, match="it is not a plan that recon wrote"):
        describe(tmp_path / name)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "why"),
    [
        (
            ".svg",
            b'class="WALLS" points="',
            b'class="WALLS" points="x,',
            "a number in it is missing or damaged",
        ),
        (".svg", b"</title>", b"\xff</title>", "it holds bytes that are no text"),
        (".svg", b"<title>Plan", b"<title>Map", "it is not a plan that recon wrote"),
        (".dxf", b"\nWALLS\n", b"\nWALLS\n\n", "a number in it is missing or damaged"),
        (".dxf", b"VERTEX\n8\nWALLS\n10\n", b"VERTEX\n8\nWALLS\n11\n", "a part of it is missing or damaged"),
        (".dxf", b"recon", b"\xff", "it holds bytes that are no text"),
    ],
)
def test_a_damaged_plan_says_why_in_plain_words(
    suffix: str, old: bytes, new: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / f"plan{suffix}"
    write_plan(path, Plan((np.array([[-1.0, 2.0], [3.0, 2.0]]),), 1.2, above_floor=True))
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    with pytest.raises(SceneFileError) as raised:
        describe(path)
    assert str(raised.value) == f"{path} is damaged, or not a {suffix[1:].upper()} file ({why})."
