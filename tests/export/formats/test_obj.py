"""OBJ through trimesh and Open3D, its sidecars, and their names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.export.formats import obj
from recon.frames import apply, file_T_cam


@pytest.mark.parametrize("axes", ["y-up", "z-up", "opencv"])
def test_through_trimesh(axes, make_content, trimesh, tmp_path):
    content = make_content("mesh", axes)
    path = tmp_path / "my room.obj"
    obj.write(content, path)
    read = trimesh.load(path, process=False, maintain_order=True)
    mesh = content.geometry
    assert np.allclose(read.vertices, apply(file_T_cam(axes), mesh.vertices), atol=6e-7)
    assert np.array_equal(read.faces, mesh.faces)
    assert (np.sum(read.face_normals * -read.triangles_center, axis=1) > 0).all()
    assert np.allclose(read.visual.uv[:, 0], mesh.uv[:, 0], atol=1e-7)
    assert np.allclose(1 - read.visual.uv[:, 1], mesh.uv[:, 1], atol=2e-7), "v goes up in OBJ"
    assert read.visual.material.image.size == (24, 18)


def test_through_open3d(make_content, open3d, tmp_path):
    content = make_content("mesh")
    obj.write(content, tmp_path / "a.obj")
    read = open3d.io.read_triangle_mesh(str(tmp_path / "a.obj"), True)
    assert len(read.triangles) == len(content.geometry.faces)
    assert np.asarray(read.get_max_bound()) == pytest.approx(
        apply(file_T_cam("y-up"), content.geometry.vertices).max(0), abs=1e-6
    )
    assert np.asarray(read.textures[0]).shape == (18, 24, 3)


def test_texture_colours_at_the_vertices(make_content, trimesh, tmp_path):
    """What a reader looks up at a vertex is the pixel that the vertex came from."""
    ramp = np.add.outer(np.arange(18) * 8, np.arange(24) * 4).astype(np.uint8)
    content = make_content("mesh")
    content = replace(content, photo=replace(content.photo, rgb=np.stack([ramp] * 3, -1)))
    obj.write(content, tmp_path / "a.obj")
    read = trimesh.load(tmp_path / "a.obj", process=False, maintain_order=True)
    picture = np.asarray(read.visual.material.image.convert("L")).astype(int)
    col = (read.visual.uv[:, 0] * 24).astype(int)
    row = ((1 - read.visual.uv[:, 1]) * 18).astype(int)
    assert np.abs(picture[row, col] - ramp.reshape(-1)).max() <= 3


def test_the_material_shows_the_photo_unchanged(make_content, tmp_path):
    obj.write(make_content("mesh"), tmp_path / "a.obj")
    material = (tmp_path / "a.mtl").read_text("ascii").splitlines()
    for line in ("newmtl photo", "Kd 1 1 1", "Ka 0 0 0", "Ks 0 0 0", "map_Kd a_texture.jpg"):
        assert line in material
    assert Image.open(tmp_path / "a_texture.jpg").size == (24, 18)
    text = (tmp_path / "a.obj").read_text("ascii")
    assert "mtllib a.mtl\n" in text
    assert "# unit metre\n" in text


@pytest.mark.parametrize(
    ("name", "stem"),
    [("scene.obj", "scene"), ("my scene 2.obj", "my_scene_2"), ("a.b.obj", "a.b"), ("a+b(1).obj", "a_b_1_")],
)
def test_sidecar_names_without_what_readers_stumble_over(name, stem):
    assert [path.name for path in obj.sidecars(Path("x") / name)] == [f"{stem}.mtl", f"{stem}_texture.jpg"]


def test_names_that_lose_letters_stay_apart():
    names = ["部屋.obj", "居間.obj", "Küche.obj", "Kuche.obj", "é.obj"]
    sidecars = [path.name for name in names for path in obj.sidecars(Path(name))]
    assert len(set(sidecars)) == 2 * len(names)
    assert all(name.isascii() and " " not in name for name in sidecars)
    assert "Kuche.mtl" in sidecars


def test_the_photo_in_the_same_folder_is_not_the_texture():
    assert Path("img.jpg") not in obj.sidecars(Path("img.obj"))
