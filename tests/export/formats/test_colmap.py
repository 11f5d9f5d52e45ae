"""COLMAP's text model: by COLMAP's own library where it is installed, else by the format's documentation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recon.errors import SceneFileError
from recon.export.formats import colmap
from recon.export.registry import formats, save
from recon.file_info.describe import describe
from recon.types import PointCloud


def rows(path: Path) -> list[list[str]]:
    """Words of the lines that are no comments."""
    return [line.split() for line in path.read_text("ascii").splitlines() if not line.startswith("#")]


@pytest.fixture
def model(make_content, tmp_path) -> Path:
    save(make_content("cloud"), tmp_path / "a.colmap", formats()[".colmap"])
    return tmp_path / "a.colmap"


def pose(words: list[str]) -> np.ndarray:
    """cam_T_world of an image's line."""
    w, x, y, z, *shift = map(float, words[1:8])
    rotation = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.hstack([rotation, np.reshape(shift, (3, 1))])


def reprojection_px(model: Path) -> np.ndarray:
    """Distance in the photo of each point's projection from its observation, px."""
    (camera,) = rows(model / "sparse" / "0" / "cameras.txt")
    image, seen = rows(model / "sparse" / "0" / "images.txt")
    points = rows(model / "sparse" / "0" / "points3D.txt")
    fx, fy, cx, cy = map(float, camera[4:])
    observed = np.array(seen, float).reshape(-1, 3)
    xyz = np.array([row[1:4] for row in points], float)
    x, y, z = pose(image) @ np.hstack([xyz, np.ones((len(xyz), 1))]).T
    index = [int(row[-1]) for row in points]
    assert np.array_equal(observed[index, 2], [int(row[0]) for row in points]), "tracks and ids agree"
    return np.hypot(fx * x / z + cx - observed[index, 0], fy * y / z + cy - observed[index, 1])


def test_each_point_is_where_the_photo_shows_it(model):
    assert reprojection_px(model).max() < 1e-3


def test_a_levelled_scene_too(make_content, tmp_path):
    turn = np.eye(4)
    turn[:3, :3] = [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    turn[1, 3] = 1.5
    content = replace(make_content("cloud"), level_T_gl=turn)
    save(content, tmp_path / "a.colmap", formats()[".colmap"])
    assert reprojection_px(tmp_path / "a.colmap").max() < 1e-3
    image, _ = rows(tmp_path / "a.colmap" / "sparse" / "0" / "images.txt")
    world_R_cam = pose(image)[:, :3].T
    centre = -world_R_cam @ pose(image)[:, 3]
    assert centre == pytest.approx([0, -1.5, 0]), "the camera is 1.5 m above the floor; y is down"


def test_camera_and_photo(model, make_content):
    (camera,) = rows(model / "sparse" / "0" / "cameras.txt")
    assert camera == ["1", "PINHOLE", "24", "18", "20", "20", "11", "10"]
    image, _ = rows(model / "sparse" / "0" / "images.txt")
    assert [image[0], *image[8:]] == ["1", "1", "photo.jpg"]
    assert list(map(float, image[1:8])) == pytest.approx([1, 0, 0, 0, 0, 0, 0])
    assert Image.open(model / "images" / "photo.jpg").size == (24, 18)
    points = np.array(rows(model / "sparse" / "0" / "points3D.txt"))
    assert np.array_equal(points[:, 4:7].astype(int), make_content("cloud").geometry.rgb)


def test_by_colmap_itself(model, make_content):
    pycolmap = pytest.importorskip("pycolmap", reason="pycolmap is not installed")
    read = pycolmap.Reconstruction(str(model / "sparse" / "0"))
    cloud = make_content("cloud").geometry
    assert (read.num_cameras(), read.num_images(), read.num_points3D()) == (1, 1, len(cloud.points))
    image, camera = read.images[1], read.cameras[1]
    for point in image.points2D:
        seen = camera.img_from_cam(image.cam_from_world() * read.points3D[point.point3D_id].xyz)
        assert np.allclose(seen, point.xy, atol=1e-3)


def test_a_large_cloud_is_thinned_evenly_and_says_so(make_content, tmp_path, monkeypatch):
    monkeypatch.setattr(colmap, "MOST_POINTS", 100)
    content = make_content("cloud")
    colmap.write(content, tmp_path / "a.colmap")
    listed = tmp_path / "a.colmap" / "sparse" / "0" / "points3D.txt"
    assert "# 100 of 432 points" in listed.read_text("ascii")
    assert len(rows(listed)) == 100
    assert reprojection_px(tmp_path / "a.colmap").max() < 1e-3
    left = np.array([float(row[1]) for row in rows(listed)]) < np.median(content.geometry.points[:, 0])
    assert 30 < left.sum() < 70
    colmap.write(content, tmp_path / "b.colmap")
    assert (tmp_path / "b.colmap" / "sparse" / "0" / "points3D.txt").read_bytes() == listed.read_bytes()


def test_more_points_than_a_block(make_content, tmp_path, monkeypatch):
    monkeypatch.setattr("recon.threads.blocks.__defaults__", (100,))
    save(make_content("cloud"), tmp_path / "a.colmap", formats()[".colmap"])
    assert len(rows(tmp_path / "a.colmap" / "sparse" / "0" / "images.txt")) == 2, "observations are one line"
    assert reprojection_px(tmp_path / "a.colmap").max() < 1e-3


def test_one_point(make_content, tmp_path):
    cloud = PointCloud(np.float32([[0, 0, 2]]), np.uint8([[255, 0, 1]]))
    save(replace(make_content("cloud"), geometry=cloud), tmp_path / "a.colmap", formats()[".colmap"])
    assert reprojection_px(tmp_path / "a.colmap").max() < 1e-6


def test_info(model, make_content):
    info = describe(model)
    assert info.points == len(make_content("cloud").geometry.points)
    assert info.camera.intrinsics == make_content("cloud").intrinsics
    assert info.provenance["model.name"] == "fake"
    assert info.axes.startswith("opencv")
    (model / "sparse" / "0" / "points3D.txt").unlink()
    with pytest.raises(SceneFileError, match="does not exist"):
        describe(model)
