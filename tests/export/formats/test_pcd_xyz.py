"""PCD and XYZ, the formats of points alone, through Open3D and trimesh."""

from dataclasses import replace

import numpy as np
import pytest

from recon.export.formats import pcd, xyz
from recon.frames import apply, file_T_cam, rotate
from recon.types import PointCloud


@pytest.mark.parametrize("axes", ["y-up", "z-up", "opencv"])
def test_pcd_through_open3d(axes, make_content, open3d, tmp_path):
    content = make_content("cloud", axes)
    pcd.write(content, tmp_path / "a.pcd")
    read = open3d.io.read_point_cloud(str(tmp_path / "a.pcd"))
    cloud = content.geometry
    assert np.array_equal(np.float32(read.points), apply(file_T_cam(axes), cloud.points))
    assert np.array_equal(np.round(np.asarray(read.colors) * 255), cloud.rgb)
    assert np.allclose(read.normals, rotate(file_T_cam(axes), cloud.normals), atol=1e-6)


def test_pcd_without_normals(make_content, open3d, tmp_path):
    content = make_content("cloud", normals=False)
    pcd.write(content, tmp_path / "a.pcd")
    read = open3d.io.read_point_cloud(str(tmp_path / "a.pcd"))
    assert not read.has_normals()
    assert np.array_equal(np.round(np.asarray(read.colors) * 255), content.geometry.rgb)


def test_no_colour_is_a_nan(make_content, tmp_path):
    """Packed colours are bytes in a float's place: a byte of 255 on top would make it NaN."""
    cloud = PointCloud(np.ones((1, 3), np.float32), np.uint8([[255, 255, 255]]))
    pcd.write(replace(make_content("cloud"), geometry=cloud), tmp_path / "a.pcd")
    values = np.frombuffer((tmp_path / "a.pcd").read_bytes().split(b"DATA binary\n")[1], "<f4")
    assert np.isfinite(values).all()


@pytest.mark.parametrize("axes", ["y-up", "z-up", "opencv"])
def test_xyz_through_trimesh(axes, make_content, trimesh, tmp_path):
    content = make_content("cloud", axes)
    xyz.write(content, tmp_path / "a.xyz")
    read = trimesh.load(tmp_path / "a.xyz")
    cloud = content.geometry
    assert np.allclose(read.vertices, apply(file_T_cam(axes), cloud.points), atol=6e-7)
    assert np.array_equal(read.colors[:, :3], cloud.rgb)


def test_xyz_through_open3d(make_content, open3d, tmp_path):
    content = make_content("cloud")
    xyz.write(content, tmp_path / "a.xyz")
    read = open3d.io.read_point_cloud(str(tmp_path / "a.xyz"))
    assert np.allclose(read.points, apply(file_T_cam("y-up"), content.geometry.points), atol=6e-7)
