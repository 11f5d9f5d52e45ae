"""Assembles a measurement from points and errors: value, interval and description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.measure.error_budget import Budget
from recon.measure.fit_plane import Support
from recon.measure.measurement import Interval, Measurement
from recon.measure.picked_point import Pixel, SurfacePoint
from recon.measure.propagate import Inputs, Output, Propagated, Quantity, propagate
from recon.scene import Scene

Array = NDArray[np.float64]


def inputs_of(scene: Scene, picked: Sequence[SurfacePoint] = (), surface: Support | None = None) -> Inputs:
    """Picked points first, then a surface's samples."""
    pixels_px = np.array([point.pixel_px for point in picked], np.float64).reshape(-1, 2)
    z_m = np.array([point.z_m for point in picked], np.float64)
    slope = np.array([point.slope for point in picked], np.float64).reshape(-1, 2)
    if surface is not None:
        pixels_px = np.concatenate([pixels_px, surface.pixels_px])
        z_m = np.concatenate([z_m, surface.z_m])
        slope = np.concatenate([slope, np.zeros_like(surface.pixels_px)])
    return Inputs(pixels_px, z_m, slope, picked=len(picked), camera=scene.intrinsics)


@dataclass(frozen=True)
class Description:
    """The parts of a measurement that are not computed values."""

    quantity: str
    pixels_px: Sequence[Pixel]
    parts: Sequence[str] = ()
    """Names of all values but the first."""
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str | None] = ()
    not_included: Sequence[str] = ()
    """In addition to the errors that the budget does not include."""


def measured(
    inputs: Inputs, quantity: Quantity, outputs: Sequence[Output], budget: Budget, description: Description
) -> tuple[Measurement, Propagated]:
    """The measurement, with the first output as its main value."""
    result = propagate(inputs, quantity, outputs, budget)
    main, *others = result.intervals
    return (
        Measurement(
            **{f.name: getattr(main, f.name) for f in fields(Interval)},
            quantity=description.quantity,
            pixels_px=tuple((float(x), float(y)) for x, y in description.pixels_px),
            parts=dict(zip(description.parts, others, strict=True)),
            includes=() if budget.unknown else budget.includes,
            not_included=() if budget.unknown else (*budget.not_included, *description.not_included),
            unknown=budget.unknown,
            details=description.details,
            warnings=tuple(warning for warning in description.warnings if warning is not None),
        ),
        result,
    )
