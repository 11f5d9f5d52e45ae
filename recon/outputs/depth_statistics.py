"""Numbers about the depth map of a scene."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recon.errors import ExportError
from recon.outputs.depth_files import within_max_depth
from recon.scene import Scene

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclass(frozen=True)
class DepthStatistics:
    """Of the pixels with valid depth, m."""

    valid: float
    """Share of the photo's pixels with valid depth, 0 to 1."""
    sky: float | None
    """Share that is sky; None if the depth source provides no sky mask."""
    nearest_m: float
    farthest_m: float
    mean_m: float
    percentiles_m: dict[str, float]
    """By percent: ``"50"`` is the median."""
    scale_interval: float | None
    """Relative half-width of the 95 % interval of the scale; None: unknown."""

    @classmethod
    def of(cls, scene: Scene) -> "DepthStatistics":
        """Of a scene, up to its ``max_depth``.

        Raises:
            ExportError: There is no valid depth.
        """
        depth = within_max_depth(scene)
        known = depth.z_m[depth.valid]
        if not known.size:
            raise ExportError("there is no depth to report: no pixel has valid depth")
        return cls(
            valid=float(depth.valid.mean()),
            sky=None if scene.sky is None else float(scene.sky.mean()),
            nearest_m=float(known.min()),
            farthest_m=float(known.max()),
            mean_m=float(known.mean(dtype=np.float64)),
            percentiles_m={
                str(percent): float(value)
                for percent, value in zip(PERCENTILES, np.percentile(known, PERCENTILES), strict=True)
            },
            scale_interval=scene.depth.scale_interval,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
