"""Converts and checks the values of ``Options``.

Python programs pass numpy scalars and arrays, paths as text, and camera matrices. A value that is out of range or
contradicts another option is refused.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from sys import float_info
from typing import Any, get_args, get_type_hints

from recon.constraints import CameraHeight, DistanceAt, LengthBetween, Rectangle

PATHS = ("depth", "relative_depth", "constraint_file", "calibration", "camera_file")
TEXTS = ("model", "reference")
COUNTS = ("stride", "faces", "processing_size")
SEVERAL = ("at", "length", "rectangle")
"""Options that hold a tuple of constraints."""
_LONGEST = 1e7
"""Focal length (px, mm) beyond any telescope's: all points would stand on one line."""
_LARGEST_INPUT_PX = 4096
"""Several times what any network was trained on; more would fill the memory of most machines."""
_PLAIN: dict[type, str] = {
    bool: "True or False",
    int: "a whole number",
    str: "text",
    Path: "a path",
    tuple: "numbers",
}
"""Types of options whose values are checked by their type, and what a message calls them."""


def plain(name: str, value: Any) -> Any:
    """Converts a value to the type of its option if it is equivalent; returns any other value unchanged.

    Args:
        name: Name of the option.
        value: ``intrinsics`` may be a 3x3 camera matrix without skew, in px of the upright photo, with the centre of
            the top-left pixel at (0.5, 0.5). OpenCV puts it at (0, 0): add 0.5 to its cx and cy.
    """
    if hasattr(value, "tolist"):  # a numpy scalar or array
        value = value.tolist()
    if name in PATHS and isinstance(value, str):
        return Path(value)
    if name in TEXTS and isinstance(value, Path):
        return str(value)
    if name in COUNTS and isinstance(value, float) and value.is_integer():
        return int(value)
    if name == "augment" and isinstance(value, (str, list, tuple)):
        words = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(word.strip() if isinstance(word, str) else repr(word) for word in words))
    if name in ("distortion", "fisheye") and isinstance(value, (list, tuple)):
        # OpenCV's own arrays are (1, N) or (N, 1).
        flat = [one for row in value for one in (row if isinstance(row, (list, tuple)) else (row,))]
        return tuple(flat)
    if name == "intrinsics" and isinstance(value, (list, tuple)):
        return _of_matrix(value) if len(value) == 3 else tuple(value)
    if name in SEVERAL:
        if isinstance(value, list):
            return tuple(value)
        return value if isinstance(value, (tuple, str)) else (value,)
    return value


def _of_matrix(rows: Sequence[Any]) -> Any:
    """``fx, fy, cx, cy`` of a camera matrix; any other value is returned unchanged, and ``Options`` rejects it."""
    try:
        (fx, skew, cx), (zero, fy, cy), last = rows
        if [skew, zero, *last] == [0, 0, 0, 0, 1]:
            return fx, fy, cx, cy
    except (TypeError, ValueError):
        pass
    return tuple(rows)


def check(options: Any) -> None:
    """Checks the types and ranges of all values, and which options exclude each other.

    Args:
        options: ``Options``, whose module imports this one.

    Raises:
        ValueError: The first problem, with the flags of the command line.
    """
    _check_types(options)
    _check_numbers(options)
    _check_camera(options)
    _check_lens(options)
    _check_combinations(options)
    _check_choices(options)
    _check_constraints(options)


def _check_types(options: Any) -> None:
    for each in fields(options):
        value, types = getattr(options, each.name), _plain_types(options.__class__).get(each.name)
        # To Python, True is an int.
        if types and (not isinstance(value, types) or (isinstance(value, bool) and types[0] is int)):
            flag = each.metadata["flag"].partition("/")[0]
            kind = _PLAIN[types[0]] + (f" {each.metadata['metavar']}" if types[0] is tuple else "")
            raise ValueError(f"{flag} must be {kind}, got {value!r}")


def _check_numbers(options: Any) -> None:
    for name, value in (
        ("--depth-unit", options.depth_unit),
        ("--focal-px", options.focal_px),
        ("--focal-35mm", options.focal_35mm),
        ("--max-depth", options.max_depth),
        ("--voxel", options.voxel),
        ("--error", options.error),
    ):
        if value is not None and not (_is_number(value) and value > 0):
            raise ValueError(f"{name} must be a positive number, got {value!r}")
    if not (_is_number(options.edge) and 0 <= options.edge <= 1):
        raise ValueError(
            f"--edge is a fraction of the depth and must be between 0 and 1, got {options.edge!r}"
        )
    if options.stride is not None and options.stride < 1:
        raise ValueError(f"--stride must be a whole number of 1 or more, got {options.stride!r}")
    if options.faces is not None and options.faces < 4:
        raise ValueError(f"--faces must be 4 or more, got {options.faces}")
    if options.processing_size is not None and not 14 <= options.processing_size <= _LARGEST_INPUT_PX:
        raise ValueError(
            f"--processing-size must be between 14 and {_LARGEST_INPUT_PX} px, got {options.processing_size}: a "
            "network's memory grows with its square"
        )
    sigma = options.reference_sigma
    if sigma is not None and not (_is_number(sigma) and 0 < sigma < 1):
        raise ValueError(f"--reference-sigma must be a fraction between 0 and 1, got {sigma!r}")


def _check_camera(options: Any) -> None:
    if options.focal_px is not None and options.focal_px < 1:
        raise ValueError(f"--focal-px must be 1 px or more, got {options.focal_px}")
    for name, value in (("--focal-px", options.focal_px), ("--focal-35mm", options.focal_35mm)):
        if value is not None and value > _LONGEST:
            raise ValueError(f"{name} must be {_LONGEST:g} or less, got {value:g}")
    if options.fov is not None and not (_is_number(options.fov) and 0.1 <= options.fov <= 179):
        raise ValueError(f"--fov must be between 0.1 and 179 degrees, got {options.fov!r}")
    if options.intrinsics is not None:
        numbers = [x for x in options.intrinsics if _is_number(x)]
        large = max((abs(x) for x in numbers), default=0) > _LONGEST
        if len(numbers) != 4 or len(options.intrinsics) != 4 or min(numbers[:2]) < 1 or large:
            raise ValueError(
                f"--intrinsics takes FX,FY,CX,CY in px, FX and FY of 1 or more, none over {_LONGEST:g}, "
                f"got {options.intrinsics}"
            )
    cameras = [options.intrinsics, options.focal_px, options.focal_35mm, options.fov, options.camera_file]
    if sum(given is not None for given in cameras) > 1:
        raise ValueError("use only one of --intrinsics, --focal-px, --focal-35mm, --fov and --camera")


def _check_lens(options: Any) -> None:
    lenses = [options.distortion, options.fisheye, options.camera_file]
    if sum(given is not None for given in lenses) > 1:
        raise ValueError("use only one of --distortion, --fisheye and --camera")
    for name, numbers, counts in (
        ("--distortion", options.distortion, (4, 5, 8)),
        ("--fisheye", options.fisheye, (4,)),
    ):
        if numbers is None:
            continue
        if len(numbers) not in counts or not all(_is_number(x) and abs(x) <= _LONGEST for x in numbers):
            wanted = ", ".join(map(str, counts[:-1])) + (" or " if counts[:-1] else "") + str(counts[-1])
            raise ValueError(
                f"{name} takes {wanted} numbers in OpenCV's order, of at most {_LONGEST:g}, got {numbers}"
            )
        if options.fov is not None:
            raise ValueError(
                f"{name} needs --intrinsics or --focal-px: --fov is that of a picture without distortion"
            )


def _check_combinations(options: Any) -> None:
    if options.full and options.stride is not None:
        raise ValueError("give only one of --stride and --full, which is --stride 1")
    if options.faces is not None and options.error is not None:
        raise ValueError("use only one of --faces and --error: each sets how far a mesh is simplified")
    if options.relative_depth is not None and options.model != "auto":
        raise ValueError("use only one of --model and --relative-depth: each is the depth to make metric")
    if options.depth is not None and options.reference is not None:
        raise ValueError("use only one of --depth and --reference: each is the metric reference for --model")
    if options.level and options.axes == "opencv":
        raise ValueError("--level needs an up axis: use --axes y-up or z-up instead of opencv, or --no-level")


def _check_choices(options: Any) -> None:
    for each in fields(options):
        flag, choices = each.metadata["flag"], each.metadata["choices"]
        value = getattr(options, each.name)
        several = isinstance(each.default, tuple) and isinstance(value, tuple)
        known = set(value) <= set(choices) if several else value in choices
        if choices and not known and not (value is None is each.default):
            wanted = "some of" if isinstance(each.default, tuple) else "one of"
            raise ValueError(f"{flag} must be {wanted} {', '.join(choices)}, got {value!r}")


def _check_constraints(options: Any) -> None:
    height = () if options.camera_height is None else (options.camera_height,)
    for flag, given, kind in (
        ("--at", options.at, DistanceAt),
        ("--length", options.length, LengthBetween),
        ("--rectangle", options.rectangle, Rectangle),
        ("--camera-height", height, CameraHeight),
    ):
        if not (isinstance(given, tuple) and all(isinstance(one, kind) for one in given)):
            raise ValueError(
                f"{flag} takes recon.constraints.{kind.__name__} (recon.constraint_text parses text), got "
                f"{given!r}"
            )
    fits = (
        options.at or options.length or options.rectangle or options.camera_height or options.constraint_file
    )
    if options.calibration is not None and (fits or options.reference):
        raise ValueError(
            "--calibration is applied unchanged and cannot be combined with --reference, --at, --length, "
            "--rectangle, --camera-height or --constraints"
        )


@cache
def _plain_types(options: type) -> dict[str, tuple[type, ...]]:
    """Types of each option that has one of ``_PLAIN``, the type itself first, then that of None if it may be None."""
    types = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(options).items()}
    types |= dict.fromkeys(("intrinsics", "distortion", "fisheye"), (tuple, type(None)))
    return {name: each for name, each in types.items() if each[0] in _PLAIN}


def _is_number(value: object) -> bool:
    # A whole number may be one that no float holds.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= float_info.max
