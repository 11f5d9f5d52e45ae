"""Sparse measured depth as a reference: points of a COLMAP model, or lines of ``x,y,depth``."""

import csv
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import DepthFileError
from recon.journal import Journal
from recon.types import DepthEstimate, MetricDepth, Photo

_COLMAP_FILES = ("images.bin", "images.txt")


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
        z_m = np.full((photo.height, photo.width), np.inf, np.float32)
        columns, rows = (np.floor(points[:, axis]).astype(np.intp) for axis in (0, 1))
        depth_m = (points[:, 2] * self.unit_m).astype(np.float32)
        inside = (columns >= 0) & (columns < photo.width) & (rows >= 0) & (rows < photo.height)
        usable = inside & np.isfinite(depth_m) & (depth_m > 0)
        np.minimum.at(z_m, (rows[usable], columns[usable]), depth_m[usable])
        valid = np.isfinite(z_m)
        if not valid.any():
            raise DepthFileError(
                f"{self.path}: none of its {len(points)} points is in front of the camera and inside the photo of "
                f"{photo.width} x {photo.height} px"
            )
        details: dict[str, Any] = {"file": self.path.name, "points": int(usable.sum()), "unit_m": self.unit_m}
        journal.decide(
            "depth",
            f"{int(usable.sum())} of {len(points)} points of {self.path.name}, {self.unit_m:g} m per unit",
            **details,
        )
        z_m[~valid] = 0
        return DepthEstimate(depth=MetricDepth(z_m, valid), model=self.name, details=details)

    def _lines(self) -> NDArray[np.float64]:
        """(N, 3) x, y in px and depth from a CSV file; skips a header line."""
        points = []
        try:
            with self.path.open(newline="", encoding="utf-8") as file:
                for number, line in enumerate(csv.reader(file), start=1):
                    if not line or (number == 1 and not _is_number(line[0])):
                        continue
                    x, y, depth = (float(each) for each in line[:3])
                    points.append((x, y, depth))
        except OSError as error:
            raise DepthFileError(f"{self.path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise DepthFileError(
                f"{self.path}, line {number}: expected x,y,depth (px, px, m), got {','.join(line)!r}"
            ) from error
        if not points:
            raise DepthFileError(f"{self.path} has no points: expected lines of x,y,depth (px, px, m)")
        return np.array(points)

    def _colmap(self, photo: Photo) -> NDArray[np.float64]:
        """(N, 3) x, y in px and z-depth of the model's points that this photo observed."""
        try:
            import pycolmap
        except ImportError as error:
            raise DepthFileError(
                f"{self.path} is a COLMAP model; reading it needs pycolmap: pip install 'recon[colmap]'"
            ) from error
        try:
            model = pycolmap.Reconstruction(str(self.path))
        except (RuntimeError, ValueError) as error:
            raise DepthFileError(f"{self.path} cannot be read as a COLMAP model: {error}") from error
        image = next((each for each in model.images.values() if Path(each.name).name == photo.name), None)
        if image is None:
            raise DepthFileError(
                f"{self.path} has no image named {photo.name} among its {len(model.images)} images; use the name "
                "that the photo has in the model"
            )
        camera = model.cameras[image.camera_id]
        # COLMAP's pixel coordinates start at the image corner, like ours.
        scale_x, scale_y = photo.width / camera.width, photo.height / camera.height
        cam_T_world = image.cam_from_world()
        return np.array(
            [
                (*(seen.xy * (scale_x, scale_y)), (cam_T_world * model.points3D[seen.point3D_id].xyz)[2])
                for seen in image.points2D
                if seen.has_point3D()
            ]
        ).reshape(-1, 3)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
