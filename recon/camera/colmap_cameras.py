"""Reads ``cameras.txt`` and ``cameras.bin`` of COLMAP (colmap.github.io/format.html, src/colmap/sensor/models.h)."""

import struct
from collections.abc import Sequence
from pathlib import Path

from recon.camera.lens import LensKind, StatedLens
from recon.errors import LensError

_MOST_BYTES = 16 << 20
_COUNTS = {
    "SIMPLE_PINHOLE": 3,
    "PINHOLE": 4,
    "SIMPLE_RADIAL": 4,
    "RADIAL": 5,
    "OPENCV": 8,
    "OPENCV_FISHEYE": 8,
    "FULL_OPENCV": 12,
    "FOV": 5,
    "SIMPLE_RADIAL_FISHEYE": 4,
    "RADIAL_FISHEYE": 5,
    "THIN_PRISM_FISHEYE": 12,
}
"""How many numbers each model has, in the order of the models' codes in cameras.bin."""
_UNSUPPORTED = ("FOV", "THIN_PRISM_FISHEYE")


def read_cameras(path: Path) -> list[StatedLens]:
    """All cameras of the file.

    Raises:
        LensError: A camera's model is not supported.
        OSError: The file cannot be read.
        ValueError: It is not such a file.
    """
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is larger than 16 MB")
    cameras = _binary(data) if path.suffix.lower() == ".bin" else _text(data.decode("utf-8"))
    if not cameras:
        raise ValueError("it has no camera")
    return cameras


def _text(text: str) -> list[StatedLens]:
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    cameras = []
    for words in lines:
        if len(words) < 5 or words[1] not in _COUNTS:
            raise ValueError("expected lines of CAMERA_ID MODEL WIDTH HEIGHT NUMBERS")
        cameras.append(camera_of(words[1], int(words[2]), int(words[3]), [float(word) for word in words[4:]]))
    return cameras


def _binary(data: bytes) -> list[StatedLens]:
    models, cameras = list(_COUNTS), []
    try:
        (count,) = struct.unpack_from("<Q", data, 0)
        at = 8
        for _ in range(count):
            _, code, width, height = struct.unpack_from("<iiQQ", data, at)
            if not 0 <= code < len(models):
                raise LensError(f"its camera model {code} is not known")
            numbers = struct.unpack_from(f"<{_COUNTS[models[code]]}d", data, at + 24)
            at += 24 + 8 * len(numbers)
            cameras.append(camera_of(models[code], width, height, numbers))
    except struct.error as error:
        raise ValueError("it is truncated") from error
    return cameras


def camera_of(model: str, width: int, height: int, numbers: Sequence[float]) -> StatedLens:
    """A camera of one of COLMAP's models; there as in recon, the centre of the first pixel is at (0.5, 0.5).

    Raises:
        LensError: The model is not supported.
        ValueError: The numbers are not those of the model.
    """
    if model in _UNSUPPORTED or model not in _COUNTS:
        raise LensError(
            f"its camera model {model} is not supported; undistort with `colmap image_undistorter`, or calibrate "
            "with OPENCV or OPENCV_FISHEYE"
        )
    if len(numbers) != _COUNTS[model]:
        raise ValueError(f"{model} has {_COUNTS[model]} numbers, got {len(numbers)}")
    if width < 1 or height < 1:
        raise ValueError(f"a picture must have pixels, got {width} x {height}")
    kind: LensKind = "fisheye" if "FISHEYE" in model else "opencv"
    two_focals = model in ("PINHOLE", "OPENCV", "OPENCV_FISHEYE", "FULL_OPENCV")
    fx, (fy, cx, cy, *more) = numbers[0], numbers[1:] if two_focals else numbers
    return StatedLens(fx, fy, cx, cy, (width, height), kind, tuple(more) or (0.0,))
