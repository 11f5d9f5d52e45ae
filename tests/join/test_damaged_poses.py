"""Files of poses with numbers that no camera has, and with names that fit several photos: one sentence each."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recon import join
from recon.errors import ReconError
from recon.join.given_poses import read_poses
from recon.join.photo_set import NamedPhoto
from recon.types import Photo

PHOTO = Photo(np.zeros((24, 32, 3), np.uint8))
SHIFTS = (0.0, 1.0, 2.0)


def named(*paths: str) -> list[NamedPhoto]:
    return [NamedPhoto(path, replace(PHOTO, path=path), path) for path in paths]


PHOTOS = named("a/0.png", "a/1.png", "a/2.png")


def frame(path: str, x: float) -> dict[str, Any]:
    matrix = np.eye(4)
    matrix[0, 3] = x
    return {"file_path": path, "transform_matrix": matrix.tolist()}


def transforms(folder: Path, *frames: dict[str, Any], **top: Any) -> Path:
    path = folder / "transforms.json"
    path.write_text(json.dumps({"w": 32, "h": 24, "fl_x": 30, **top, "frames": frames}))
    return path


def three(folder: Path, **top: Any) -> Path:
    return transforms(folder, *(frame(f"a/{n}.png", x) for n, x in enumerate(SHIFTS)), **top)


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({"w": 0}, "a picture of 0 x 24 px"),
        ({"h": 0}, "a picture of 32 x 0 px"),
        ({"w": -32}, "a picture of -32 x 24 px"),
        ({"w": 2**62}, "a picture of 4.6"),
        ({"fl_x": None, "camera_angle_x": 1}, "fl_x must be a number"),
    ],
)
def test_sizes_and_cameras_that_no_picture_has(top: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ReconError, match=message):
        read_poses(three(tmp_path, **top), PHOTOS, None)


@pytest.mark.parametrize("angle", [0, -1, 3.2, 1e300])
def test_an_angle_of_view_is_between_0_and_pi(angle: float, tmp_path: Path) -> None:
    path = transforms(tmp_path, frame("0.png", 0))
    path.write_text(path.read_text().replace('"fl_x": 30', f'"camera_angle_x": {angle}'))
    with pytest.raises(ReconError, match="between 0 and pi"):
        read_poses(path, PHOTOS, None)


@pytest.mark.filterwarnings("error")
def test_huge_numbers_are_refused_without_a_warning(tmp_path: Path) -> None:
    wrong = frame("a/0.png", 0)
    wrong["transform_matrix"][0][0] = 1e200
    with pytest.raises(ReconError, match="rigid"):
        read_poses(transforms(tmp_path, wrong), PHOTOS, None)
    ragged = {"file_path": "a/0.png", "transform_matrix": [[1], [1, 2], [3], [4]]}
    with pytest.raises(ReconError, match="different lengths"):
        read_poses(transforms(tmp_path, ragged), PHOTOS, None)
    for x, unit in ((1e300, None), (1.0, 1e300)):
        with pytest.raises(ReconError, match="check its position and --poses-unit"):
            read_poses(transforms(tmp_path, frame("0.png", x), frame("1.png", x)), PHOTOS, unit)


def test_a_name_in_several_folders_is_the_photo_s_own_folder(tmp_path: Path) -> None:
    frames = [frame(f"{folder}/{n}.png", x) for folder, x in (("left", 1), ("right", 2)) for n in range(2)]
    path = transforms(tmp_path, *frames)
    poses = read_poses(path, named("walk/left/0.png", "walk/right/0.png"), None)
    assert [poses.by_photo[n].world_T_cam[0, 3] for n in range(2)] == [1, 2]
    with pytest.raises(ReconError, match=r"several poses of 0\.png .*folders of the same names"):
        read_poses(path, named("other/0.png", "other/1.png"), None)


def test_one_pose_is_that_of_one_photo(tmp_path: Path) -> None:
    with pytest.raises(ReconError, match=r"one pose for a/0\.png and b/0\.png: omit one"):
        read_poses(three(tmp_path), named("a/0.png", "b/0.png"), None)
    path = transforms(tmp_path, frame("0.png", 0), frame("0.png", 1))
    with pytest.raises(ReconError, match=r"frame 1: 0\.png has a pose already"):
        read_poses(path, PHOTOS, None)


def test_names_written_on_windows_are_found(tmp_path: Path) -> None:
    path = transforms(tmp_path, *(frame(f".\\images\\{n}.png", x) for n, x in enumerate(SHIFTS)))
    assert len(read_poses(path, PHOTOS, None).by_photo) == 3


def tum(text: str, photos: str | None = None) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "groundtruth.txt").write_text(text)
        if photos is not None:
            (folder / "rgb.txt").write_text(photos)
        return folder / "groundtruth.txt"

    return write


def stray(odometry: str, matrix: str | None = "30,0,16\n0,30,12\n0,0,1\n") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "odometry.csv").write_text(odometry)
        if matrix is not None:
            (folder / "camera_matrix.csv").write_text(matrix)
        return folder

    return write


def colmap_without_points(folder: Path) -> Path:
    (folder / "images.txt").write_text("1 1 0 0 0 0 0 0 1 0.png\n\n")
    (folder / "cameras.txt").write_text("1 PINHOLE 32 24 30 30 16 12\n")
    return folder


@pytest.mark.parametrize(
    "wrong", [{"every": 0}, {"poses_unit_m": 0}, {"poses_unit_m": -1}, {"poses_unit_m": np.nan}]
)
def test_numbers_out_of_range_are_refused_from_python(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="every must be 1 or more, and poses_unit_m positive"):
        join.run("photos", **wrong)


LINE = "0 0 0 0 0 0 0 1\n"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("write", "message"),
    [
        (tum("nan 0 0 0 0 0 0 1"), "line 1: .*no time"),
        (tum("1e308 0 0 0 0 0 0 1"), "line 1: .*no time"),
        (tum(LINE, "0 0.png\nhello 1.png\n"), r"rgb\.txt, line 2: expected timestamp"),
        (tum(LINE, "0\n"), r"rgb\.txt, line 1: expected timestamp"),
        (stray("x\n1\n"), r"odometry\.csv, line 2: there is no frame"),
        (stray("frame," + 200_000 * "x" + "\n0\n"), r"odometry\.csv, line 2: there is no x"),
        (stray("", "1,2\n3\n"), r"camera_matrix\.csv must have 3 rows of 3 numbers"),
        (stray("", None), r"camera_matrix\.csv cannot be read"),
        (colmap_without_points, r"needs points3D\.txt"),
    ],
)
def test_the_message_names_the_file_and_the_line(
    write: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    if write is colmap_without_points:
        pytest.importorskip("pycolmap")
    with pytest.raises(ReconError, match=message):
        read_poses(write(tmp_path), PHOTOS, None)


def test_each_photo_of_a_trajectory_has_the_pose_of_its_time(tmp_path: Path) -> None:
    text = "".join(f"{n} {n} 0 0 0 0 0 1\n" for n in (2, 0, 1))
    path = tum(text, "0.01 a/0.png\n1.99 a/1.png\n2.01 a/2.png\n")(tmp_path)
    poses = read_poses(path, PHOTOS, None).by_photo
    assert [poses[n].world_T_cam[0, 3] for n in range(3)] == [0, 2, 2]
