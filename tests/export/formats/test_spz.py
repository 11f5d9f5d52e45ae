"""SPZ, read by the reader of the test, written from the format alone, and held against ``.splat.ply``."""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest

from recon.errors import ExportError, SceneFileError
from recon.export.formats import gaussian_splat, spz
from recon.file_info.describe import read_geometry
from recon.frames import apply
from recon.types import PointCloud


def read(data: bytes) -> dict[str, np.ndarray]:
    """The Gaussians of a file: positions, alphas, colours (constant harmonic), log scales, rotations x y z w."""
    raw = gzip.decompress(data)
    magic, version, count, degree, bits, flags, reserved = struct.unpack("<IIIBBBB", raw[:16])
    assert raw[:4] == b"NGSP" and magic == 0x5053474E
    assert (version, degree, flags, reserved) == (3, 0, 0, 0)
    assert len(raw) == 16 + count * (9 + 1 + 3 + 3 + 4)
    at, columns = 16, {}
    for name, size in (("position", 9), ("alpha", 1), ("colour", 3), ("scale", 3), ("rotation", 4)):
        columns[name] = np.frombuffer(raw, np.uint8, count * size, at).reshape(count, size).astype(np.int64)
        at += count * size
    low, middle, high = columns["position"].reshape(count, 3, 3).transpose(2, 0, 1)
    fixed = low + 256 * middle + 65536 * high
    fixed[fixed >= 1 << 23] -= 1 << 24
    return {
        "position": fixed / 2**bits,
        "alpha": columns["alpha"][:, 0] / 255,
        "colour": (columns["colour"] / 255 - 0.5) / 0.15,
        "scale": columns["scale"] / 16 - 10,
        "rotation": np.array([_quaternion(*row) for row in columns["rotation"].tolist()]),
    }


def _quaternion(*four: int) -> list[float]:
    """From the last of the other three components to the first: 9 bits of size, one of sign."""
    packed = sum(byte << 8 * k for k, byte in enumerate(four))
    largest, result = packed >> 30, [0.0] * 4
    for k in (3, 2, 1, 0):
        if k != largest:
            result[k] = (packed & 511) / 511 / np.sqrt(2) * (-1 if packed & 512 else 1)
            packed >>= 10
    result[largest] = np.sqrt(1 - sum(part**2 for part in result))
    return result


@pytest.fixture
def content(make_content):
    """Points on a slanted surface in front of the camera, with the axes that the format has."""
    random = np.random.default_rng(4)
    points = np.stack([*random.uniform(-1, 1, (2, 400)), random.uniform(1, 40, 400)], axis=1)
    normals = random.normal(size=(400, 3)) - (0, 0, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    rgb = random.integers(0, 256, (400, 3)).astype(np.uint8)
    cloud = PointCloud(points.astype(np.float32), rgb, normals.astype(np.float32))
    return replace(make_content("cloud"), geometry=cloud, axes=spz.FORMAT.fixed_axes)


def test_everything_is_read_back_within_the_format_s_precision(content, tmp_path) -> None:
    spz.write(content, tmp_path / "a.spz")
    made = read((tmp_path / "a.spz").read_bytes())
    cloud = content.geometry
    wanted = gaussian_splat.gaussians(content, cloud, slice(None)).astype(np.float64)
    # y up, z back, exact to a quarter of a millimetre.
    np.testing.assert_allclose(made["position"], cloud.points * (1, -1, -1), atol=0.00025)
    np.testing.assert_allclose(made["position"], apply(content.file_T_cam, cloud.points), atol=0.00025)
    rgb = 255 * (0.5 + 0.28209479177387814 * made["colour"])
    assert np.abs(rgb - cloud.rgb).max() < 1.1 * 0.2820948 / 0.15 / 2 + 0.5
    np.testing.assert_allclose(made["alpha"], 0.99, atol=1 / 255)
    np.testing.assert_allclose(made["scale"], wanted[:, 10:13], atol=1 / 32 + 1e-6)
    xyzw = wanted[:, [14, 15, 16, 13]]
    same = np.abs((xyzw * made["rotation"]).sum(axis=1))
    assert np.degrees(2 * np.arccos(np.minimum(same, 1))).max() < 0.3


def test_far_points_have_coarser_positions_and_small_ones_the_finest(make_content, tmp_path) -> None:
    for reach_m, step_m in ((5.0, 2.0**-16), (900.0, 2.0**-13), (1e5, 2.0**-6)):
        points = np.array([[0.1, 0.2, reach_m], [-0.3, 0.1, 1.0]], np.float32)
        cloud = PointCloud(points, np.zeros((2, 3), np.uint8))
        spz.write(replace(make_content("cloud"), geometry=cloud, axes="y-up"), tmp_path / "a.spz")
        made = read((tmp_path / "a.spz").read_bytes())["position"]
        np.testing.assert_allclose(made, points * (1, -1, -1), atol=0.51 * step_m + 1e-9, rtol=1e-7)


def test_the_file_is_small_and_always_the_same(content, tmp_path) -> None:
    for name in ("a.spz", "b.spz"):
        spz.write(content, tmp_path / name)
    gaussian_splat.write(content, tmp_path / "a.splat.ply")
    data = (tmp_path / "a.spz").read_bytes()
    assert data == (tmp_path / "b.spz").read_bytes()
    assert len(data) < 0.4 * (tmp_path / "a.splat.ply").stat().st_size


def test_no_points_and_too_many_are_refused(content, tmp_path, monkeypatch) -> None:
    with pytest.raises(ExportError, match="no points"):
        none = PointCloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
        spz.write(replace(content, geometry=none), tmp_path / "a.spz")
    monkeypatch.setattr(spz, "_MOST_POINTS", 399)
    with pytest.raises(ExportError, match=r"would have 400 points.*--stride 2"):
        spz.write(content, tmp_path / "a.spz")


def test_recon_opens_its_own_files_and_those_of_version_2(content, tmp_path) -> None:
    spz.write(content, tmp_path / "a.spz")
    raw = gzip.decompress((tmp_path / "a.spz").read_bytes())
    older = bytearray(raw[: len(raw) - 400])  # 3 bytes instead of 4 for each rotation
    older[4] = 2
    (tmp_path / "b.spz").write_bytes(gzip.compress(bytes(older)))
    for name in ("a.spz", "b.spz"):
        cloud, notes = read_geometry(tmp_path / name)
        assert isinstance(cloud, PointCloud) and notes == ()
        np.testing.assert_allclose(cloud.points, content.geometry.points, atol=0.00026)
        assert np.abs(cloud.rgb.astype(int) - content.geometry.rgb).max() <= 2


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 0, "no known version"),
        (4, 1, "no known version"),
        (14, 2, "extensions"),
        (11, 99, "at most"),
        (8, 1, "bytes"),
    ],
)
def test_other_headers_are_refused(content, tmp_path, at: int, value: int, message: str) -> None:
    spz.write(content, tmp_path / "a.spz")
    raw = bytearray(gzip.decompress((tmp_path / "a.spz").read_bytes()))
    raw[at] = value
    (tmp_path / "a.spz").write_bytes(gzip.compress(bytes(raw)))
    with pytest.raises(SceneFileError, match=message):
        read_geometry(tmp_path / "a.spz")
