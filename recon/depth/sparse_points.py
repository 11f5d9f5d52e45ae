"""Sparse measured depth as a reference: points of a COLMAP model, or lines of ``x,y,depth``."""

import csv
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.depth.photo_grid import taken_size
from recon.errors import DepthFileError, to_add
from recon.journal import Journal
from recon.limited_process import run_limited
from recon.strict_npz import read_npy
from recon.temporary_folders import process_folder
from recon.types import FARTHEST_M, NEAREST_M, DepthEstimate, MetricDepth, Photo

_COLMAP_FILES = ("images.bin", "images.txt")
_SHOWN = 60


@dataclass(frozen=True)
class OnGrid:
    """Points as a depth map."""

    depth: MetricDepth
    """Valid where there is a point."""
    count: int
    """Number of points in front of the camera and inside the photo."""


def on_grid(
    points_px: NDArray[np.float64], depth_m: NDArray[np.float64], *, width: int, height: int
) -> OnGrid:
    """Rasterises (N, 2) positions with (N,) depths; if several fall on one pixel, keeps the nearest to the camera."""
    z_m = np.full((height, width), np.inf, np.float32)
    x, y = points_px[:, 0], points_px[:, 1]
    # NaN compares as False.
    usable = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (depth_m > NEAREST_M) & (depth_m < FARTHEST_M)
    columns, rows = (each[usable].astype(np.intp) for each in (x, y))
    np.minimum.at(z_m, (rows, columns), depth_m[usable].astype(np.float32))
    valid = np.isfinite(z_m)
    z_m[~valid] = 0
    return OnGrid(MetricDepth(z_m, valid), int(usable.sum()))


class SparsePoints:
    """Depth at single pixels, from a ``points.csv`` with x, y (px) and depth (m), or a folder with a COLMAP model."""

    name = "points"
    gives: Literal["metric"] = "metric"

    def __init__(self, path: Path | str, unit_m: float | None = None) -> None:
        """Takes the file or folder, and its metres per unit (None: 1)."""
        self.path = Path(path)
        self.unit_m = 1.0 if unit_m is None else unit_m

    @staticmethod
    def reads(path: Path) -> bool:
        """Whether the path is a supported file or folder."""
        if path.is_dir():
            return any((path / name).is_file() for name in _COLMAP_FILES)
        return path.suffix.lower() == ".csv" and path.is_file()

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Rasterises the points on the photo's grid; if several fall on one pixel, keeps the nearest to the camera.

        Raises:
            DepthFileError: It cannot be read, does not contain this photo, or has no point inside it.
        """
        points = self._colmap(photo) if self.path.is_dir() else self._lines()
        if photo.original is not None:
            points = np.column_stack([photo.original.moved(points[:, :2]), points[:, 2]])
        depth = on_grid(points[:, :2], points[:, 2] * self.unit_m, width=photo.width, height=photo.height)
        if not depth.count:
            raise DepthFileError(
                f"{self.path}: none of its {len(points)} points is in front of the camera and inside the photo of "
                f"{photo.width} x {photo.height} px"
            )
        details: dict[str, Any] = {"file": self.path.name, "points": depth.count, "unit_m": self.unit_m}
        journal.decide(
            "depth",
            f"{depth.count} of {len(points)} points of {self.path.name}, {self.unit_m:g} m per unit",
            **details,
        )
        return DepthEstimate(depth=depth.depth, model=self.name, details=details)

    def _lines(self) -> NDArray[np.float64]:
        """(N, 3) x, y in px and depth from a CSV file; skips a header line."""
        points = []
        number, line = 1, list[str]()
        try:
            # Excel writes a mark before UTF-8; its UTF-16 has another.
            with self.path.open("rb") as head:
                encoding = "utf-16" if head.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            with self.path.open(newline="", encoding=encoding) as file:
                for number, line in enumerate(csv.reader(file), start=1):
                    if not line or (number == 1 and not _is_number(line[0])):
                        continue
                    x, y, depth = (float(each) for each in line[:3])
                    points.append((x, y, depth))
        except OSError as error:
            raise DepthFileError(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeError as error:
            raise DepthFileError(
                f"{self.path} is not text in UTF-8 or UTF-16: save it as CSV UTF-8"
            ) from error
        except (ValueError, csv.Error) as error:
            got = ",".join(line)
            raise DepthFileError(
                f"{self.path}, line {number}: expected x,y,depth (px, px, m), got "
                f"{got[:_SHOWN] + '...' if len(got) > _SHOWN else got!r}"
            ) from error
        if not points:
            raise DepthFileError(f"{self.path} has no points: expected lines of x,y,depth (px, px, m)")
        return np.array(points)

    def _colmap(self, photo: Photo) -> NDArray[np.float64]:
        """(N, 3) x, y in px and z-depth of the model's points that this photo observed."""
        if find_spec("pycolmap") is None:
            raise DepthFileError(
                f"{self.path} is a COLMAP model; reading it needs pycolmap: {to_add('colmap')}"
            )
        with tempfile.TemporaryDirectory(prefix="colmap-", dir=process_folder()) as folder:
            output = Path(folder) / "points.npy"
            try:
                size = sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())
                words = (self.path, photo.name or "", output)
                run_limited("recon.depth.colmap_process", words, file_bytes=size, library="pycolmap")
                points = read_npy(output)
            except (OSError, ValueError) as error:
                raise DepthFileError(f"{self.path} cannot be read as a COLMAP model: {error}") from error
        return points * (*taken_size(photo), 1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
