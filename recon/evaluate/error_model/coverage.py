"""Coverage of the 95 % intervals of an error model: how often they contain the ground truth.

Intervals of distances between two pixels are computed as in ``recon measure`` (``recon.measure.propagate``): to first
order in log depth, or by sampling if errors are large. Pixel positions and the camera are exact here. Removing the
best calibration of a photo removes the part of its errors that the calibration can absorb, so the covariance of the
residuals is ``P C P'`` with ``P = I - X X^+`` for the modes X of the calibration, as for residuals of a regression.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recon.error_model import ErrorModel
from recon.evaluate.error_model.residuals import SEPARATIONS, PhotoResiduals
from recon.measure.propagate import LINEAR
from recon.statistics import COVERAGE_FACTOR

Array = NDArray[np.float64]

_DRAWS = 128
_LOW = round(0.025 * _DRAWS)
"""Rank of the 2.5 % point."""


@dataclass(frozen=True)
class Prepared:
    """One photo and its pairs, with the covariance of an error model's shape."""

    photo: PhotoResiduals
    pairs: NDArray[np.int64]
    """(P, 2)."""
    separation: NDArray[np.int64]
    """(P,) index into ``SEPARATIONS``."""
    covariance: Array
    """(N, N) covariance of the residuals."""
    bare: Array
    """(N, N) covariance of the log depth before calibration."""

    def distances_hold(self, factor: float = 1.0) -> NDArray[np.bool_]:
        """(P,) whether the interval contains the true distance, with standard deviations multiplied by ``factor``."""
        return self._hold(self.photo.residual, factor**2 * self.covariance)

    def bare_distances_hold(self) -> NDArray[np.bool_]:
        """(P,) the same for metric depth as predicted, without calibration."""
        return self._hold(self.photo.residual + (self.photo.common or 0.0), self.bare)

    def pixels_hold(self) -> NDArray[np.bool_]:
        """(N,) whether the interval of log depth contains the true value."""
        sigma = np.sqrt(np.maximum(self.covariance.diagonal(), 0.0))
        return np.asarray(np.abs(self.photo.residual) <= COVERAGE_FACTOR * sigma)

    def _hold(self, log_ratio: Array, covariance: Array) -> NDArray[np.bool_]:
        first, second = self.pairs.T
        photo = self.photo
        true = photo.rays * photo.z_m[:, None]
        points = true * np.exp(log_ratio)[:, None]
        true_m = np.linalg.norm(true[first] - true[second], axis=1)
        own = [covariance[first, first], covariance[second, second], covariance[first, second]]
        low, high = distance_intervals(points[first], points[second], *own)
        return np.asarray((low <= true_m) & (true_m <= high))


def prepare(photo: PhotoResiduals, model: ErrorModel) -> Prepared:
    """Selects the pairs of a usable photo and computes the covariances predicted by a model."""
    pairs = photo.pairs()
    factor: Array | float = 1.0
    if photo.log_sigma is not None and model.typical_sigma is not None:
        factor = photo.log_sigma / model.typical_sigma
    size = {"width": photo.width, "height": photo.height}
    claimed = model.covariance(photo.pixels_px, calibrated=True, factor=factor, **size)
    # P C P' = C - F C - (F C)' + F C F' with F = X X^+ of rank 1 or 2.
    inverse = np.linalg.pinv(photo.modes)
    taken = photo.modes @ (inverse @ claimed)
    both = photo.modes @ (taken @ inverse.T).T
    return Prepared(
        photo=photo,
        pairs=np.concatenate(list(pairs.values())),
        separation=np.repeat(np.arange(len(SEPARATIONS)), [len(some) for some in pairs.values()]),
        covariance=claimed - taken - taken.T + both,
        bare=claimed + model.scale**2,
    )


def distance_intervals(a: Array, b: Array, var_a: Array, var_b: Array, both: Array) -> tuple[Array, Array]:
    """95 % intervals of the distances of P pairs of points with errors in log depth.

    Args:
        a: (P, 3) m, cam frame.
        b: (P, 3).
        var_a: (P,) variance of the log depth of ``a``.
        var_b: (P,) of ``b``.
        both: (P,) their covariance.

    Returns:
        Lower and upper ends, m, (P,) each.
    """
    between = a - b
    length = np.linalg.norm(between, axis=1)
    along = between / np.maximum(length, 1e-12)[:, None]
    by_a, by_b = (a * along).sum(axis=1), -(b * along).sum(axis=1)
    sigma = np.sqrt(np.maximum(by_a**2 * var_a + by_b**2 * var_b + 2 * by_a * by_b * both, 0.0))
    low, high = length - COVERAGE_FACTOR * sigma, length + COVERAGE_FACTOR * sigma
    bent = (np.sqrt(np.maximum(var_a, var_b)) > LINEAR) | (sigma >= LINEAR * length)
    if bent.any():
        drawn = _drawn_lengths(a[bent], b[bent], var_a[bent], var_b[bent], both[bent])
        # Sorting is much faster than numpy.quantile, and this runs thousands of times.
        ordered = np.sort(drawn, axis=1)
        ends = ordered[:, _LOW], ordered[:, -1 - _LOW]
        reaches_0 = low[bent] <= 0
        low[bent] = np.where(reaches_0, 0.0, np.minimum(ends[0], length[bent]))
        high[bent] = np.maximum(ends[1], length[bent])
    return low, high


def shares(held: Mapping[str, Array], weights: Array) -> dict[str, float]:
    """Weighted means over photos, ignoring those without such pairs (NaN)."""
    return {
        name: float(np.average(each[known], weights=weights[known]))
        if (known := ~np.isnan(each)).any()
        else 1.0
        for name, each in held.items()
    }


def _drawn_lengths(a: Array, b: Array, var_a: Array, var_b: Array, both: Array) -> Array:
    """(P, draws)."""
    one, two = _normal()
    sigma_a = np.sqrt(np.maximum(var_a, 1e-18))
    slope = both / sigma_a
    rest = np.sqrt(np.maximum(var_b - slope**2, 0.0))
    far_a = np.exp(sigma_a[:, None] * one)
    far_b = np.exp(slope[:, None] * one + rest[:, None] * two)
    # |s a - t b|^2, from dot products only.
    aa, bb, ab = ((p * q).sum(axis=1)[:, None] for p, q in ((a, a), (b, b), (a, b)))
    return np.asarray(np.sqrt(np.maximum(far_a**2 * aa + far_b**2 * bb - 2 * far_a * far_b * ab, 0.0)))


@cache
def _normal() -> Array:
    """(2, draws) low-discrepancy standard normal samples, so that few suffice."""
    from scipy.stats import norm, qmc

    points = qmc.Sobol(2, scramble=True, seed=0).random(_DRAWS)
    return np.asarray(norm.ppf(points).T)
