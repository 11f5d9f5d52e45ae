"""The result of comparing depth models on one photo: values, which the page shows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from recon.compare.alignment import Alignment
from recon.depth.inference.cost import Cost
from recon.errors import Failure
from recon.estimator_names import MEASURED
from recon.types import BoolMap, DepthEstimate, FloatMap, Intrinsics, MetricDepth, Photo
from recon.values import Value


@dataclass(frozen=True)
class Agreement:
    """How far a depth map is from the reference, where both are valid."""

    abs_rel: float
    """Mean of |z - t| / t."""
    delta1: float
    """Fraction of pixels with max(z / t, t / z) < 1.25."""


@dataclass(frozen=True, eq=False, repr=False)
class Column(Value):
    """One model (or measured depth) on the photo."""

    name: str
    estimate: DepthEstimate
    camera: Intrinsics
    """The camera that a scene would have."""
    cost: Cost
    licence: str | None
    """Of the weights; None if recon does not know it, or for measured depth."""
    commercial: bool | None
    """Whether the licence allows commercial use; None: unknown, or measured depth."""
    alignment: Alignment
    covered: float
    """Fraction of the photo with valid depth."""
    predicted: Agreement | None
    """As predicted; None for relative depth and for the reference."""
    aligned: Agreement | None
    """After alignment; None for the reference."""
    boundary_f1: float | None
    """Of the aligned depth; None unless the reference is measured, dense and has edges."""

    @property
    def is_metric(self) -> bool:
        """Whether it predicts metres."""
        return isinstance(self.estimate.depth, MetricDepth)

    @property
    def is_measured(self) -> bool:
        """Whether it is no model, but measured depth."""
        return self.estimate.model == MEASURED

    @property
    def valid(self) -> BoolMap:
        """(H, W) bool."""
        return self.estimate.depth.valid

    @property
    def depth(self) -> FloatMap:
        """(H, W) float32 depth, m: as predicted if metric, else aligned."""
        depth = self.estimate.depth
        return (
            depth.z_m
            if isinstance(depth, MetricDepth) and self.alignment.kind != "reference"
            else self.aligned_depth
        )

    @property
    def aligned_depth(self) -> FloatMap:
        """(H, W) float32 depth aligned to the reference, m."""
        return self.alignment.apply(self.estimate)

    @property
    def size_px(self) -> tuple[int, int] | None:
        """(width, height) at which the network or the sensor saw the photo; None if it does not say."""
        details = self.estimate.details
        for prefix in ("processing", "stored"):
            size = details.get(f"{prefix}_width"), details.get(f"{prefix}_height")
            if None not in size:
                return int(size[0]), int(size[1])  # type: ignore[arg-type]
        return None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        depth = self.depth[self.valid]
        return {
            "name": self.name,
            "gives": "metric" if self.is_metric else "relative",
            "size_px": self.size_px,
            "cost": asdict(self.cost),
            "focal_px": self.camera.fx,
            "focal_source": self.camera.source,
            "licence": self.licence,
            "commercial_use": self.commercial,
            "alignment": {
                name: value for name, value in asdict(self.alignment).items() if value != float("inf")
            },
            "covered": self.covered,
            "depth_percentiles_1_50_99": [float(value) for value in np.percentile(depth, (1, 50, 99))],
            "predicted": None if self.predicted is None else asdict(self.predicted),
            "aligned": None if self.aligned is None else asdict(self.aligned),
            "boundary_f1": self.boundary_f1,
            "details": {key: value for key, value in self.estimate.details.items() if key != "file"},
        }


@dataclass(frozen=True)
class Failed:
    """A model that could not run."""

    name: str
    failure: Failure
    licence: str | None = None
    commercial: bool | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Value):
    """Several depth models on one photo."""

    photo: Photo
    columns: tuple[Column, ...]
    """In the order in which they were asked for, measured depth first."""
    failed: tuple[Failed, ...]
    reference: str
    """Name of the column that the others are aligned to."""

    @property
    def unit(self) -> str:
        """``m``, or ``units`` if no depth is metric."""
        return "m" if self[self.reference].is_metric else "units"

    @property
    def has_truth(self) -> bool:
        """Whether the reference is measured depth."""
        return self[self.reference].is_measured

    def __getitem__(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: There is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"no column {name!r}; there are {', '.join(each.name for each in self.columns)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the maps."""
        return {
            "photo": {"file": self.photo.name, "width_px": self.photo.width, "height_px": self.photo.height},
            "reference": self.reference,
            "unit": self.unit,
            "columns": [column.as_dict() for column in self.columns],
            "failed": [asdict(each) for each in self.failed],
        }


def without_paths(failure: Failure, names: Mapping[str, str]) -> Failure:
    """A failure without the folders of this machine, since pages are passed on.

    Args:
        failure: The failure.
        names: What to show instead of each path.
    """
    message = failure.message
    for path, name in names.items():
        message = message.replace(path, name)
    return replace(failure, message=message)
