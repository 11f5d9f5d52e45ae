"""Describes depth maps: EXR, npy, PFM, PGM, archives with a depth array, and grey pictures of 16 bits or more."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from recon.depth_map.read import read_depth
from recon.file_info.info import FileInfo
from recon.units import metres

_PERCENTILES = (1, 50, 99)


@dataclass(frozen=True)
class DepthMapInfo(FileInfo):
    """The contents of a depth map."""

    width: int = 0
    """Of the map, px."""
    height: int = 0
    share: float = 0.0
    """Of the pixels that have depth, 0 to 1."""
    depth_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """The 1st percentile, the median and the 99th percentile, m."""
    unit_m: float = 1.0
    """Metres per stored unit that were assumed."""

    def rows(self) -> list[tuple[str, str]]:
        """Labels and values to print."""
        near, middle, far = (metres(each, None) for each in self.depth_m)
        return [
            ("format", self.format),
            ("file size", f"{self.bytes / 1e6:.2f} MB"),
            ("map", f"{self.width} x {self.height} px"),
            (
                "depth",
                f"{near} to {far} (1 to 99 %), median {middle}, at {100 * self.share:.1f} % of the pixels",
            ),
            ("unit", f"{self.unit_m:g} m per stored unit, unless --depth-unit says otherwise"),
            *(("note", note) for note in self.notes),
        ]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        near, middle, far = self.depth_m
        return super().as_dict() | {
            "width_px": self.width,
            "height_px": self.height,
            "share_with_depth": self.share,
            "depth_m": {"p1": near, "median": middle, "p99": far},
            "unit_m": self.unit_m,
        }


def is_depth_picture(path: Path) -> bool:
    """Whether a picture has one channel of 16 bits or more, and neither the name of a device nor a
    colour profile, as scans have."""
    try:
        with Image.open(path) as picture:
            has_depth = picture.mode in ("I", "F") or picture.mode.startswith("I;16")
            return (
                has_depth
                and "icc_profile" not in picture.info
                and ExifTags.Base.Make not in picture.getexif()
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def read(path: Path) -> DepthMapInfo:
    """Describes a depth map.

    Raises:
        DepthFileError: It cannot be read as depth.
    """
    found = read_depth(path)
    near, middle, far = np.percentile(found.z_m[found.valid], _PERCENTILES).tolist()
    height, width = found.z_m.shape
    return DepthMapInfo(
        path=path,
        format=f"depth map, {found.source}",
        bytes=path.stat().st_size,
        points=0,
        unit="m",
        notes=(f"recon build PHOTO --depth {path.name} -o scene.glb uses it",),
        width=width,
        height=height,
        share=float(found.valid.mean()),
        depth_m=(near, middle, far),
        unit_m=found.unit_m,
    )
