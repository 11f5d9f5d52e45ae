"""Errors of a depth map: metric and after one scale, over the pixels where truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DepthErrors:
    """`metric`: mean |z - z*| / z*. `aligned`: the same after z is scaled by the median of z* / z."""

    metric: float
    aligned: float
    scale: float  # the median of z* / z: above 1 the prediction is too near


def depth_errors(z_m: NDArray, truth_m: NDArray, valid: NDArray[np.bool_]) -> DepthErrors:
    """Return the errors over `valid` (H, W); raises ValueError where nothing is valid."""
    if not valid.any():
        raise ValueError("no valid pixel to compare")
    z, t = z_m[valid].astype(np.float64), truth_m[valid].astype(np.float64)
    scale = float(np.median(t / z))
    return DepthErrors(float(np.mean(np.abs(z - t) / t)), float(np.mean(np.abs(scale * z - t) / t)), scale)
