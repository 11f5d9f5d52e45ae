"""Point clouds of other programs: XYZ, PCD, LAS; and coordinates that float32 would round."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from both_readers import agreeing, points_of

from recon.errors import SceneFileError
from recon.file_info import describe, read_geometry
from recon.types import PointCloud

STEPS = np.arange(200) * 0.01
FAR = np.stack([600_000 + STEPS, 5_200_000 + STEPS[::-1], 120 + STEPS], axis=1)
"""200 points 1 cm apart, where UTM has Bavaria."""


def is_whole(shape: Any, notes: tuple[str, ...]) -> None:
    """No point fell together with another, no distance changed, and it was said that all were moved."""
    points = points_of(shape)
    assert [len(np.unique(points[:, axis])) for axis in range(3)] == [200] * 3
    assert np.allclose(np.linalg.norm(np.diff(points, axis=0), axis=1), 0.01 * 3**0.5, atol=1e-5)
    assert notes == (
        "its coordinates are large: moved by (-600,000, -5,200,000, 0) towards the origin, since float32 would "
        "round them",
    )


def test_large_coordinates_of_a_las(tmp_path: Path) -> None:
    laspy = pytest.importorskip("laspy")
    las = laspy.create(point_format=3)
    las.header.offsets, las.header.scales = FAR.min(axis=0), [0.001] * 3
    las.x, las.y, las.z = FAR.T
    las.red, las.green, las.blue = np.full((3, 200), 200)  # 8 bits in the place of 16
    las.write(tmp_path / "a.las")
    info, (shape, notes) = describe(tmp_path / "a.las"), read_geometry(tmp_path / "a.las")
    assert np.allclose([info.low, info.high], [FAR.min(axis=0), FAR.max(axis=0)]) and info.unit is None
    is_whole(shape, notes)
    assert isinstance(shape, PointCloud) and shape.rgb.tolist() == [[200] * 3] * 200
    # z is up by custom: it is recon's -y.
    assert np.allclose(np.ptp(points_of(shape), axis=0), 1.99, atol=1e-3) and points_of(shape)[:, 1].max() < 0


@pytest.mark.parametrize("suffix", [".xyz", ".ply", ".obj", ".pcd", ".usda"])
def test_large_coordinates_of_other_formats(suffix: str, tmp_path: Path) -> None:
    rows = "".join("{:.2f} {:.2f} {:.2f}\n".format(*point) for point in FAR)
    heads = {
        ".xyz": "",
        ".ply": "ply\nformat ascii 1.0\nelement vertex 200\n"
        + "".join(f"property double {axis}\n" for axis in "xyz")
        + "end_header\n",
        ".pcd": "FIELDS x y z\nSIZE 8 8 8\nTYPE F F F\nPOINTS 200\nDATA ascii\n",
    }
    if suffix == ".obj":
        rows = "".join(f"v {line}\n" for line in rows.splitlines())
    if suffix == ".usda":
        pytest.importorskip("pxr")
        near = "".join(f"({x:.2f}, {y:.2f}, {z:.2f})," for x, y, z in FAR - (600_000, 5_200_000, 0))
        rows = (
            '#usda 1.0\n(metersPerUnit = 1\nupAxis = "Y")\ndef Points "p" {\n'
            "double3 xformOp:translate = (600000, 5200000, 0)\n"
            'uniform token[] xformOpOrder = ["xformOp:translate"]\n'
            f"point3f[] points = [{near}]\n}}\n"
        )
    (tmp_path / f"a{suffix}").write_text(heads.get(suffix, "") + rows)
    info = describe(tmp_path / f"a{suffix}")
    assert np.allclose([info.low, info.high], [FAR.min(axis=0), FAR.max(axis=0)], atol=1e-4)
    is_whole(*read_geometry(tmp_path / f"a{suffix}"))


def test_what_is_near_the_origin_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("900 2 3\n900.5 2 3\n")
    shape, notes = read_geometry(tmp_path / "a.xyz")
    assert points_of(shape)[0].tolist() == [900, -2, -3] and not notes


@pytest.mark.parametrize(
    ("text", "rgb", "normals"),
    [
        ("//X Y Z\n1 2 3\n4 6 8\n", None, False),
        ("//X Y Z R G B\n1 2 3 255 2 3\n4 6 8 255 2 3\n", (255, 2, 3), False),
        ("X,Y,Z,Red,Green,Blue\n1,2,3,255,2,3\n4,6,8,0,0,0\n", (255, 2, 3), False),
        ("//X Y Z Nx Ny Nz\n1 2 3 0 0 1\n4 6 8 0 0 1\n", None, True),
        ("1 2 3 0 0 1\n4 6 8 0 0.6 0.8\n", None, True),
        ("1 2 3 0.0 0.5 1.0\n4 6 8 0.1 0 0\n", (0, 128, 255), False),
        ("2\n1 2 3 -1200 255 2 3\n4 6 8 -100 1 1 1\n", (255, 2, 3), False),
        ("1 2 3 255 2 3 0 0 1\n4 6 8 0 0 0 0 0 1\n", (255, 2, 3), True),
        ("1 2 3 2500 4000 70\n4 6 8 1 1 1\n", None, False),
        ("# c\n1;2;3\n4;6;8", None, False),
        ("1\t2\t3\n4 6 8\n", None, False),
    ],
)
def test_columns_of_xyz(text: str, rgb: tuple[int, int, int] | None, normals: bool, tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text(text)
    info, shape, _ = agreeing(tmp_path / "a.xyz")
    assert (info.points, info.size) == (2, (3, 4, 5)) and isinstance(shape, PointCloud)
    assert info.colours == ("none" if rgb is None else "vertex") and info.normals == normals
    assert tuple(shape.rgb[0].tolist()) == (rgb or (190, 190, 190)) and (shape.normals is not None) == normals


HEADER = (
    "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F {kind}\n"
    "COUNT 1 1 1 1\n{size}DATA {data}\n"
)
PACKED = 200 << 16 | 100 << 8 | 50


@pytest.mark.parametrize("size", ["WIDTH 2\nHEIGHT 1\nPOINTS 2\n", "WIDTH 1\nHEIGHT 2\n"])
@pytest.mark.parametrize("kind", ["F", "U"])
@pytest.mark.parametrize("data", ["ascii", "binary"])
def test_pcd(size: str, kind: str, data: str, tmp_path: Path) -> None:
    head = HEADER.format(kind=kind, size=size, data=data).encode()
    number = PACKED if kind == "U" else struct.unpack("<f", struct.pack("<I", PACKED))[0]
    if data == "ascii":
        body = "".join(f"{x} {y} {z} {number!r}\n" for x, y, z in ((0, 1, 2), (3, 5, 7))).encode()
    else:
        body = b"".join(struct.pack("<3fI", *point, PACKED) for point in ((0, 1, 2), (3, 5, 7)))
    (tmp_path / "a.pcd").write_bytes(head + body)
    info, shape, _ = agreeing(tmp_path / "a.pcd")
    assert (info.points, info.size, info.colours) == (2, (3, 4, 5), "vertex")
    assert isinstance(shape, PointCloud) and shape.rgb.tolist() == [[200, 100, 50]] * 2


def test_a_compressed_pcd(open3d: Any, tmp_path: Path) -> None:
    """Random points hardly compress, equal ones and colours do: all kinds of LZF's steps come up."""
    random = np.random.default_rng(0)
    points = np.concatenate([random.random((500, 3)), np.ones((300, 3)), np.arange(900).reshape(-1, 3) % 7])
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    cloud.colors = open3d.utility.Vector3dVector(np.tile([1.0, 0.0, 0.2], (len(points), 1)))
    open3d.io.write_point_cloud(str(tmp_path / "a.pcd"), cloud, compressed=True)
    info, shape, _ = agreeing(tmp_path / "a.pcd")
    assert "compressed" in info.format and info.points == len(points)
    assert np.allclose(points_of(shape) * [1, -1, -1], points, atol=1e-6)
    assert isinstance(shape, PointCloud) and (shape.rgb == [255, 0, 51]).all()
    data = (tmp_path / "a.pcd").read_bytes()
    (tmp_path / "a.pcd").write_bytes(data[:-5])
    with pytest.raises(SceneFileError, match="damaged, or not a PCD file"):
        read_geometry(tmp_path / "a.pcd")


@pytest.mark.parametrize(
    "header",
    [
        "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 0 0 0\nPOINTS 2\nDATA binary\n",
        "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nPOINTS 9\nDATA binary\n",
        "FIELDS x y\nSIZE 4 4\nTYPE F F\nPOINTS 2\nDATA ascii\n0 1\n2 3\n",
        "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nDATA ascii\n",
        "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 2\nDATA morse\n",
    ],
)
def test_pcd_that_is_not_as_promised_is_refused(header: str, tmp_path: Path) -> None:
    (tmp_path / "a.pcd").write_bytes(header.encode() + b"\0" * 24)
    for read in (describe, read_geometry):
        with pytest.raises(SceneFileError, match="damaged, or not a PCD file"):
            read(tmp_path / "a.pcd")


@pytest.mark.parametrize(
    ("at", "form", "value", "words"),
    [
        (100, "<I", 2**31, "records before its points"),
        (96, "<I", 2**31, "records before its points|bytes"),
        (107, "<I", 2**32 - 1, "more than LAZ can compress"),
        (None, "<I", 2**31, "chunks of points"),
    ],
)
def test_a_laz_that_asks_for_too_much_is_refused_before_its_library_sees_it(
    at: int | None, form: str, value: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library makes place for all that is promised, and ends the whole process where there is none."""
    laspy = pytest.importorskip("laspy")
    las = laspy.create(file_version="1.2", point_format=3)
    las.x = las.y = las.z = STEPS
    las.write(tmp_path / "a.laz")
    assert agreeing(tmp_path / "a.laz", "z-up")[0].points == 200
    data = bytearray((tmp_path / "a.laz").read_bytes())
    if at is None:  # the table of chunks, behind the points
        (points_at,) = struct.unpack_from("<I", data, 96)
        at = struct.unpack_from("<q", data, points_at)[0] + 4
    struct.pack_into(form, data, at, value)
    (tmp_path / "a.laz").write_bytes(data)
    monkeypatch.setattr(laspy, "read", lambda path: pytest.fail("the library was asked"))
    for read in (describe, read_geometry):
        with pytest.raises(SceneFileError, match=words):
            read(tmp_path / "a.laz")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "ascii"])
def test_a_byte_order_mark_costs_no_point(encoding: str, tmp_path: Path) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    path = tmp_path / "a.xyz"
    path.write_bytes(mark + "0 0 0\n2 0 0\n0 1 0\n".encode(encoding))
    assert describe(path).points == 3
