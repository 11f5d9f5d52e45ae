"""What `recon info` says: of our own files everything, of other programs' files the truth."""

import contextlib
import json
import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rooms import room_depth, scene_of

from recon.errors import SceneFileError
from recon.export.registry import formats, save
from recon.file_info.describe import describe
from recon.file_info.info import flatten
from recon.frames import FILE_AXES, apply, file_T_cam
from recon.types import Mesh, PointCloud

OURS = [
    (suffix, shape) for suffix, form in formats().items() for shape in form.shapes if suffix != ".colmap"
]  # a folder, tested separately


def expected_colours(suffix: str, shape: str) -> str:
    """What each format shows the photo's colours with."""
    if suffix == ".stl":
        return "none"
    return "vertex" if shape == "cloud" or suffix == ".ply" else "texture"


@pytest.mark.parametrize(("suffix", "shape"), OURS)
def test_our_own_files(suffix, shape, make_content, tmp_path):
    path = tmp_path / f"mein raum{suffix}"
    content = make_content(shape)
    save(content, path, formats()[suffix])
    info = describe(path)
    geometry = content.geometry
    points = geometry.points if isinstance(geometry, PointCloud) else geometry.vertices
    faces = len(geometry.faces) if isinstance(geometry, Mesh) else 0
    axes = formats()[suffix].fixed_axes or "y-up"
    expected = apply(file_T_cam(axes), points)
    atol = 1e-5 if suffix in (".las", ".laz", ".spz") else 6e-7
    assert info.points == (3 * faces if suffix == ".stl" else len(points))
    assert info.faces == faces
    assert np.allclose(info.low, expected.min(0), atol=atol)
    assert np.allclose(info.high, expected.max(0), atol=atol)
    assert info.bytes == path.stat().st_size
    assert info.colours == expected_colours(suffix, shape)
    assert info.normals == (suffix not in (".xyz", ".obj", ".las", ".laz", ".html", ".spz"))
    if suffix not in (".xyz", ".stl", ".spz"):
        assert info.camera is not None
        assert info.camera.intrinsics == content.intrinsics
        assert info.axes is not None
        assert FILE_AXES[axes] in info.axes
        assert dict(flatten(info.provenance))["model.name"] == "fake"
        assert str(info.provenance["generator"]).startswith("recon ")
    assert json.loads(json.dumps(info.as_dict()))["points"] == info.points
    printed = dict(info.rows())
    assert printed["points"] == f"{info.points:,}"
    # An .xyz or .spz has no place to say what its numbers are.
    assert info.unit == (None if suffix in (".xyz", ".spz") else "m")
    assert printed["extent"].endswith(" m") == (suffix not in (".xyz", ".spz"))
    assert not any(re.search(r"\d\.\d{4,}", text) for label, text in printed.items() if label != "camera"), (
        printed
    )


def test_the_columns_of_a_colmap_model_are_explained_in_the_file_and_not_here(make_content, tmp_path):
    path = tmp_path / "scene.colmap"
    save(make_content("cloud"), path, formats()[".colmap"])
    printed = dict(describe(path).rows())
    assert not any("CAMERA_ID" in f"{label}{text}" for label, text in printed.items()), printed
    cameras = path / "sparse" / "0" / "cameras.txt"
    said = "# Camera list with one line of data per camera:\n#   CAMERA_ID, MODEL\n# by hand\n"
    cameras.write_text(f"{said}1 PINHOLE 4 3 2 2 2 1.5\n")
    assert dict(describe(path).rows())["note"] == "by hand"


COUNTED = [(suffix, shape) for suffix, shape in OURS if suffix not in (".obj", ".xyz")]


@pytest.mark.parametrize(("suffix", "shape"), COUNTED)
@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.97])
def test_a_truncated_file_is_one_sentence(suffix, shape, part, make_content, tmp_path):
    path = tmp_path / f"a{suffix}"
    save(make_content(shape), path, formats()[suffix])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(SceneFileError) as refused:
        describe(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("suffix", "shape"), [(".obj", "mesh"), (".xyz", "cloud")])
def test_a_text_that_ends_within_a_line_is_refused(suffix, shape, make_content, tmp_path):
    """These texts promise no counts: only a point without its three numbers shows that something is missing."""
    path = tmp_path / f"a{suffix}"
    save(make_content(shape), path, formats()[suffix])
    text = path.read_text()
    a_point = text.index("\nv ") + 3 if suffix == ".obj" else text.index("\n", 200) + 1
    path.write_text(text[: text.index(" ", a_point)])
    with pytest.raises(SceneFileError, match="damaged"):
        describe(path)


@pytest.mark.parametrize("suffix", [".spz", ".npz"])
def test_damaged_bytes_are_described_without_the_words_of_a_library(suffix, make_content, tmp_path):
    path = tmp_path / f"a{suffix}"
    if suffix == ".spz":
        save(make_content("cloud"), path, formats()[suffix])
    else:
        scene_of(room_depth()).save(path)
    data = path.read_bytes()
    middle = len(data) // 2
    for broken in (data[:middle], data[:middle] + bytes(64) + data[middle + 64 :]):
        path.write_bytes(broken)
        with pytest.raises(SceneFileError) as raised:
            describe(path)
        said = str(raised.value)
        assert "damaged" in said and not any(
            word in said for word in ("Error -3", "CRC", "zip file", "marker")
        )


PARSED_BY_US = [(suffix, shape) for suffix, shape in OURS if not suffix.startswith(".usd")]


@pytest.mark.parametrize(("suffix", "shape"), PARSED_BY_US)
def test_damage_anywhere_is_no_crash(suffix, shape, make_content, tmp_path):
    path = tmp_path / f"a{suffix}"
    save(make_content(shape), path, formats()[suffix])
    data, random = path.read_bytes(), np.random.default_rng(1)
    for _ in range(60):
        broken = np.frombuffer(data, np.uint8).copy()
        # Most of what can go wrong is in the header, in the first kilobyte.
        reach = random.choice([1000, len(data)])
        broken[random.integers(0, min(len(data), reach), 4)] = random.integers(0, 256, 4)
        path.write_bytes(broken.tobytes())
        with contextlib.suppress(SceneFileError):
            assert describe(path).points >= 0


@pytest.mark.parametrize("suffix", [*formats(), ".npz", ".gltf"])
@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0 not this at all" * 20, b"\0" * 500, b"[1]", b"hello\n"]
)
def test_another_file_under_the_name(suffix, content, tmp_path):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(SceneFileError, match=r"damaged|not a"):
        describe(path)


def test_missing_folder_and_unknown(tmp_path):
    (tmp_path / "folder.ply").mkdir()
    for path, words in (
        (tmp_path / "missing.ply", "does not exist"),
        (tmp_path / "folder.ply", "is a folder"),
        (tmp_path / "scene.blend", r"\.glb"),
    ):
        with pytest.raises(SceneFileError, match=words):
            describe(path)


def box(trimesh):
    return trimesh.creation.box(extents=(1, 2, 3))


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".obj", ".stl", ".gltf"])
def test_meshes_of_trimesh(suffix, trimesh, tmp_path):
    path = tmp_path / f"box{suffix}"
    if suffix == ".gltf":
        for name, data in trimesh.Scene(box(trimesh)).export(file_type="gltf").items():
            (tmp_path / ("box.gltf" if name.endswith(".gltf") else name)).write_bytes(data)
    else:
        box(trimesh).export(path)
    info = describe(path)
    assert info.faces == 12
    assert info.points == (36 if suffix == ".stl" else 8)
    assert np.allclose(info.low, (-0.5, -1, -1.5))
    assert np.allclose(info.size, (1, 2, 3))
    assert info.camera is None


def test_text_ply_and_text_stl_of_trimesh(trimesh, tmp_path):
    for suffix, options in ((".ply", {"encoding": "ascii"}), (".stl", {"file_type": "stl_ascii"})):
        box(trimesh).export(tmp_path / f"box{suffix}", **options)
        info = describe(tmp_path / f"box{suffix}")
        assert info.faces == 12
        assert np.allclose(info.size, (1, 2, 3))


@pytest.mark.parametrize("ascii_text", [True, False])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("suffix", [".pcd", ".ply"])
def test_clouds_of_open3d(suffix, compressed, ascii_text, open3d, tmp_path):
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector([[0.0, 1, 2], [3, 5, 7]]))
    cloud.colors = open3d.utility.Vector3dVector([[1.0, 0, 0], [0, 1, 0]])
    path = tmp_path / f"a{suffix}"
    open3d.io.write_point_cloud(str(path), cloud, write_ascii=ascii_text, compressed=compressed)
    info = describe(path)
    assert (info.points, info.faces, info.colours) == (2, 0, "vertex")
    assert info.size == (3, 4, 5)


def test_big_endian_ply_with_faces_of_any_length(tmp_path):
    header = (
        b"ply\r\nformat binary_big_endian 1.0\r\ncomment made by hand\r\nelement vertex 5\r\n"
        b"property double x\r\nproperty double y\r\nproperty double z\r\nproperty uchar flags\r\n"
        b"element face 2\r\nproperty list uchar int vertex_indices\r\nend_header\r\n"
    )
    rows = b"".join(struct.pack(">dddB", i, -i, 2 * i, 9) for i in range(5))
    faces = struct.pack(">B4iB3i", 4, 0, 1, 2, 3, 3, 2, 3, 4)
    path = tmp_path / "a.ply"
    path.write_bytes(header + rows + faces)
    info = describe(path)
    assert (info.points, info.faces, info.low, info.high) == (5, 2, (0, -4, 0), (4, 0, 8))
    assert info.colours == "none"
    assert info.notes == ("made by hand",)
    path.write_bytes(header + rows + faces[:-2])
    with pytest.raises(SceneFileError, match="declares 2 of element face"):
        describe(path)


def test_non_finite_points_are_reported(tmp_path):
    (tmp_path / "a.ply").write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
        "end_header\n0 0 0\nnan 1 1\n1 2 3\n"
    )
    info = describe(tmp_path / "a.ply")
    assert info.size == (1, 2, 3)
    assert "1 points are NaN or infinite" in info.notes


def test_glb_moved_and_scaled_by_its_nodes(trimesh, tmp_path):
    scene = trimesh.Scene()
    turned = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 0, 1], [0, 0, 0])
    turned[:3, 3] = (10, 0, 0)
    scene.add_geometry(box(trimesh), transform=turned)
    scene.export(tmp_path / "a.glb")
    info = describe(tmp_path / "a.glb")
    assert np.allclose(info.size, (2, 1, 3))
    assert np.allclose(info.low, (9, -0.5, -1.5))


def test_a_missing_texture_is_reported(make_content, tmp_path):
    save(make_content("mesh"), tmp_path / "a.obj", formats()[".obj"])
    (tmp_path / "a_texture.jpg").unlink()
    info = describe(tmp_path / "a.obj")
    assert info.colours == "none"
    assert "the texture a_texture.jpg is missing" in info.notes
    (tmp_path / "a.mtl").unlink()
    assert any("a.mtl is missing" in note for note in describe(tmp_path / "a.obj").notes)


@pytest.mark.parametrize(
    "text", ["//X Y Z\n1 2 3\n4 6 8\n", "# c\n1,2,3\n4,6,8\n", "2\n1;2;3\n4;6;8", "1\t2\t3\n4 6 8\n"]
)
def test_xyz_dialects(text, tmp_path):
    (tmp_path / "a.xyz").write_text(text)
    info = describe(tmp_path / "a.xyz")
    assert (info.points, info.size, info.colours) == (2, (3, 4, 5), "none")


def test_a_scene(make_content, tmp_path):
    from recon.options import Options
    from recon.scene import Scene
    from recon.types import MetricDepth

    content = make_content("cloud")
    z_m = content.geometry.points[:, 2].reshape(18, 24)
    valid = np.ones_like(z_m, dtype=bool)
    valid[0, 0] = False
    scene = Scene(content.photo, content.intrinsics, MetricDepth(z_m, valid), options=Options(edge=0))
    scene = replace(scene, provenance=content.provenance)
    scene.save(tmp_path / "a.npz")
    info = describe(Path(tmp_path / "a.npz"))
    assert info.points == 24 * 18 - 1
    assert np.allclose(info.high, content.geometry.points.max(0), atol=1e-5)
    assert info.camera is not None
    assert info.camera.intrinsics == content.intrinsics
    assert dict(flatten(info.provenance))["model.name"] == "fake"
