"""Brings the depths of overlapping views to one scale: a robust fit of one factor for each view.

The logarithm of each view's depth is off by a number of its own, with the estimator's error model as the prior:
``log r_i + a_i`` agrees in the overlaps, and the prior keeps the mean of the ``a_i`` at 0, so the metres are the mean
of what the views say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, pi, sqrt

import numpy as np

from recon.panorama.sphere import Array
from recon.panorama.view_range import ViewRange
from recon.statistics import SIGMA_PER_MEDIAN

_SAMPLES = 20_000
"""Directions over the sphere at which views are compared."""
_FEWEST = 30
"""Of these in the overlap of two views, for the overlap to count."""
_CORRELATED = 30.0
"""Errors of a network vary slowly: so many samples count as one."""
_LEAST_SIGMA = 0.003
_ROUNDS = 20
_HUBER = 1.345
"""Standardised residual from which an overlap counts less (Huber, Robust Statistics, 1981)."""


@dataclass(frozen=True)
class JointScale:
    """The fit's result."""

    log_scales: Array
    """(N,) to add to the log range of each view."""
    step_before: float
    """Largest median difference of range in an overlap, before the fit; 0.1: 10 %."""
    step_after: float
    """The same after it."""
    overlaps: int
    """Number of pairs of views that were compared."""
    connected: bool
    """Whether all views with depth overlap, directly or through others."""


def fit_scales(ranges: Sequence[ViewRange], prior_sigma: float) -> JointScale:
    """The factor of each view.

    Args:
        ranges: Of the views.
        prior_sigma: Standard deviation of the log scale of one view.
    """
    logs = _log_ranges(ranges)
    pairs = []
    for i in range(len(ranges)):
        for j in range(i + 1, len(ranges)):
            difference = (logs[i] - logs[j])[np.isfinite(logs[i]) & np.isfinite(logs[j])]
            if len(difference) >= _FEWEST:
                middle = float(np.median(difference))
                spread = SIGMA_PER_MEDIAN * float(np.median(np.abs(difference - middle)))
                sigma = max(_LEAST_SIGMA, 1.25 * spread / sqrt(len(difference) / _CORRELATED))
                pairs.append((i, j, middle, sigma))
    scales = _solve(len(ranges), pairs, prior_sigma)
    before = max((abs(d) for _, _, d, _ in pairs), default=0.0)
    after = max((abs(d + scales[i] - scales[j]) for i, j, d, _ in pairs), default=0.0)
    with_depth = {k for k in range(len(ranges)) if np.isfinite(logs[k]).sum() >= _FEWEST}
    return JointScale(scales, expm1(before), expm1(after), len(pairs), _connected(with_depth, pairs))


def _log_ranges(ranges: Sequence[ViewRange]) -> Array:
    """(N, S) log range of each view along directions spread evenly over the sphere; NaN where it has none."""
    # A Fibonacci lattice: equal areas, whatever the latitude.
    k = np.arange(_SAMPLES) + 0.5
    height, turn = 1 - 2 * k / _SAMPLES, pi * (1 + sqrt(5)) * k
    flat = np.sqrt(1 - height**2)
    directions = np.stack([flat * np.sin(turn), height, flat * np.cos(turn)], axis=-1)
    logs = np.full((len(ranges), _SAMPLES), np.nan)
    for row, one in zip(logs, ranges, strict=True):
        inverse = one.nearest(directions)
        np.log(inverse, out=row, where=inverse > 0)
        row *= -1
    return logs


def _solve(count: int, pairs: Sequence[tuple[int, int, float, float]], prior_sigma: float) -> Array:
    """Iteratively reweighted least squares; outlying overlaps (a mirror, a blurred pole) lose weight."""
    scales = np.zeros(count)
    for _ in range(_ROUNDS):
        normal, right = np.eye(count) / prior_sigma**2, np.zeros(count)
        for i, j, difference, sigma in pairs:
            residual = (difference + scales[i] - scales[j]) / sigma
            weight = min(1.0, _HUBER / max(abs(residual), 1e-9)) / sigma**2
            for one, sign in ((i, 1.0), (j, -1.0)):
                normal[one, one] += weight
                right[one] -= sign * weight * difference
            normal[i, j] -= weight
            normal[j, i] -= weight
        moved = np.asarray(np.linalg.solve(normal, right), np.float64)
        if np.abs(moved - scales).max() < 1e-9:
            break
        scales = moved
    return scales


def _connected(nodes: set[int], pairs: Sequence[tuple[int, int, float, float]]) -> bool:
    reached = set(list(nodes)[:1])
    for _ in nodes:
        for i, j, _, _ in pairs:
            if i in reached or j in reached:
                reached |= {i, j}
    return nodes <= reached
