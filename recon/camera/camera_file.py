"""Reads a calibrated camera with its lens: a file of OpenCV's (YAML, XML, JSON) or a COLMAP model's cameras file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from recon.camera.colmap_cameras import read_cameras
from recon.camera.lens import NAMES, Lens, LensKind, StatedLens
from recon.errors import LensError
from recon.photo.orientation import same_shape
from recon.strict_json import parse_json
from recon.types import Intrinsics

_MOST_BYTES = 1 << 20
_MATRIX = ("cameramatrix", "k", "mtx", "intrinsicmatrix", "matrix")
_DISTORTION = ("distortioncoefficients", "distortion", "distcoeffs", "dist", "d", "distcoefs")
_WIDTH, _HEIGHT = ("imagewidth", "width"), ("imageheight", "height")
_FISHEYE_WORDS = ("equidistant", "fisheye", "kannala_brandt", "kannalabrandt4")
_LARGEST = 1e7
"""Focal length, px, and size of a coefficient."""
_DEEPEST = 8


def read_camera_file(path: Path, *, width: int, height: int) -> Lens:
    """The lens of a photo of that size, px; numbers for another resolution of the same picture are scaled.

    Raises:
        LensError: The file cannot be read, states no camera, or one of another shape.
    """
    try:
        if path.suffix.lower() in (".bin", ".txt"):
            stated = _only(read_cameras(path), width=width, height=height)
        else:
            stated = _opencv(path)
        return _lens(stated, width=width, height=height)
    except LensError as error:
        raise LensError(f"{path}: {error}") from error
    except OSError as error:
        raise LensError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, OverflowError) as error:
        raise LensError(
            f"{path} is no camera file ({error}); --camera takes OpenCV's YAML, XML or JSON, or COLMAP's cameras.txt "
            "or cameras.bin"
        ) from error


def _only(cameras: Sequence[StatedLens], *, width: int, height: int) -> StatedLens:
    """The camera of the photo: the only one, or the only one of its size."""
    fitting = [one for one in cameras if one.size == (width, height)]
    if len(fitting) == 1 or len(cameras) == 1:
        return (fitting or cameras)[0]
    raise LensError(
        f"it has {len(cameras)} cameras, {len(fitting) or 'none'} of them of the photo's size {width} x {height} px; "
        "keep the photo's own"
    )


def _lens(stated: StatedLens, *, width: int, height: int) -> Lens:
    numbers = (stated.fx, stated.fy, stated.cx, stated.cy, *stated.coefficients)
    if not all(abs(one) <= _LARGEST for one in numbers) or min(stated.fx, stated.fy) < 1:
        raise LensError("its numbers are no camera's: focal lengths are 1 px or more, and all are finite")
    own = stated.size or (width, height)
    if not same_shape(own, (width, height)):
        turned = same_shape(own, (height, width))
        hint = "the photo is turned by 90 degrees" if turned else "the photo may be cropped"
        raise LensError(
            f"it is for pictures of {own[0]} x {own[1]} px, and the upright photo has {width} x {height} px: {hint}; "
            "calibrate with pictures as they are used"
        )
    camera = Intrinsics(stated.fx, stated.fy, stated.cx, stated.cy, *own, "user")
    return Lens(camera.resized(width=width, height=height), stated.kind, stated.coefficients)


def _opencv(path: Path) -> StatedLens:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is larger than 1 MB")
    start = data.lstrip()[:1]
    values = parse_json(data) if start == b"{" else _storage(data.decode("utf-8"))
    if not isinstance(values, Mapping):
        raise ValueError("it holds no names")
    named = {name.lower().replace("_", "").replace(" ", ""): value for name, value in values.items()}
    matrix, more = _numbers(named, _MATRIX), _numbers(named, _DISTORTION)
    if matrix is None or more is None:
        missing = "camera_matrix" if matrix is None else "distortion_coefficients"
        raise ValueError(f"{missing} is missing")
    if len(matrix) != 9 or any(abs(matrix[at]) > 1e-9 for at in (1, 3, 6, 7)) or matrix[8] != 1:
        raise ValueError("camera_matrix must be fx 0 cx, 0 fy cy, 0 0 1")
    # OpenCV counts pixels from the centre of the first one, recon from its corner.
    fx, fy, cx, cy = matrix[0], matrix[4], matrix[2] + 0.5, matrix[5] + 0.5
    width, height = (_whole(named, names) for names in (_WIDTH, _HEIGHT))
    size = (width, height) if width and height else None
    kind: LensKind = "fisheye" if _is_fisheye(named) else "opencv"
    return StatedLens(fx, fy, cx, cy, size, kind, _coefficients(more, kind))


def _coefficients(numbers: Sequence[float], kind: LensKind) -> tuple[float, ...]:
    most = len(NAMES[kind])
    if any(numbers[most:]):
        raise ValueError(
            f"it has {len(numbers)} distortion coefficients; the {kind} model takes {most}; thin prisms and "
            "tilted sensors are not supported"
        )
    return tuple(numbers[:most]) or (0.0,)


def _is_fisheye(named: Mapping[str, Any]) -> bool:
    words = [str(named.get(name, "")).lower() for name in ("distortionmodel", "cameramodel", "model")]
    flag = named.get("fisheyemodel", 0)
    return bool(isinstance(flag, int | float) and flag) or any(word in _FISHEYE_WORDS for word in words)


def _numbers(named: Mapping[str, Any], names: Sequence[str]) -> list[float] | None:
    value = next((named[name] for name in names if name in named), None)
    if isinstance(value, Mapping):
        value = value.get("data")
    if value is None:
        return None
    flat: list[float] = []
    for one in value if isinstance(value, list) else [value]:
        for number in one if isinstance(one, list) else [one]:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ValueError(f"{names[0]} must be numbers")
            flat.append(float(number))
    return flat


def _whole(named: Mapping[str, Any], names: Sequence[str]) -> int | None:
    value = next((named[name] for name in names if name in named), None)
    if value is None:
        return None
    if not isinstance(value, int | float) or value < 1 or value != int(value):
        raise ValueError(f"{names[0]} must be a whole number of pixels")
    return int(value)


def _storage(text: str) -> Any:
    """YAML or XML as OpenCV writes it; also YAML without its header, as ROS writes it."""
    if not text.lstrip().startswith(("%YAML", "<?xml")):
        text = f"%YAML:1.0\n---\n{text}"
    storage = cv2.FileStorage()
    try:
        if not storage.open(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY):
            raise ValueError("OpenCV cannot read it")
        return _plain(storage.root(), 0)
    except (cv2.error, SystemError) as error:
        raise ValueError("OpenCV cannot read it") from error
    finally:
        storage.release()


def _plain(node: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if node.isMap():
        return {name: _plain(node.getNode(name), depth + 1) for name in node.keys()}  # noqa: SIM118
    if node.isSeq():
        return [_plain(node.at(index), depth + 1) for index in range(node.size())]
    if node.isInt() or node.isReal():
        return node.real()
    return node.string() if node.isString() else None
