"""Files of several photos: all cameras where they stood, the photos' colours on the surfaces, all or nothing."""

import json
import re
import struct
import webbrowser
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from recon.errors import ExportError, SceneFileError
from recon.file_info.describe import describe
from recon.frames import gl_T_cam
from recon.join import joined_file
from recon.join.joined_scene import JoinedScene
from recon.join.outputs import check_outputs, save, save_all
from recon.journal import Journal
from recon.options import Options
from recon.scene import Scene
from recon.types import MetricDepth
from recon_cli.group import recon


def document_of(path: Path) -> dict:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def page_data(path: Path) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)[1])


@pytest.fixture(scope="module")
def written(true_scene: JoinedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind, not levelled, but for the page."""
    pytest.importorskip("open3d")
    folder = tmp_path_factory.mktemp("joined")
    plain = replace(true_scene, options=replace(true_scene.options, level=False))
    paths = [folder / name for name in ("a.glb", "a.ply", "a.colmap", "a.npz", "a.html", "a.textured.ply")]
    done = save_all(plain, paths, None, Journal(), overwrite=False)
    assert [each["path"] for each in done] == [str(path) for path in paths]
    assert all(each["bytes"] > 10_000 for each in done)
    return folder


def test_a_glb_has_every_camera_where_it_stood(true_scene, written, khronos) -> None:
    document = document_of(written / "a.glb")
    nodes = [node for node in document["nodes"] if "camera" in node]
    assert [node["name"] for node in nodes] == [view.photo.name for view in true_scene.views]
    first = true_scene.views[0]
    for node, view in zip(nodes, true_scene.views, strict=True):
        expected = gl_T_cam @ first.cam_T_world @ view.world_T_cam @ gl_T_cam.T
        assert np.allclose(
            np.array(node.get("matrix", np.eye(4).ravel())).reshape(4, 4).T, expected, atol=1e-6
        )
        assert document["cameras"][node["camera"]]["extras"]["fx"] == view.intrinsics.fx
    assert not khronos(written / "a.glb")["issues"]["numErrors"]


def test_the_texture_shows_each_surface_as_a_photo_does(small_walk, written, trimesh) -> None:
    """The colour at a vertex is that of the room's surface there."""
    mesh = trimesh.load(written / "a.glb", force="mesh")
    atlas = np.asarray(mesh.visual.material.baseColorTexture.convert("RGB"))
    u, v = mesh.visual.uv.T
    # trimesh turns v upwards.
    rows, cols = ((1 - v) * atlas.shape[0]).astype(int), (u * atlas.shape[1]).astype(int)
    colours = atlas[rows.clip(0, atlas.shape[0] - 1), cols.clip(0, atlas.shape[1] - 1)].astype(float)
    world = small_walk.views[0].world_T_cam @ gl_T_cam.T
    points = mesh.vertices @ world[:3, :3].T + world[:3, 3]
    best = np.full(len(points), np.inf)
    for view in small_walk.views:
        seen = (points - view.centre_m) @ view.world_T_cam[:3, :3]
        _, true = small_walk.room.cast(view.centre_m, points - view.centre_m)
        inside = seen[:, 2] > 0
        best[inside] = np.minimum(best, np.abs(colours - true).mean(axis=1))[inside]
    assert np.median(best) < 12
    assert np.median(np.abs(colours - np.roll(colours, 999, axis=0)).mean(axis=1)) > 2 * np.median(best)


def test_a_colmap_model_is_read_by_colmap(true_scene, written) -> None:
    pycolmap = pytest.importorskip("pycolmap")
    model = pycolmap.Reconstruction(written / "a.colmap" / "sparse" / "0")
    assert sorted(image.name for image in model.images.values()) == [f"walk_{k:03d}.jpg" for k in range(4)]
    first = true_scene.views[0]
    for number, view in enumerate(true_scene.views, 1):
        expected = first.cam_T_world @ view.world_T_cam
        assert np.allclose(model.images[number].projection_center(), expected[:3, 3], atol=1e-6)
        with Image.open(written / "a.colmap" / "images" / model.images[number].name) as photo:
            assert np.abs(np.asarray(photo, float) - view.photo.rgb).mean() < 3
    assert model.compute_mean_track_length() > 2
    for point in list(model.points3D.values())[::200]:
        for element in point.track.elements:
            image = model.images[element.image_id]
            observed = image.points2D[element.point2D_idx].xy
            assert np.abs(image.project_point(point.xyz) - observed).max() < 1e-3


def test_a_ply_names_every_camera(written) -> None:
    header = (written / "a.ply").read_bytes().split(b"end_header")[0].decode()
    assert [line.split()[-1] for line in header.splitlines() if line.startswith("comment view ")] == [
        f"walk_{k:03d}.png" for k in range(4)
    ]
    told = dict(describe(written / "a.ply").rows())
    assert told["photos"] == "walk_000.png, walk_001.png, walk_002.png, walk_003.png" and "view" not in told


@pytest.mark.parametrize(
    ("name", "level", "words"),
    [
        ("a.html", None, r"turned upright by .* the first camera is 1\.\d\d m above the floor"),
        ("a.ply", True, "turned upright"),
        ("a.ply", None, None),
        ("a.html", False, None),
    ],
)
def test_levelling_is_reported_where_a_file_is_levelled(name, level, words, true_scene, tmp_path) -> None:
    scene, journal = replace(true_scene, options=replace(true_scene.options, level=level)), Journal()
    save_all(scene, [tmp_path / name], "cloud", journal, overwrite=False)
    said = [entry.message for entry in journal.entries if entry.topic == "level"]
    assert (words is None and not said) or re.search(words, said[0])


def test_a_scene_without_floor_and_walls_keeps_its_frame_and_says_so(
    true_scene, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("recon.join.outputs.joint_levelling", lambda views: None)
    journal = Journal()
    save_all(true_scene, [tmp_path / "a.html"], "cloud", journal, overwrite=False)
    assert any("do not determine gravity" in entry.message for entry in journal.entries)


def test_a_page_is_levelled_and_self_contained(true_scene, tmp_path) -> None:
    pytest.importorskip("open3d")
    page = save(true_scene, tmp_path / "a.html").read_text("utf-8")
    assert "floor at height 0, the camera at 1.4" in page or "floor at height 0, the camera at 1.5" in page


def test_the_scene_file_reads_back(true_scene, written, tmp_path) -> None:
    again = joined_file.load(written / "a.npz")
    assert again == replace(true_scene, options=replace(true_scene.options, level=False))
    assert joined_file.is_joined(written / "a.npz")
    with pytest.raises(SceneFileError, match="several photos"):
        Scene.load(written / "a.npz")


def test_a_page_has_the_cameras_of_all_photos(true_scene, written) -> None:
    data = page_data(written / "a.html")
    cameras = [data["camera"], *data["other_cameras"]]
    scene_T_gl = [np.reshape(each["scene_T_gl"], (4, 4)).T for each in cameras]
    for view, own in zip(true_scene.views, scene_T_gl, strict=True):
        first_T_view = true_scene.views[0].cam_T_world @ view.world_T_cam
        np.testing.assert_allclose(
            np.linalg.inv(scene_T_gl[0]) @ own, gl_T_cam @ first_T_view @ gl_T_cam, atol=1e-6
        )


def test_info_describes_a_scene_file_of_several_photos(true_scene, written) -> None:
    info = describe(written / "a.npz")
    assert info.notes[0] == "4 photos: walk_000.png, walk_001.png, walk_002.png, walk_003.png"
    assert info.notes[1] == "scale ± 3.0 % (95 %)"
    assert info.notes[2].startswith("left out: blurred.jpg: it shows too little")
    assert info.points > 3 * len(true_scene.scene_of(0).cloud().points)
    # In the first photo's frame, in which all see the same room.
    own = true_scene.scene_of(0).cloud().points
    assert info.low[2] < own[:, 2].max() and info.high[2] < 2 * own[:, 2].max()


def test_view_in_a_browser_shows_all_photos(true_scene, written, monkeypatch, tmp_path) -> None:
    opened: list[str] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    command = ["view", "--web", "--as", "cloud", "--voxel", "0.1", str(written / "a.npz")]
    shown = CliRunner().invoke(recon, command, catch_exceptions=False)
    assert shown.exit_code == 0
    page = Path(opened[0].removeprefix("file://"))
    assert len(page_data(page)["other_cameras"]) == len(true_scene.views) - 1


def test_a_scene_of_one_photo_says_how_to_show_several(written) -> None:
    with pytest.raises(SceneFileError, match=r"`recon join a\.npz -o a\.html` makes a web page"):
        Scene.load(written / "a.npz")


def test_a_cloud_says_how_large_its_voxels_are(written) -> None:
    assert b"comment voxel 0.04 m\n" in (written / "a.ply").read_bytes()[:4000]


def test_a_scene_of_one_photo_is_no_scene_of_several(true_scene, tmp_path) -> None:
    view = true_scene.views[0]
    Scene(view.photo, view.intrinsics, view.depth).save(tmp_path / "one.npz")
    assert not joined_file.is_joined(tmp_path / "one.npz")
    with pytest.raises(SceneFileError, match="not a scene of several photos"):
        joined_file.load(tmp_path / "one.npz")


@pytest.mark.parametrize("change", ["pose", "missing", "count", "left out", "cut"])
def test_a_damaged_scene_file_is_one_sentence(written, tmp_path, change) -> None:
    path = tmp_path / "damaged.npz"
    arrays = dict(np.load(written / "a.npz"))
    if change == "pose":
        arrays["001/world_T_cam"] = 2 * arrays["001/world_T_cam"]
    if change == "missing":
        del arrays["002/z_m"]
    if change == "count":
        arrays["metadata"] = np.array(json.dumps({**json.loads(str(arrays["metadata"])), "photos": 10**9}))
    if change == "left out":
        arrays["metadata"] = np.array(
            json.dumps({**json.loads(str(arrays["metadata"])), "left_out": "b.jpg"})
        )
    np.savez(path, **arrays)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(SceneFileError, match=r"damaged\.npz") as loaded:
        joined_file.load(path)
    with pytest.raises(SceneFileError, match=re.escape(str(loaded.value))):
        describe(path)


def test_existing_files_and_unknown_formats_are_refused(true_scene, written, tmp_path) -> None:
    before = (written / "a.glb").read_bytes()
    with pytest.raises(ExportError, match="exists"):
        save(true_scene, written / "a.glb")
    assert (written / "a.glb").read_bytes() == before
    with pytest.raises(ExportError, match="not a known format"):
        save(true_scene, tmp_path / "a.xyzw")
    with pytest.raises(ExportError, match="does not support a mesh"):
        check_outputs([tmp_path / "a.colmap"], "mesh", overwrite=False)


def test_a_colmap_folder_is_replaced_only_if_it_is_one(true_scene, written, tmp_path) -> None:
    with pytest.raises(ExportError, match="exists"):
        save(true_scene, written / "a.colmap")
    save(true_scene, written / "a.colmap", overwrite=True)
    (written / "a.colmap" / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="contains other files"):
        save(true_scene, written / "a.colmap", overwrite=True)
    (written / "a.colmap" / "notes.txt").unlink()


def test_photos_without_depth_give_no_file(true_scene, tmp_path) -> None:
    pytest.importorskip("open3d")
    views = tuple(
        replace(view, depth=MetricDepth(view.depth.z_m, np.zeros_like(view.depth.valid)))
        for view in true_scene.views
    )
    for name in ("a.glb", "a.ply", "a.colmap"):
        with pytest.raises(ExportError, match=r"no (faces|points) to write"):
            save(replace(true_scene, views=views), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_photos_of_one_name_stay_apart(true_scene, tmp_path) -> None:
    same = tuple(
        replace(view, photo=replace(view.photo, path="x/my photo.png")) for view in true_scene.views[:2]
    )
    scene = JoinedScene(same, true_scene.provenance[:2], options=Options(voxel=0.06))
    save(scene, tmp_path / "a.colmap")
    assert len(list((tmp_path / "a.colmap" / "images").iterdir())) == 2
    rows = (tmp_path / "a.colmap" / "sparse" / "0" / "images.txt").read_text().splitlines()
    assert all(len(row.split()) == 10 for row in rows[1::2])


def test_a_mesh_without_open3d_is_refused_early(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "open3d", None)
    with pytest.raises(ExportError, match=r"recon\[join\]"):
        check_outputs([tmp_path / "a.glb"], overwrite=False)
    check_outputs([tmp_path / "a.ply"], overwrite=False)
