"""LAS and LAZ through laspy's reader."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from recon.errors import ExportError
from recon.export.formats import las
from recon.export.registry import format_for
from recon.file_info.describe import describe
from recon.frames import apply, file_T_cam
from recon.types import PointCloud


@pytest.fixture(scope="module")
def laspy() -> ModuleType:
    return pytest.importorskip("laspy")


@pytest.mark.parametrize("name", ["a.las", "a.laz"])
@pytest.mark.parametrize("axes", ["y-up", "opencv"])
def test_the_cloud_is_read_back_upright_in_metres(name, axes, make_content, laspy, tmp_path):
    content = make_content("cloud", axes)
    las.write(content, tmp_path / name)
    read = laspy.read(tmp_path / name)
    expected = apply(file_T_cam("z-up"), content.geometry.points)
    step = read.header.scales[0]
    assert step <= 1e-4
    assert np.allclose(read.xyz, expected, atol=0.51 * step)
    rgb = np.stack([read.red, read.green, read.blue], axis=1)
    assert np.array_equal(rgb >> 8, content.geometry.rgb)
    assert np.array_equal(rgb & 255, content.geometry.rgb), "white is 65535"
    assert np.allclose(read.header.mins, expected.min(0), atol=step)
    assert np.allclose(read.header.maxs, expected.max(0), atol=step)


def test_up_is_z(make_content, laspy, tmp_path):
    """One metre up from the camera's axis, two metres away."""
    point = PointCloud(np.float32([[0, -1, 2]]), np.uint8([[255, 0, 1]]))
    las.write(replace(make_content("cloud"), geometry=point), tmp_path / "a.las")
    assert laspy.read(tmp_path / "a.las").xyz[0] == pytest.approx([0, 2, 1])


def test_laz_is_compressed_and_holds_the_same(make_content, laspy, tmp_path):
    content = make_content("cloud")
    las.write(content, tmp_path / "a.las")
    las.write(content, tmp_path / "a.laz")
    assert (tmp_path / "a.laz").stat().st_size < (tmp_path / "a.las").stat().st_size
    assert np.array_equal(laspy.read(tmp_path / "a.las").xyz, laspy.read(tmp_path / "a.laz").xyz)


def test_provenance_is_a_text_record(make_content, laspy, tmp_path):
    las.write(make_content("cloud"), tmp_path / "a.las")
    header = laspy.read(tmp_path / "a.las").header
    assert header.generating_software.startswith("recon ")
    (record,) = header.vlrs
    text = record.record_data_bytes().decode("ascii")
    assert "axes z-up: x right, y forward, z up" in text
    assert "model.name fake" in text
    assert "camera fx 20 fy 20 cx 11 cy 10 width 24 height 18" in text


def test_more_rows_than_a_block(make_content, laspy, tmp_path, monkeypatch):
    monkeypatch.setattr("recon.threads.blocks.__defaults__", (100,))
    content = make_content("cloud")
    las.write(content, tmp_path / "a.laz")
    read = laspy.read(tmp_path / "a.laz")
    assert np.array_equal(read.red >> 8, content.geometry.rgb[:, 0])


@pytest.mark.parametrize(
    ("extent_m", "step"),
    [(0.0, 1e-7), (0.3, 1e-6), (5.0, 1e-5), (60.0, 1e-4), (1e4, 1e-4), (2e5, 1e-4), (1e6, 1e-3), (1e9, 1.0)],
)
def test_the_step_is_fine_and_32_bits_reach(extent_m, step):
    assert las.step_m(extent_m) == pytest.approx(step)
    assert (extent_m + 1) / las.step_m(extent_m) < 2**31


@pytest.mark.parametrize("far", [1e-3, 300.0, 5e5])
def test_any_extent_is_kept_to_a_step(far, make_content, laspy, tmp_path):
    points = np.float32([[0, 0, far], [far, -far, 2 * far]])
    cloud = PointCloud(points, np.zeros((2, 3), np.uint8))
    las.write(replace(make_content("cloud"), geometry=cloud), tmp_path / "a.las")
    read = laspy.read(tmp_path / "a.las")
    error = np.abs(read.xyz - apply(file_T_cam("z-up"), points)).max()
    assert error <= 0.51 * read.header.scales[0] <= max(1e-4, 1e-5 * far)


def test_without_the_library_the_extra_is_named_before_the_work(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("a.las", "a.laz"):
        with pytest.raises(ExportError, match=r"recon\[las\]"):
            format_for(tmp_path / name)


def test_info_of_another_program_s_file(laspy, tmp_path):
    """LAS 1.4 without colours, in another program's coordinates."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.offsets, header.scales = [4e5, 5e6, 0], [0.01] * 3
    data = laspy.LasData(header)
    data.x, data.y, data.z = np.array([[4e5 + 1, 4e5 + 3], [5e6, 5e6 + 7], [100.25, 90]])
    data.write(tmp_path / "a.las")
    info = describe(tmp_path / "a.las")
    assert info.format == "LAS 1.4, point format 6"
    assert (info.points, info.colours, info.camera) == (2, "none", None)
    assert info.low == pytest.approx((4e5 + 1, 5e6, 90))
    assert info.high == pytest.approx((4e5 + 3, 5e6 + 7, 100.25))
