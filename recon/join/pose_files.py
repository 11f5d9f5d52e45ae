"""Reads the poses of photos from files of other programs and of phone scanners.

transforms.json (nerfstudio, instant-ngp): camera-to-world, OpenGL's camera; the unit is unknown.
Polycam raw: ``keyframes/corrected_cameras/*.json`` (or ``cameras``), camera-to-world, OpenGL's camera, metres.
Stray Scanner: ``odometry.csv`` and ``camera_matrix.csv``, camera-to-world, OpenCV's camera, metres.
Record3D: ``metadata`` of an unpacked .r3d, camera-to-world, OpenGL's camera, metres.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recon.camera.lens import NAMES, LensKind, StatedLens
from recon.join.pose_table import NamedPose, PoseTable, from_gl, from_quaternion, table
from recon.join.tum_poses import numbered_lines
from recon.strict_json import as_kind, as_object, read_json

_ROWS: Any = list[list[float]]
_RECORD3D, _STRAY = "metadata", "odometry.csv"
_LENSES = ("OPENCV", "OPENCV_FISHEYE", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
"""Camera models of transforms.json; where a coefficient is not stated, it is 0."""


def read_transforms(path: Path) -> PoseTable:
    """``transforms.json``.

    Raises:
        OSError: It cannot be read.
        ValueError: It is something else, or damaged.
    """
    content = as_object(read_json(path))
    poses = {}
    for number, frame in enumerate(as_kind(list[dict[str, Any]], content.get("frames"), "frames")):
        try:
            name = as_kind(str, frame.get("file_path"), "file_path")
            if name in poses:
                raise ValueError(f"{name[:60]} has a pose already; remove one of the two")
            matrix = as_kind(_ROWS, frame.get("transform_matrix"), "transform_matrix")
            values = {**content, **frame}
            camera, size = _camera_of(values)
            lens = None if camera is None else _lens_of(values, camera, size)
            poses[name] = NamedPose(from_gl(matrix), camera, size, lens=lens)
        except ValueError as error:
            raise ValueError(f"frame {number}: {error}") from error
    return table(poses, path.name, metric=False)


def _camera_of(values: Mapping[str, Any]) -> tuple[Any, tuple[int, int] | None]:
    """Camera and size of a frame, as far as the file has them."""
    has_size = "w" in values and "h" in values
    size = (as_kind(int, values["w"], "w"), as_kind(int, values["h"], "h")) if has_size else None
    if "fl_x" in values and size is not None:
        fx = as_kind(float, values["fl_x"], "fl_x")
        others = {"fl_y": fx, "cx": size[0] / 2, "cy": size[1] / 2}
        rest = (as_kind(float, values.get(name, other), name) for name, other in others.items())
        return (fx, *rest), size
    if "camera_angle_x" in values and size is not None:
        angle = as_kind(float, values["camera_angle_x"], "camera_angle_x")
        if not 0 < angle < np.pi:
            raise ValueError(f"camera_angle_x must be an angle between 0 and pi, got {angle:g}")
        focal = float(0.5 * size[0] / np.tan(0.5 * angle))
        return (focal, focal, size[0] / 2, size[1] / 2), size
    return None, None


def _lens_of(values: Mapping[str, Any], camera: Any, size: tuple[int, int] | None) -> StatedLens | None:
    """The distortion of a frame, if it has one."""
    model = values.get("camera_model", "OPENCV")
    if model not in _LENSES:
        raise ValueError(f"camera_model {model} is not supported: undistort the photos first")
    fisheye = model == "OPENCV_FISHEYE" or bool(values.get("is_fisheye"))
    kind: LensKind = "fisheye" if fisheye else "opencv"
    coefficients = [as_kind(float, values.get(name, 0.0), name) for name in NAMES[kind]]
    if not any(coefficients) and not fisheye:
        return None
    if not fisheye and any(coefficients[5:]):
        # nerfstudio's k4 of a perspective camera is not OpenCV's.
        raise ValueError("k4 and more are only known of a fisheye lens; undistort the photos first")
    fx, fy, cx, cy = camera
    return StatedLens(fx, fy, cx, cy, size, kind, tuple(coefficients))


def read_polycam(folder: Path) -> PoseTable:
    """Polycam's raw data: the folder with ``keyframes``.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is damaged.
    """
    cameras = next(place for place in polycam_cameras(folder) if place.is_dir())
    poses = {}
    for path in sorted(cameras.glob("*.json")):
        values = as_object(read_json(path))

        def number(name: str, values: Mapping[str, Any] = values, path: Path = path) -> float:
            return as_kind(float, values.get(name), f"{path.name}: {name}")

        matrix = [[number(f"t_{row}{column}") for column in range(4)] for row in range(3)]
        fx, fy, cx, cy, width, height = map(number, ("fx", "fy", "cx", "cy", "width", "height"))
        poses[f"{path.stem}.jpg"] = NamedPose(from_gl(matrix), (fx, fy, cx, cy), (int(width), int(height)))
    return table(poses, "Polycam", metric=True)


def polycam_cameras(folder: Path) -> tuple[Path, ...]:
    """Where Polycam's cameras may be; the corrected ones are better."""
    return tuple(folder / "keyframes" / name for name in ("corrected_cameras", "cameras"))


def read_stray(folder: Path) -> PoseTable:
    """A recording of Stray Scanner; photos are frames of rgb.mp4, ``rgb_000120``, or files named by their number.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is damaged.
    """
    rows = [words for _, words in numbered_lines(folder / "camera_matrix.csv")]
    try:
        (fx, _, cx), (_, fy, cy), _ = ((float(a), float(b), float(c)) for a, b, c in rows)
    except ValueError as error:
        raise ValueError(f"camera_matrix.csv must have 3 rows of 3 numbers ({error})") from error
    camera = (fx, fy, cx, cy)
    poses, odometry = {}, numbered_lines(folder / _STRAY)
    _, columns = next(odometry, (0, []))
    for number, words in odometry:
        row = dict(zip(columns, words, strict=False))
        try:
            frame = int(row["frame"])
            place = [float(row[name]) for name in ("x", "y", "z")]
            turn = [float(row[name]) for name in ("qx", "qy", "qz", "qw")]
            pose = NamedPose(from_quaternion(turn, place), camera)
        except KeyError as error:
            raise ValueError(f"{_STRAY}, line {number}: there is no {error.args[0]}") from error
        except ValueError as error:
            raise ValueError(f"{_STRAY}, line {number}: {error}") from error
        poses[f"{frame:06d}"] = poses[f"rgb_{frame:06d}"] = pose
    return table(poses, "Stray Scanner", metric=True)


def read_record3d(path: Path) -> PoseTable:
    """The ``metadata`` of an unpacked .r3d; photos are those of its folder ``rgbd``, named by their number.

    Raises:
        OSError: It cannot be read.
        ValueError: It is something else, or damaged.
    """
    content = as_object(read_json(path))
    rows = as_kind(_ROWS, content.get("poses"), "poses")
    k = as_kind(list[float], content.get("K"), "K")
    if len(k) != 9 or any(len(row) != 7 for row in rows):
        raise ValueError("K must have 9 numbers, and every pose 7")
    size = (as_kind(int, content.get("w"), "w"), as_kind(int, content.get("h"), "h"))
    # By columns.
    camera = (k[0], k[4], k[6], k[7])
    poses = {
        f"{index}.jpg": NamedPose(from_gl(from_quaternion(row[:4], row[4:])), camera, size)
        for index, row in enumerate(rows)
    }
    return table(poses, "Record3D", metric=True)


def read_json_poses(path: Path) -> PoseTable:
    """``transforms.json``, or the metadata of Record3D.

    Raises:
        OSError: It cannot be read.
        ValueError: It is something else, or damaged.
    """
    return read_record3d(path) if "poses" in as_object(read_json(path)) else read_transforms(path)
