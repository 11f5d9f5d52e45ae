"""PLY through trimesh and Open3D."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recon.errors import ExportError
from recon.export.formats import ply
from recon.export.registry import format_for
from recon.frames import apply, file_T_cam, rotate
from recon.geometry.depth_edges import connect
from recon.geometry.point_cloud import GridCloud
from recon.geometry.unproject import rays_of
from recon.provenance import Provenance
from recon.types import Intrinsics, Mesh, Photo, PointCloud

ALL_AXES = ["y-up", "z-up", "opencv"]


@pytest.mark.parametrize("axes", ALL_AXES)
def test_cloud_through_open3d(axes, make_content, open3d, tmp_path):
    content = make_content("cloud", axes)
    ply.write(content, tmp_path / "a.ply")
    read = open3d.io.read_point_cloud(str(tmp_path / "a.ply"))
    cloud = content.geometry
    assert np.array_equal(np.float32(read.points), apply(file_T_cam(axes), cloud.points))
    assert np.array_equal(np.round(np.asarray(read.colors) * 255), cloud.rgb)
    assert np.allclose(read.normals, rotate(file_T_cam(axes), cloud.normals), atol=1e-6)


@pytest.mark.parametrize("axes", ALL_AXES)
def test_mesh_through_trimesh(axes, make_content, trimesh, tmp_path):
    content = make_content("mesh", axes)
    ply.write(content, tmp_path / "a.ply")
    read = trimesh.load(tmp_path / "a.ply", process=False)
    mesh = content.geometry
    assert np.array_equal(np.float32(read.vertices), apply(file_T_cam(axes), mesh.vertices))
    assert np.array_equal(read.faces, mesh.faces)
    assert np.array_equal(read.visual.vertex_colors[:, :3], mesh.rgb)
    # Our winding, by their cross product: the faces look at the camera, which is at the origin.
    assert (np.sum(read.face_normals * -read.triangles_center, axis=1) > 0).all()


def test_mesh_through_open3d(make_content, open3d, tmp_path):
    content = make_content("mesh")
    ply.write(content, tmp_path / "a.ply")
    read = open3d.io.read_triangle_mesh(str(tmp_path / "a.ply"))
    assert np.array_equal(read.triangles, content.geometry.faces)
    assert np.array_equal(np.round(np.asarray(read.vertex_colors) * 255), content.geometry.rgb)
    assert len(read.vertex_normals) == len(read.vertices)


def test_a_metre_is_a_metre_and_up_is_up(make_content, trimesh, tmp_path):
    """One metre up from the camera's axis, two metres away."""
    point = PointCloud(np.float32([[0, -1, 2]]), np.uint8([[255, 0, 1]]))
    expected = {"y-up": (0, 1, -2), "z-up": (0, 2, 1), "opencv": (0, -1, 2)}
    for axes, xyz in expected.items():
        ply.write(replace(make_content("cloud", axes), geometry=point), tmp_path / "a.ply")
        read = trimesh.load(tmp_path / "a.ply")
        assert tuple(read.vertices[0]) == xyz
        assert tuple(read.colors[0][:3]) == (255, 0, 1)


def test_the_header_says_what_it_is_in_plain_ascii(make_content, tmp_path):
    ply.write(make_content("cloud", "z-up"), tmp_path / "a.ply")
    header = (tmp_path / "a.ply").read_bytes().split(b"end_header\n")[0].decode("ascii")
    lines = header.splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    assert "comment axes z-up: x right, y forward, z up; the camera is at the origin" in lines
    assert "comment unit metre" in lines
    assert "comment camera fx 20 fy 20 cx 11 cy 10 width 24 height 18" in lines
    assert "comment focal_source exif" in lines
    assert "comment model.name fake" in lines
    assert "comment note Wohnk\\xfcche second line" in lines
    assert not any("revision" in line for line in lines), "an unknown revision is not invented"
    assert all(line.startswith(("comment ", "element ", "property ")) for line in lines[2:])


def test_a_long_provenance_stays_readable_for_others(make_content, open3d, tmp_path):
    content = replace(make_content("cloud"), provenance=Provenance(more={"k" * 400: "v" * 3000}))
    ply.write(content, tmp_path / "a.ply")
    assert len(open3d.io.read_point_cloud(str(tmp_path / "a.ply")).points) == len(content.geometry.points)


def test_no_normals_no_property(make_content, tmp_path):
    ply.write(make_content("cloud", normals=False), tmp_path / "a.ply")
    data = (tmp_path / "a.ply").read_bytes()
    header, body = data.split(b"end_header\n", 1)
    assert b" nx" not in header
    assert len(body) == 15 * len(make_content("cloud").geometry.points)


def test_a_mesh_without_colours_takes_the_photo_s(make_content, trimesh, tmp_path):
    content = make_content("mesh")
    ply.write(replace(content, geometry=replace(content.geometry, rgb=None)), tmp_path / "a.ply")
    read = trimesh.load(tmp_path / "a.ply", process=False)
    assert np.array_equal(read.visual.vertex_colors[:, :3], content.photo.rgb.reshape(-1, 3))


class TestTextured:
    def test_the_texture_is_the_photo_and_t_goes_up(self, make_content, trimesh, tmp_path):
        """What trimesh looks up at a vertex is the pixel that the vertex came from."""
        ramp = np.add.outer(np.arange(18) * 8, np.arange(24) * 4).astype(np.uint8)
        content = make_content("mesh")
        content = replace(content, photo=replace(content.photo, rgb=np.stack([ramp] * 3, -1)))
        ply.write_textured(content, tmp_path / "a.ply")
        read = trimesh.load(tmp_path / "a.ply", process=False)
        assert np.array_equal(read.faces, content.geometry.faces)
        picture = np.asarray(read.visual.material.image.convert("L")).astype(int)
        col = (read.visual.uv[:, 0] * 24).astype(int)
        row = ((1 - read.visual.uv[:, 1]) * 18).astype(int)
        assert np.abs(picture[row, col] - ramp.reshape(-1)).max() <= 3

    def test_colours_or_texture_never_both(self, make_content, tmp_path):
        ply.write_textured(make_content("mesh"), tmp_path / "a.ply")
        header = (tmp_path / "a.ply").read_bytes().split(b"end_header\n", 1)[0]
        assert b"\ncomment TextureFile a.jpg\n" in header
        assert b"red" not in header
        ply.write(make_content("mesh"), tmp_path / "a.ply")
        header = (tmp_path / "a.ply").read_bytes().split(b"end_header\n", 1)[0]
        assert b"TextureFile" not in header
        assert b"float s" not in header

    def test_the_texture_s_name_is_plain_and_not_the_photo_s(self):
        (texture,) = ply.sidecars(Path("x") / "my scene.textured.ply")
        assert texture == Path("x") / "my_scene.textured.jpg"

    def test_open3d_reads_the_geometry(self, make_content, open3d, tmp_path):
        content = make_content("mesh")
        ply.write_textured(content, tmp_path / "a.ply")
        read = open3d.io.read_triangle_mesh(str(tmp_path / "a.ply"))
        assert np.array_equal(read.triangles, content.geometry.faces)

    def test_it_holds_no_cloud(self):
        with pytest.raises(ExportError, match=r"as \.ply"):
            format_for(Path("a.textured.ply"), "cloud")

    def test_a_mesh_without_texture_coordinates_is_our_bug(self, make_content, tmp_path):
        content = make_content("mesh")
        with pytest.raises(ValueError, match="uv"):
            ply.write_textured(replace(content, geometry=replace(content.geometry, uv=None)), tmp_path / "a")


def test_a_normal_that_is_not_there_looks_at_the_camera(make_content, open3d, tmp_path):
    content = make_content("cloud", "opencv")
    normals = content.geometry.normals.copy()
    normals[0], normals[1], normals[2] = 0, np.nan, normals[2] * 5
    ply.write(replace(content, geometry=replace(content.geometry, normals=normals)), tmp_path / "a.ply")
    read = np.asarray(open3d.io.read_point_cloud(str(tmp_path / "a.ply")).normals)
    assert np.allclose(np.linalg.norm(read, axis=1), 1, atol=1e-6)
    towards = -content.geometry.points[0] / np.linalg.norm(content.geometry.points[0])
    assert np.allclose(read[0], towards, atol=1e-6)


def test_more_rows_than_a_block(make_content, trimesh, tmp_path, monkeypatch):
    monkeypatch.setattr("recon.threads.blocks.__defaults__", (100,))
    content = make_content("mesh")
    ply.write(content, tmp_path / "a.ply")
    read = trimesh.load(tmp_path / "a.ply", process=False)
    assert np.array_equal(read.faces, content.geometry.faces)
    assert np.array_equal(read.visual.vertex_colors[:, :3], content.geometry.rgb)


def test_nothing_to_write_says_what_to_change(make_content, tmp_path):
    cloud = PointCloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    mesh = Mesh(np.zeros((3, 3), np.float32), np.zeros((0, 3), np.int32))
    for geometry in (cloud, mesh):
        with pytest.raises(ExportError, match="--max-depth"):
            ply.write(replace(make_content("cloud"), geometry=geometry), tmp_path / "a.ply")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_written(bad, make_content, tmp_path):
    content = make_content("cloud")
    points = content.geometry.points.copy()
    points[5, 1] = bad
    with pytest.raises(ValueError, match="finite"):
        ply.write(replace(content, geometry=replace(content.geometry, points=points)), tmp_path / "a.ply")


def test_writing_takes_no_more_memory_for_a_larger_cloud(make_content, tmp_path):
    side = 1500
    camera = Intrinsics.from_focal(side, width=side, height=side, source="user")
    photo = Photo(np.zeros((side, side, 3), np.uint8))
    z_m, known = np.full((side, side), 2, np.float32), np.ones((side, side), bool)
    rays = rays_of(camera)
    cloud = GridCloud(z_m, known, rays, photo.rgb, connect(z_m, known, rays, 0.04))
    content = replace(make_content("cloud"), geometry=cloud, photo=photo, intrinsics=camera)
    tracemalloc.start()
    ply.write(content, tmp_path / "a.ply")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # What up to four threads have in hand.
    assert peak < 25e6 < 0.5 * (tmp_path / "a.ply").stat().st_size


@pytest.mark.parametrize("whole", [True, False], ids=["cloud", "pieces"])
def test_the_standard_deviation_is_a_property_that_other_programs_read_past(
    whole, make_content, trimesh, open3d, tmp_path
):
    z_m = np.float32([[1, 2], [3, 4]])
    camera = Intrinsics.from_focal(2.0, width=2, height=2, source="user")
    keep = np.array([[True, False], [True, True]])
    grid = GridCloud(z_m, keep, rays_of(camera), np.full((2, 2, 3), 200, np.uint8), sigma_m=z_m / 10)
    geometry = grid.whole() if whole else grid
    ply.write(replace(make_content("cloud"), geometry=geometry), tmp_path / "a.ply")
    read = trimesh.load(tmp_path / "a.ply")
    raw = read.metadata["_ply_raw"]["vertex"]["data"]
    assert raw["scalar_depth_sigma_m"].ravel() == pytest.approx([0.1, 0.3, 0.4])
    assert (read.colors[:, :3] == 200).all() and len(read.vertices) == 3
    assert np.array_equal(
        np.asarray(open3d.io.read_point_cloud(str(tmp_path / "a.ply")).points), read.vertices
    )
