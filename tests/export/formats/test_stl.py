"""STL through trimesh and Open3D."""

import struct

import numpy as np
import pytest

from recon.export.formats import stl
from recon.frames import apply, file_T_cam


@pytest.mark.parametrize("axes", ["y-up", "z-up", "opencv"])
def test_through_trimesh(axes, make_content, trimesh, tmp_path):
    content = make_content("mesh", axes)
    stl.write(content, tmp_path / "a.stl")
    read = trimesh.load(tmp_path / "a.stl", process=False)
    mesh = content.geometry
    expected = apply(file_T_cam(axes), mesh.vertices)[mesh.faces]
    assert np.array_equal(np.float32(read.triangles), expected)
    assert (np.sum(read.face_normals * -read.triangles_center, axis=1) > 0).all()


def test_through_open3d(make_content, open3d, tmp_path):
    content = make_content("mesh")
    stl.write(content, tmp_path / "a.stl")
    read = open3d.io.read_triangle_mesh(str(tmp_path / "a.stl"))
    assert len(read.triangles) == len(content.geometry.faces)


def test_header_size_and_normals(make_content, tmp_path):
    content = make_content("mesh", "z-up")
    stl.write(content, tmp_path / "a.stl")
    data = (tmp_path / "a.stl").read_bytes()
    faces = len(content.geometry.faces)
    assert not data.startswith(b"solid")
    assert b"metres, z-up" in data[:80]
    assert struct.unpack_from("<I", data, 80) == (faces,)
    assert len(data) == 84 + 50 * faces
    normals = np.frombuffer(data, np.dtype([("n", "<f4", 3), ("rest", "u1", 38)]), offset=84)["n"]
    plane = content.geometry.normals[0]
    assert np.allclose(normals, file_T_cam("z-up")[:3, :3] @ plane, atol=1e-4)
