"""Relative inverse depth from a file, as written by Depth Anything, MiDaS and similar programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recon.depth.inverse_or_metres import grows_upwards
from recon.depth.measured import check_aspect
from recon.depth.photo_grid import inverse_on_photo
from recon.depth_map.read import read_stored
from recon.errors import DepthFileError
from recon.estimator_names import RELATIVE_FILE
from recon.journal import Journal
from recon.types import DepthEstimate, Photo, RelativeDepth


@dataclass
class RelativeFile:
    """Reads inverse depth of unknown scale and shift (larger is nearer)."""

    path: Path
    name: str = RELATIVE_FILE
    gives: Literal["relative"] = "relative"

    def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
        """Reads the file and resamples it to the photo's grid; ignores the focal length.

        Raises:
            DepthFileError: The file cannot be read, or does not match the photo.
        """
        stored, measured, source = read_stored(self.path, eight_bits=True)
        check_aspect(self.path, stored, photo)
        inverse = stored.astype(np.float32)
        valid = np.isfinite(inverse) if measured is None else np.isfinite(inverse) & measured
        if not valid.any():
            raise DepthFileError(f"{self.path}: no pixel has a finite value ({source}).")
        inverse[~valid] = 0
        low, high = float(inverse[valid].min()), float(inverse[valid].max())
        height, width = stored.shape
        details: dict[str, Any] = {
            "file": self.path.name,
            "part": source,
            "stored_width": width,
            "stored_height": height,
        }
        journal.decide(
            "depth",
            f"Relative inverse depth from {self.path.name} ({source}, {width}x{height}), {low:.4g} (far) to "
            f"{high:.4g} (near).",
            **details,
        )
        if grows_upwards(stored):
            journal.warn(
                "depth",
                f"{self.path.name} has its larger values at the top, where most photos show what is far: if it holds "
                "depth and not inverse depth, give it with --depth.",
            )
        if stored.dtype == np.uint8:
            journal.warn(
                "depth",
                f"{self.path.name} has 8 bits: its 256 levels make steps in the surfaces. Use 16 bits or floats.",
            )
        resized = inverse_on_photo(inverse, valid, photo)
        return DepthEstimate(depth=RelativeDepth(*resized), model=self.name, details=details)
