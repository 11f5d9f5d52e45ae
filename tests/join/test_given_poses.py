"""Every format says the same poses: those of a generated walk, written in its own convention."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from recon.errors import ReconError
from recon.frames import gl_T_cam
from recon.join.given_poses import read_poses
from recon.join.photo_set import NamedPhoto
from recon.join.posed_view import PosedView
from recon.join.poses import CameraPose
from recon.join.tie_points import with_tie_points
from recon.journal import Journal
from tools.sequences.walk import walk


@pytest.fixture(scope="module")
def views() -> Sequence[PosedView]:
    return walk(3, width=320, height=240).views


def named(views: Sequence[PosedView], names: Sequence[str] | None = None) -> list[NamedPhoto]:
    from dataclasses import replace

    names = names or [str(view.photo.name) for view in views]
    return [
        NamedPhoto(name, replace(view.photo, path=name), name)
        for view, name in zip(views, names, strict=True)
    ]


def gl(view: PosedView) -> np.ndarray:
    """Camera-to-world of a camera with OpenGL's axes."""
    return view.world_T_cam @ gl_T_cam


def quaternion(world_T: np.ndarray) -> list[float]:
    return [float(each) for each in Rotation.from_matrix(world_T[:3, :3]).as_quat()]


def write_transforms(views: Sequence[PosedView], folder: Path) -> Path:
    k = views[0].intrinsics
    # The top has one camera; the second photo has its own, of a picture twice as large.
    top = {"fl_x": k.fx, "fl_y": k.fy, "cx": k.cx, "cy": k.cy, "w": k.width, "h": k.height}
    frames: list[dict[str, Any]] = [
        {"file_path": f"./images/{view.photo.name}", "transform_matrix": gl(view).tolist()} for view in views
    ]
    frames[1] |= {key: 2 * value for key, value in top.items()}
    (folder / "transforms.json").write_text(json.dumps({**top, "frames": frames}))
    return folder / "transforms.json"


def write_tum(views: Sequence[PosedView], folder: Path) -> Path:
    lines, photos = ["# ground truth"], ["# color images"]
    for k, view in enumerate(views):
        numbers = [10.0 + k, *view.world_T_cam[:3, 3], *quaternion(view.world_T_cam)]
        lines.append(" ".join(map(repr, map(float, numbers))))
        photos.append(f"{10.005 + k} rgb/{view.photo.name}")
    (folder / "rgb.txt").write_text("\n".join(photos))
    (folder / "groundtruth.txt").write_text("\n".join(lines))
    return folder / "groundtruth.txt"


def write_polycam(views: Sequence[PosedView], folder: Path) -> Path:
    place = folder / "keyframes" / "corrected_cameras"
    place.mkdir(parents=True)
    k = views[0].intrinsics
    for view in views:
        numbers = {f"t_{r}{c}": float(gl(view)[r, c]) for r in range(3) for c in range(4)}
        camera = {"fx": k.fx, "fy": k.fy, "cx": k.cx, "cy": k.cy, "width": k.width, "height": k.height}
        (place / f"{Path(str(view.photo.name)).stem}.json").write_text(json.dumps({**numbers, **camera}))
    return folder


def write_stray(views: Sequence[PosedView], folder: Path) -> Path:
    k = views[0].intrinsics
    (folder / "camera_matrix.csv").write_text(f"{k.fx}, 0.0, {k.cx}\n0.0, {k.fy}, {k.cy}\n0.0, 0.0, 1.0\n")
    lines = ["timestamp, frame, x, y, z, qx, qy, qz, qw"]
    for n, view in enumerate(views):
        numbers = [*view.world_T_cam[:3, 3], *quaternion(view.world_T_cam)]
        lines.append(f"{n}.5, {n:06d}, {', '.join(map(repr, map(float, numbers)))}")
    (folder / "odometry.csv").write_text("\n".join(lines))
    return folder


def write_record3d(views: Sequence[PosedView], folder: Path) -> Path:
    k = views[0].intrinsics
    poses = [[*quaternion(gl(view)), *map(float, view.world_T_cam[:3, 3])] for view in views]
    content = {"w": k.width, "h": k.height, "K": [k.fx, 0, 0, 0, k.fy, 0, k.cx, k.cy, 1], "poses": poses}
    (folder / "metadata").write_text(json.dumps(content))
    return folder


def write_colmap(views: Sequence[PosedView], folder: Path) -> Path:
    pytest.importorskip("pycolmap")
    k, model = views[0].intrinsics, folder / "sparse" / "0"
    model.mkdir(parents=True)
    (model / "cameras.txt").write_text(f"1 PINHOLE {k.width} {k.height} {k.fx} {k.fy} {k.cx} {k.cy}\n")
    lines = []
    for n, view in enumerate(views, start=1):
        x, y, z, w = quaternion(view.cam_T_world)
        place = " ".join(map(repr, map(float, (w, x, y, z, *view.cam_T_world[:3, 3]))))
        lines += [f"{n} {place} 1 {view.photo.name}", "100.5 50.5 1"]
    (model / "images.txt").write_text("\n".join(lines) + "\n")
    (model / "points3D.txt").write_text("1 0.1 0.9 0.2 0 0 0 0.5 1 0 2 0 3 0\n")
    return folder


NUMBERS = ["000000.png", "000001.png", "000002.png"]
FORMATS: dict[str, tuple[Callable[[Sequence[PosedView], Path], Path], bool, list[str] | None]] = {
    "transforms": (write_transforms, False, None),
    "tum": (write_tum, True, None),
    "polycam": (write_polycam, True, None),
    "stray": (write_stray, True, NUMBERS),
    "record3d": (write_record3d, True, ["0.jpg", "1.jpg", "2.jpg"]),
    "colmap": (write_colmap, False, None),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_poses_of_the_cam_frame(
    name: str, views: Sequence[PosedView], tmp_path: Path
) -> None:
    write, metric, names = FORMATS[name]
    poses = read_poses(write(views, tmp_path), named(views, names), None)
    assert (poses.unit_sigma is not None) == metric
    assert not poses.left_out
    for index, view in enumerate(views):
        np.testing.assert_allclose(poses.by_photo[index].world_T_cam, view.world_T_cam, atol=1e-6)
        camera = poses.by_photo[index].intrinsics
        if name != "tum":
            assert camera is not None
            np.testing.assert_allclose(camera.matrix, view.intrinsics.matrix, rtol=1e-6)
    if name == "colmap":
        z = (views[0].cam_T_world @ [0.1, 0.9, 0.2, 1])[2]
        np.testing.assert_allclose(poses.by_photo[0].points_z, [z])
        np.testing.assert_allclose(poses.by_photo[0].points_px, [[100.5, 50.5]])


def test_a_unit_makes_poses_metric(views: Sequence[PosedView], tmp_path: Path) -> None:
    poses = read_poses(write_transforms(views, tmp_path), named(views), 0.5)
    assert poses.unit_sigma is not None
    np.testing.assert_allclose(poses.by_photo[1].world_T_cam[:3, 3], views[1].world_T_cam[:3, 3] / 2)


def test_photos_without_a_pose_are_named(views: Sequence[PosedView], tmp_path: Path) -> None:
    path = write_transforms(views[:2], tmp_path)
    poses = read_poses(path, named(views), None)
    assert [each.photo for each in poses.left_out] == ["walk_002.png"]
    with pytest.raises(ReconError, match="poses of 0 of the photos"):
        read_poses(path, named(views, ["a.png", "b.png", "c.png"]), None)


FRAME = '{"file_path": "walk_000.png", "transform_matrix": %s}'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.json", "{", "not JSON"),
        ("t.json", "[]", "must be an object"),
        ("t.json", '{"frames": []}', "no poses"),
        ("t.json", '{"frames": [%s]}' % (FRAME % "[[1, 0], [0, 1]]"), "frame 0: expected a 4x4"),
        (
            "t.json",
            '{"frames": [%s]}' % (FRAME % "[[2,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"),
            "frame 0: expected a rigid",
        ),
        ("t.json", '{"frames": [{"file_path": "a"}]}', "frame 0: transform_matrix"),
        ("t.json", '{"poses": [[0, 0, 0, 1]], "K": [1], "w": 1, "h": 1}', "K must have 9"),
        ("g.txt", "1 2 3", "line 1: expected timestamp"),
        ("g.txt", "0 0 0 0 0 0 0 0", "line 1: .* quaternion"),
        ("g.txt", "", "no poses"),
        ("g.txt", "0 nan 0 0 0 0 0 1", "line 1"),
        ("none.json", None, "does not exist"),
    ],
)
def test_what_is_no_file_of_poses_is_refused(
    name: str, text: str | None, message: str, views: Sequence[PosedView], tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ReconError, match=message):
        read_poses(tmp_path / name, named(views), None)


def test_a_damaged_model_and_an_unknown_folder_are_refused(
    views: Sequence[PosedView], tmp_path: Path
) -> None:
    with pytest.raises(ReconError, match="expected a COLMAP model"):
        read_poses(tmp_path, named(views), None)
    model = write_colmap(views, tmp_path) / "sparse" / "0"
    (model / "cameras.txt").write_text("1 PINHOLE 320\n")
    with pytest.raises(ReconError, match="cannot be read as poses"):
        read_poses(tmp_path, named(views), None)


def test_the_camera_of_a_turned_picture_is_refused(views: Sequence[PosedView], tmp_path: Path) -> None:
    path = write_transforms(views, tmp_path)
    path.write_text(path.read_text().replace('"w": 320, "h": 240', '"w": 240, "h": 320'))
    with pytest.raises(ReconError, match="not turned or cropped"):
        read_poses(path, named(views), None)


def test_tie_points_have_the_true_depth(views: Sequence[PosedView]) -> None:
    poses = {index: CameraPose(view.world_T_cam) for index, view in enumerate(views)}
    cameras = {index: view.intrinsics for index, view in enumerate(views)}
    tied = with_tie_points(poses, [view.photo for view in views], cameras, Journal())
    for index, view in enumerate(views):
        px, z = tied[index].points_px, tied[index].points_z
        assert px is not None and z is not None and len(z) > 100
        columns, rows = np.floor(px).astype(int).T
        off = np.log(z / view.depth.z_m[rows, columns])
        assert np.median(np.abs(off)) < 0.01
        assert np.mean(np.abs(off) < 0.05) > 0.85
