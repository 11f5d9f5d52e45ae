"""Camera files of OpenCV and COLMAP, written by those programs where they can be had, and damaged ones."""

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from recon.camera.camera_file import read_camera_file
from recon.errors import LensError

MATRIX = np.array([[500.0, 0, 319.5], [0, 510.0, 239.5], [0, 0, 1]])
NUMBERS = np.array([[-0.3, 0.1, 0.001, -0.002, 0.01]])
SIZE = {"width": 640, "height": 480}
TEXT = "# comment\n1 {model} 640 480 {numbers}\n"
ROS = """image_width: 640
image_height: 480
camera_name: left
camera_matrix:
  rows: 3
  cols: 3
  data: [500.0, 0.0, 319.5, 0.0, 510.0, 239.5, 0.0, 0.0, 1.0]
distortion_model: {model}
distortion_coefficients:
  rows: 1
  cols: 4
  data: [0.1, 0.01, 0.001, 0.0001]
"""


def opencv_file(path: Path, numbers: np.ndarray = NUMBERS, **more: int) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for name, value in more.items():
        storage.write(name, value)
    storage.write("camera_matrix", MATRIX)
    storage.write("distortion_coefficients", numbers)
    storage.release()
    return path


@pytest.mark.parametrize("suffix", [".yml", ".yaml", ".xml", ".json"])
def test_files_that_opencv_writes(suffix: str, tmp_path: Path) -> None:
    lens = read_camera_file(
        opencv_file(tmp_path / f"camera{suffix}", image_width=640, image_height=480), **SIZE
    )
    assert lens.kind == "opencv" and lens.coefficients == tuple(NUMBERS[0])
    k = lens.camera
    assert (k.fx, k.fy, k.cx, k.cy, k.source) == (500, 510, 320, 240, "user")


def test_lists_that_python_writes_and_the_fisheye_flag(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"mtx": MATRIX.tolist(), "dist": NUMBERS.tolist()}))
    assert read_camera_file(path, **SIZE).coefficients == tuple(NUMBERS[0])
    path = opencv_file(tmp_path / "fisheye.yml", np.array([[0.1, 0.0, 0.0, 0.0]]).T, fisheye_model=1)
    assert read_camera_file(path, **SIZE).kind == "fisheye"


@pytest.mark.parametrize(("model", "kind"), [("plumb_bob", "opencv"), ("equidistant", "fisheye")])
def test_yaml_of_ros(model: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "left.yaml"
    path.write_text(ROS.format(model=model))
    lens = read_camera_file(path, **SIZE)
    assert (lens.kind, lens.coefficients) == (kind, (0.1, 0.01, 0.001, 0.0001))


def test_a_camera_of_another_resolution_is_scaled_and_of_another_shape_refused(tmp_path: Path) -> None:
    path = opencv_file(tmp_path / "camera.yml", image_width=640, image_height=480)
    k = read_camera_file(path, width=1280, height=960).camera
    assert (k.fx, k.cx, k.width) == (1000, 640, 1280)
    with pytest.raises(LensError, match="may be cropped"):
        read_camera_file(path, width=640, height=360)
    with pytest.raises(LensError, match="turned by 90 degrees"):
        read_camera_file(path, width=480, height=640)


@pytest.mark.parametrize(
    ("model", "numbers", "kind", "coefficients"),
    [
        ("SIMPLE_PINHOLE", [500, 320, 240], "opencv", (0.0,)),
        ("SIMPLE_RADIAL", [500, 320, 240, -0.1], "opencv", (-0.1,)),
        ("RADIAL", [500, 320, 240, -0.1, 0.02], "opencv", (-0.1, 0.02)),
        ("OPENCV", [500, 500, 320, 240, 1, 2, 3, 4], "opencv", (1, 2, 3, 4)),
        ("OPENCV_FISHEYE", [500, 500, 320, 240, 1, 2, 3, 4], "fisheye", (1, 2, 3, 4)),
        ("FULL_OPENCV", [500, 500, 320, 240, 1, 2, 3, 4, 5, 6, 7, 8], "opencv", tuple(range(1, 9))),
        ("RADIAL_FISHEYE", [500, 320, 240, 0.1, 0.2], "fisheye", (0.1, 0.2)),
    ],
)
def test_cameras_of_colmap_as_text_and_binary(
    model: str, numbers: list[float], kind: str, coefficients: tuple[float, ...], tmp_path: Path
) -> None:
    text, binary = tmp_path / "cameras.txt", tmp_path / "cameras.bin"
    text.write_text(TEXT.format(model=model, numbers=" ".join(map(str, numbers))))
    codes = [
        "SIMPLE_PINHOLE",
        "PINHOLE",
        "SIMPLE_RADIAL",
        "RADIAL",
        "OPENCV",
        "OPENCV_FISHEYE",
        "FULL_OPENCV",
    ]
    code = codes.index(model) if model in codes else 9
    binary.write_bytes(struct.pack(f"<QiiQQ{len(numbers)}d", 1, 1, code, 640, 480, *numbers))
    for path in (text, binary):
        lens = read_camera_file(path, **SIZE)
        assert (lens.kind, lens.coefficients) == (kind, coefficients)
        assert (lens.camera.fx, lens.camera.cx, lens.camera.cy) == (
            500,
            320,
            240,
        )  # no shift: as COLMAP counts


def test_models_that_are_refused_and_several_cameras(tmp_path: Path) -> None:
    path = tmp_path / "cameras.txt"
    path.write_text(TEXT.format(model="FOV", numbers="500 500 320 240 0.9"))
    with pytest.raises(LensError, match="FOV is not supported"):
        read_camera_file(path, **SIZE)
    path.write_text("1 PINHOLE 640 480 500 500 320 240\n2 PINHOLE 800 600 700 700 400 300\n")
    assert read_camera_file(path, **SIZE).camera.fx == 500
    with pytest.raises(LensError, match="2 cameras, none of them"):
        read_camera_file(path, width=320, height=240)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.yml", b"\x00\xff\x00", "no camera file"),
        ("a.yml", b"%YAML:1.0\n---\nx: 1\n", "camera_matrix is missing"),
        ("a.json", b'{"camera_matrix": [1, 2', "no camera file"),
        ("a.json", b'{"K": [[1,0,0],[0,1,0],[0,0,1]]}', "distortion_coefficients is missing"),
        ("a.json", b'{"K": [[500,3,0],[0,500,0],[0,0,1]], "D": [0]}', "camera_matrix must be"),
        ("a.json", b'{"K": "text", "D": [0]}', "must be numbers"),
        ("a.json", b'{"K": [[0.1,0,0],[0,500,0],[0,0,1]], "D": [0]}', "no camera's"),
        ("a.json", b'{"K": [[500,0,0],[0,500,0],[0,0,1]], "D": [0,0,0,0,0,0,0,0,1]}', "thin prisms"),
        ("a.xml", b"<?xml version='1.0'?><opencv_storage><a></opencv_storage>", "no camera file"),
        ("cameras.txt", b"1 PINHOLE 640 480 500\n", "has 4 numbers, got 1"),
        ("cameras.txt", b"", "no camera"),
        ("cameras.txt", b"1 PINHOLE 640 480 500 500 nan 240\n", "no camera's"),
        ("cameras.bin", b"\x01\0\0", "truncated"),
        ("cameras.bin", struct.pack("<QiiQQ", 1, 1, 99, 640, 480), "model 99"),
        ("cameras.bin", struct.pack("<QiiQQ", 2**60, 1, 1, 640, 480), "truncated"),
    ],
)
def test_damaged_files_are_refused_with_their_name(
    name: str, data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(LensError, match=message) as refused:
        read_camera_file(path, **SIZE)
    assert str(path) in str(refused.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(LensError, match="cannot be read"):
        read_camera_file(tmp_path / "none.yml", **SIZE)
