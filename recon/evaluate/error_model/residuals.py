"""The errors of an estimator on one photo with measured depth: a sample of residuals and its variogram.

Residuals are ``log(z_estimated / z_true)``, after removing the photo's best calibration: for metric depth the common
factor (the median residual), for relative depth scale and shift of inverse depth (least absolute relative deviation,
by reweighted least squares). The variogram is stored as the mean root of absolute differences, which is robust
against outliers (Cressie, Statistics for Spatial Data, 1993, 2.4.12).
"""

from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from recon.geometry.unproject import rays_of
from recon.types import Intrinsics, MetricDepth, RelativeDepth

Array = NDArray[np.float64]

SAMPLED = 2000
"""Number of pixels per photo used to compute the common factor."""
FEWEST = 100
"""A photo with fewer common pixels is ignored."""
LAGS = (0.0, 0.01, 0.02, 0.03, 0.045, 0.065, 0.09, 0.12, 0.16, 0.21, 0.27, 0.34, 0.42, 0.5)
"""Edges of the distance classes, as fractions of the diagonal. Beyond half of the image, few directions remain."""
SEPARATIONS = {"short": (0.0, 0.1), "middle": (0.1, 0.3), "long": (0.3, 1.0)}
"""Separations of pairs of pixels, as fractions of the diagonal."""
_COMPARED = 1000
_KEPT = 300
_PAIRS = 60
"""Number of pairs per separation."""
_FARTHEST = 4.0
"""Depth limit relative to the farthest ground truth, for fitted inverse depth that is zero or negative."""


@dataclass(frozen=True)
class PhotoResiduals:
    """A sample of N pixels of one photo; N is 0 if estimate and ground truth have too few pixels in common."""

    pixels_px: Array
    """(N, 2) positions (x, y), px."""
    rays: Array
    """(N, 3) viewing rays with z = 1, for the true camera."""
    z_m: Array
    """(N,) true depth, m."""
    residual: Array
    """(N,) log ratio of estimated to true depth, after the best calibration."""
    modes: Array
    """(N, 1 or 2) derivative of log depth with respect to the calibration: the factor, or scale and shift."""
    common: float | None
    """Log of the removed factor; None for relative depth."""
    roots: Array
    """(L,) sums of the root of absolute differences of residuals, by distance class; of residuals over ``log_sigma``
    where there is one."""
    apart: Array
    """(L,) sums of the distances, as fractions of the diagonal."""
    counts: Array
    """(L,) numbers of pairs."""
    width: int
    """Of the photo, px."""
    height: int
    """Of the photo, px."""
    scene: str | None
    """Photos of the same scene share one weight; None: a separate scene."""
    log_sigma: Array | None = None
    """(N,) the estimator's own standard deviation of log depth; None if it predicts none."""

    @property
    def usable(self) -> bool:
        """Whether there are enough common pixels."""
        return len(self.z_m) > 0

    def pairs(self, seed: int = 0) -> dict[str, NDArray[np.int64]]:
        """(P, 2) indices of random pairs of the sample, by separation; deterministic for a given seed."""
        first, second = np.triu_indices(len(self.z_m), 1)
        apart = _apart(self.pixels_px, first, second, self.width, self.height)
        rng = np.random.default_rng(seed)
        pairs = {}
        for name, (low, high) in SEPARATIONS.items():
            inside = np.flatnonzero((apart > low) & (apart <= high))
            at = rng.choice(inside, min(_PAIRS, len(inside)), replace=False)
            pairs[name] = np.stack([first[at], second[at]], axis=1)
        return pairs


def collect(
    depth: MetricDepth | RelativeDepth,
    truth: MetricDepth,
    *,
    width: int,
    height: int,
    intrinsics: Intrinsics,
    scene: str | None = None,
    seed: int = 0,
) -> PhotoResiduals:
    """Samples the residuals of one photo.

    Args:
        depth: (H, W) estimate on the photo's grid.
        truth: (H, W) measured depth on the same grid.
        width: Width of the photo, px.
        height: Height of the photo, px.
        intrinsics: The photo's camera.
        scene: Name shared by photos of the same scene.
        seed: Seed of the sampling.

    Raises:
        ValueError: The shapes differ.
    """
    shape = (height, width)
    if depth.valid.shape != shape or truth.valid.shape != shape:
        raise ValueError(f"expected {shape}, got {depth.valid.shape} and {truth.valid.shape}")
    rng = np.random.default_rng(seed)
    common = np.flatnonzero(depth.valid & truth.valid)
    # The sample is in random order, so that its first parts are random samples as well.
    at = rng.choice(common, min(SAMPLED, len(common)), replace=False) if len(common) >= FEWEST else common[:0]
    row, column = np.divmod(at, width)
    z_m = truth.z_m[row, column].astype(np.float64)
    if isinstance(depth, MetricDepth):
        log_ratio = np.log(depth.z_m[row, column].astype(np.float64) / z_m)
        factor = float(np.median(log_ratio)) if len(at) else 0.0
        residual, modes = log_ratio - factor, np.ones((len(at), 1))
    else:
        factor = None
        residual, modes = _best_shifted(depth.inverse[row, column].astype(np.float64), z_m)
    log_sigma = None
    if isinstance(depth, MetricDepth) and depth.log_sigma is not None:
        log_sigma = depth.log_sigma[row, column].astype(np.float64)
    standardised = residual if log_sigma is None else residual / log_sigma
    pixels_px = np.stack([column + 0.5, row + 0.5], axis=1)
    rays = rays_of(intrinsics.resized(width=width, height=height))
    roots, apart, counts = _differences(pixels_px[:_COMPARED], standardised[:_COMPARED], width, height)
    kept = slice(0, _KEPT)
    return PhotoResiduals(
        pixels_px=pixels_px[kept],
        rays=np.stack([rays.x[column], rays.y[row], np.ones(len(at))], axis=1)[kept].astype(np.float64),
        z_m=z_m[kept],
        residual=residual[kept],
        modes=modes[kept],
        common=factor,
        roots=roots,
        apart=apart,
        counts=counts,
        width=width,
        height=height,
        scene=scene,
        log_sigma=None if log_sigma is None else log_sigma[kept],
    )


def _best_shifted(value: Array, z_m: Array) -> tuple[Array, Array]:
    """Residuals after the best scale and shift of inverse depth, and the derivatives of log depth by the two."""
    if not len(value):
        return value, np.zeros((0, 2))
    middle, unit = float(np.median(value)), float(np.std(value)) or 1.0
    design = np.stack([(value - middle) / unit, np.ones_like(value)], axis=1)
    rows, weight = design * z_m[:, None], np.ones_like(z_m)
    for _ in range(30):
        root = np.sqrt(weight)
        fitted = np.linalg.lstsq(rows * root[:, None], root, rcond=None)[0]
        weight = 1 / np.maximum(np.abs(rows @ fitted - 1), 1e-4)
    inverse = np.maximum(design @ fitted, 1 / (_FARTHEST * z_m.max()))
    return -np.log(inverse * z_m), design / inverse[:, None]


def _apart(pixels_px: Array, first: NDArray[np.int64], second: NDArray[np.int64], w: int, h: int) -> Array:
    return np.asarray(np.linalg.norm(pixels_px[first] - pixels_px[second], axis=1) / hypot(w, h))


def _differences(pixels_px: Array, residual: Array, width: int, height: int) -> tuple[Array, Array, Array]:
    first, second = np.triu_indices(len(residual), 1)
    apart = _apart(pixels_px, first, second, width, height)
    root = np.sqrt(np.abs(residual[first] - residual[second]))
    sums = [np.histogram(apart, LAGS, weights=w)[0] for w in (root, apart, np.ones_like(apart))]
    return sums[0], sums[1], sums[2]
