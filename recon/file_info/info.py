"""The description of a file, and helpers that the readers share."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import atan, degrees, inf, isfinite, radians, tan
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.frames import FILE_AXES, Axes, Transform, file_T_cam
from recon.strict_json import parse_json
from recon.types import Intrinsics
from recon.units import rounded

_ESCAPED = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U(000[0-9a-f]{5}|0010[0-9a-f]{4})")
"""How ``recon.export.checks`` writes a character that is not ASCII."""
_VIEW_NUMBERS = 4 + 2 + 12
"""Of a camera among several, before its name: intrinsics, size in px, pose."""

Colours = Literal["none", "vertex", "texture"]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class CameraInfo:
    """A camera stored in a file."""

    fov_x_deg: float
    fov_y_deg: float
    intrinsics: Intrinsics | None = None
    """In px, if the file contains them, as recon's own files do."""
    file_T_cam: Transform | None = field(default=None, compare=False)
    """(4, 4) where the camera stands, in the file's axes and unit; None: the file does not say."""

    @classmethod
    def from_intrinsics(cls, camera: Intrinsics) -> "CameraInfo":
        """Computes the fields of view from the intrinsics."""
        return cls(camera.fov_x_deg, camera.fov_y_deg, camera)

    @classmethod
    def from_gltf(cls, yfov_rad: float, aspect: float) -> "CameraInfo":
        """Reads a glTF perspective camera without recon's extras."""
        return cls(degrees(2 * atan(aspect * tan(yfov_rad / 2))), degrees(yfov_rad))

    def lens(self, largest_px: int) -> Intrinsics:
        """In px: the file's own, else those of the fields of view for a picture whose longer side is given.

        Raises:
            ValueError: No pinhole camera has such fields of view.
        """
        if self.intrinsics is not None:
            return self.intrinsics
        across, down = (tan(radians(each) / 2) for each in (self.fov_x_deg, self.fov_y_deg))
        if not (0 < across < inf and 0 < down < inf):
            raise ValueError(f"fields of view of {self.fov_x_deg} x {self.fov_y_deg} degrees")
        width, height = (max(1, round(largest_px * each / max(across, down))) for each in (across, down))
        return Intrinsics.from_fov(self.fov_x_deg, width=width, height=height, source="file")

    def __str__(self) -> str:
        view = f"field of view {self.fov_x_deg:.2f} x {self.fov_y_deg:.2f} degrees"
        if self.intrinsics is None:
            return view
        k = self.intrinsics
        focal = f"{k.fx:.2f} px" if k.fx == k.fy else f"{k.fx:.2f} x {k.fy:.2f} px"
        return f"focal length {focal} in {k.width} x {k.height}, {view}"


@dataclass(frozen=True)
class FileInfo:
    """The contents of a scene file."""

    path: Path
    format: str
    """Readable name: ``PLY, binary little endian``."""
    bytes: int
    """Size of the file."""
    points: int
    """Number of points or vertices."""
    faces: int = 0
    low: Point | None = None
    """Smallest x, y and z in the file's axes; None if there are no points, or they cannot be read."""
    high: Point | None = None
    unit: Literal["m", "mm"] | None = None
    """Unit of length: metres if the format or the file says so (3MF: millimetres); None if unknown."""
    colours: Colours = "none"
    normals: bool = False
    camera: CameraInfo | None = None
    axes: str | None = None
    """Description of the axes, from the file."""
    notes: tuple[str, ...] = ()
    """Comments in the file, and warnings about it."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Provenance stored in the file."""

    @property
    def size(self) -> Point | None:
        """Extent along x, y and z."""
        if self.low is None or self.high is None:
            return None
        x, y, z = (high - low for low, high in zip(self.low, self.high, strict=True))
        return x, y, z

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values to print."""
        rows = [("format", self.format), ("file size", f"{self.bytes / 1e6:.2f} MB")]
        rows += [("points", f"{self.points:,}"), ("faces", f"{self.faces:,}")]
        unit, half = f" {self.unit}" if self.unit else "", self._uncertain
        for label, values in (("extent", self.size), ("smallest", self.low), ("largest", self.high)):
            if values is not None:
                named = zip("xyz", values, strict=True)
                rows.append(
                    (label, ", ".join(f"{axis} {rounded(value, half, 3)}{unit}" for axis, value in named))
                )
        rows += [("colours", self.colours), ("normals", "yes" if self.normals else "no")]
        rows += [("camera", str(self.camera))] if self.camera else []
        rows += [("axes", self.axes)] if self.axes else []
        rows += [(key, _shown(value)) for key, value in flatten(self.provenance)]
        return rows + [("note", note) for note in self.notes]

    @property
    def _uncertain(self) -> float:
        """How far off the longest side may be by the scale (95 %), in the file's unit; 0 if the file does not say."""
        share = self.provenance.get("scale_interval")
        return (
            max(self.size) * float(share)
            if self.size is not None and isinstance(share, (int, float))
            else 0.0
        )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        camera = self.camera
        return {
            "path": str(self.path),
            "format": self.format,
            "bytes": self.bytes,
            "points": self.points,
            "faces": self.faces,
            "bounds": None if self.low is None or self.high is None else [list(self.low), list(self.high)],
            "size": None if self.size is None else list(self.size),
            "unit": self.unit,
            "colours": self.colours,
            "normals": self.normals,
            "camera": camera
            and {
                "fov_x_deg": camera.fov_x_deg,
                "fov_y_deg": camera.fov_y_deg,
                **({} if camera.intrinsics is None else vars(camera.intrinsics)),
            },
            "axes": self.axes,
            "notes": list(self.notes),
            "provenance": dict(flatten(self.provenance)),
        }


@dataclass
class Extent:
    """Collects bounds from blocks of points, and counts non-finite points separately."""

    low: NDArray[np.float64] = field(default_factory=lambda: np.full(3, np.inf))
    high: NDArray[np.float64] = field(default_factory=lambda: np.full(3, -np.inf))
    not_finite: int = 0

    def add(self, points: NDArray[Any]) -> None:
        """Adds (N, 3) coordinates of any type."""
        finite = np.isfinite(points).all(axis=1)
        self.not_finite += int(np.count_nonzero(~finite))
        if finite.any():
            self.low = np.minimum(self.low, points[finite].min(axis=0))
            self.high = np.maximum(self.high, points[finite].max(axis=0))

    @property
    def fields(self) -> dict[str, Any]:
        """``low`` and ``high`` for ``FileInfo``; empty if there are no points."""
        if not np.isfinite(self.low).all():
            return {}
        return {"low": tuple(self.low.tolist()), "high": tuple(self.high.tolist())}

    @property
    def notes(self) -> tuple[str, ...]:
        """A note if there are points that are not finite."""
        return (f"{self.not_finite:,} points are NaN or infinite",) if self.not_finite else ()


def axes_of(metadata: Mapping[str, Any]) -> Axes | None:
    """The axes in a file's metadata (``read_comments``), or None."""
    name = str(metadata.get("axes") or "").partition(":")[0]
    return next((axes for axes in FILE_AXES if axes == name), None)


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values under dotted names, as ``recon.export.checks.describe_lines`` writes them, without None."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        elif value is not None:
            yield f"{prefix}{key}", value


def _shown(value: Any) -> str:
    """A value as text: text unchanged, numbers with their significant digits, the rest as JSON."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    if isinstance(value, float) and isfinite(value):
        # 59.99999999999999 degrees are 60, and 865.3326 px are 865.333.
        short = f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) >= 1 else f"{value:.4g}"
        return "0" if short == "-0" else short
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> Any:
    """The value in a comment: a number, a list, true or false; anything else is text, which is unescaped."""
    try:
        return parse_json(text)
    except ValueError:
        return _unescaped(text)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)


def read_comments(comments: Iterable[str]) -> dict[str, Any]:
    """Reads fields of ``FileInfo`` from the comments that recon writes (``recon.export.checks.describe_lines``).

    Comments of other programs are added to the notes unchanged.
    """
    lines = [line.strip() for line in comments if line.strip()]
    if not any(line.startswith("recon ") for line in lines):
        return {"notes": tuple(lines)}
    views = [line for line in lines if line.startswith("view ")]
    entries = dict(line.partition(" ")[::2] for line in lines if line not in views)
    fields: dict[str, Any] = {"axes": entries.pop("axes", None), "unit": "m"}
    entries.pop("unit", None)
    pose = _pose(entries.pop("cam_T_file", None), axes_of(fields))
    words = entries.pop("camera", "").split()
    numbers = dict(zip(words[::2], words[1::2], strict=False))
    if numbers:
        source: Any = entries.get("focal_source", "file")
        fx, fy, cx, cy = (float(numbers[name]) for name in ("fx", "fy", "cx", "cy"))
        size = int(numbers["width"]), int(numbers["height"])
        lens = CameraInfo.from_intrinsics(Intrinsics(fx, fy, cx, cy, *size, source))
        fields["camera"] = replace(lens, file_T_cam=pose)
    if "focal.source" in entries:
        entries.pop("focal_source", None)
    generator: dict[str, Any] = {"generator": f"recon {entries.pop('recon')}"}
    if views:
        generator["photos"] = [_unescaped(line.split(" ", _VIEW_NUMBERS + 1)[-1]) for line in views]
    fields["provenance"] = generator | {
        key: _value(text) for key, text in entries.items() if key != "generator"
    }
    return fields


def _pose(cam_T_file: str | None, axes: Axes | None) -> Transform | None:
    """file_T_cam of recon's own files: from the three rows of its inverse if levelled, otherwise from the axes."""
    if cam_T_file is None:
        return None if axes is None else file_T_cam(axes)
    rows = np.array(cam_T_file.split(), np.float64)
    return np.linalg.inv(np.vstack([rows.reshape(3, 4), [0, 0, 0, 1]])) if rows.size == 12 else None
