"""Brings the depths of overlapping views together: a robust fit of a smooth correction for each view.

The logarithm of each view's depth is off by a number of its own and by a field that varies slowly over the view, with
the covariances of the estimator's error model. What is added to ``log r_i`` is a polynomial of second degree in the
position in the view; the projection of that field onto the polynomials is its prior, and it makes the overlaps agree.
The prior has mean 0, so the metres are the mean of what the views say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import expm1, pi, sqrt

import numpy as np

from recon.calibration.error_models import assumed_error_model, known_error_model
from recon.error_model import ErrorModel
from recon.panorama.sphere import Array
from recon.panorama.view_range import ViewRange
from recon.panorama.views import View
from recon.statistics import SIGMA_PER_MEDIAN

_SAMPLES = 20_000
"""Directions over the sphere at which views are compared."""
_FEWEST = 30
"""Of these in the overlap of two views, for the overlap to count."""
_CORRELATED = 30.0
"""Errors of a network vary slowly: so many samples count as one."""
_LEAST_SIGMA = 0.003
_ASSUMED_SMOOTH, _ASSUMED_REACH = 0.1, 0.33
"""Smooth error of a network that nobody measured, and its reach: a third of preview's."""
_ROUNDS = 30
_HUBER = 1.345
"""Standardised residual from which a direction counts less (Huber, Robust Statistics, 1981)."""
_LATTICE = 14
"""Rows and columns of the positions at which the error model's field is projected onto the polynomials."""
_LEAST_VARIANCE = 1e-8
"""Of a coefficient, where the error model has no smooth error: the matrix stays invertible."""


@dataclass(frozen=True)
class JointScale:
    """The fit's result."""

    terms: Array
    """(N, 6) coefficients of what is added to the log range of each view (``terms_at``)."""
    step_before: float
    """Largest median difference of range in an overlap, before the fit; 0.1: 10 %."""
    step_after: float
    """The same after it."""
    overlaps: int
    """Number of pairs of views that were compared."""
    connected: bool
    """Whether all views with depth overlap, directly or through others."""

    @property
    def log_scales(self) -> Array:
        """(N,) what is added to the log range at the centre of each view."""
        return self.terms[:, 0]


@dataclass(frozen=True)
class _Overlap:
    one: int
    other: int
    difference: Array
    """(D,) log range of the one over that of the other."""
    by_terms: Array
    """(D, 12) its derivatives with respect to the terms of both."""


def terms_at(view: View, directions: Array) -> Array:
    """(..., 6): 1, x, y, x^2, x y, y^2 at directions (..., 3), with x and y from -1 to 1 across the view."""
    x, y, _ = view.project(directions)
    half = view.camera.width / 2 / view.camera.fx
    x, y = (np.clip(each / half, -1, 1) for each in (x, y))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def fit_scales(ranges: Sequence[ViewRange], model: str) -> JointScale:
    """The correction of each view.

    Args:
        ranges: Of the views.
        model: The estimator's name.
    """
    assumed = replace(assumed_error_model(model), smooth=_ASSUMED_SMOOTH, reach=_ASSUMED_REACH)
    error = known_error_model(model) or assumed
    directions = _directions()
    logs = _log_ranges(ranges, directions)
    overlaps = []
    for i in range(len(ranges)):
        for j in range(i + 1, len(ranges)):
            both = np.isfinite(logs[i]) & np.isfinite(logs[j])
            if both.sum() >= _FEWEST:
                own, others = (terms_at(ranges[k].view, directions[both]) for k in (i, j))
                overlaps.append(
                    _Overlap(i, j, (logs[i] - logs[j])[both], np.concatenate([own, -others], axis=1))
                )
    terms = _solve(len(ranges), overlaps, _prior(ranges[0].view, error))
    with_depth = {k for k in range(len(ranges)) if np.isfinite(logs[k]).sum() >= _FEWEST}
    return JointScale(
        terms,
        _largest_step(overlaps, np.zeros_like(terms)),
        _largest_step(overlaps, terms),
        len(overlaps),
        _connected(with_depth, overlaps),
    )


def _directions() -> Array:
    """(S, 3) spread evenly over the sphere: a Fibonacci lattice has equal areas, whatever the latitude."""
    k = np.arange(_SAMPLES) + 0.5
    height, turn = 1 - 2 * k / _SAMPLES, pi * (1 + sqrt(5)) * k
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.sin(turn), height, flat * np.cos(turn)], axis=-1)


def _log_ranges(ranges: Sequence[ViewRange], directions: Array) -> Array:
    """(N, S) log range of each view; NaN where it has none."""
    logs = np.full((len(ranges), len(directions)), np.nan)
    for row, one in zip(logs, ranges, strict=True):
        inverse = one.nearest(directions)
        np.log(inverse, out=row, where=inverse > 0)
        row *= -1
    return logs


def _prior(view: View, error: ErrorModel) -> Array:
    """(6, 6) covariance of the terms of a view: the least-squares polynomial of the estimator's error."""
    side = view.camera.width
    at = (np.arange(_LATTICE) + 0.5) / _LATTICE
    x, y = (each.ravel() for each in np.meshgrid(at, at))
    pixels_px = side * np.stack([x, y], axis=-1)
    field = error.scale**2 + error.between(pixels_px, pixels_px, width=side, height=side)
    rays = np.stack(
        [(pixels_px[:, k] - side / 2) / view.camera.fx for k in (0, 1)] + [np.ones_like(x)], axis=-1
    )
    onto = np.linalg.pinv(terms_at(view, rays @ view.view_R_cam))
    return np.asarray(onto @ field @ onto.T + _LEAST_VARIANCE * np.eye(len(onto)), np.float64)


def _solve(count: int, overlaps: Sequence[_Overlap], prior: Array) -> Array:
    """Iteratively reweighted least squares; directions that disagree (a mirror, a blurred pole) lose weight."""
    size, by_prior = len(prior), np.linalg.inv(prior)
    terms = np.zeros((count, size))
    for _ in range(_ROUNDS):
        residuals = [_residual(one, terms) for one in overlaps]
        spread = SIGMA_PER_MEDIAN * float(np.median(np.abs(np.concatenate(residuals)))) if residuals else 0.0
        sigma = max(spread, _LEAST_SIGMA)
        normal, right = np.kron(np.eye(count), by_prior), np.zeros(count * size)
        for one, residual in zip(overlaps, residuals, strict=True):
            weight = np.minimum(1, _HUBER * sigma / np.maximum(np.abs(residual), 1e-9))
            weighted = (weight / (sigma**2 * _CORRELATED))[:, None] * one.by_terms
            index = np.concatenate([k * size + np.arange(size) for k in (one.one, one.other)])
            normal[np.ix_(index, index)] += weighted.T @ one.by_terms
            right[index] -= weighted.T @ one.difference
        moved = np.asarray(np.linalg.solve(normal, right), np.float64).reshape(count, size)
        if np.abs(moved - terms).max() < 1e-6:
            break
        terms = moved
    return terms


def _residual(overlap: _Overlap, terms: Array) -> Array:
    both = np.concatenate([terms[overlap.one], terms[overlap.other]])
    return np.asarray(overlap.difference + overlap.by_terms @ both)


def _largest_step(overlaps: Sequence[_Overlap], terms: Array) -> float:
    steps = [float(np.median(np.abs(_residual(one, terms)))) for one in overlaps]
    return expm1(max(steps, default=0.0))


def _connected(nodes: set[int], overlaps: Sequence[_Overlap]) -> bool:
    reached = set(list(nodes)[:1])
    for _ in nodes:
        for one in overlaps:
            if one.one in reached or one.other in reached:
                reached |= {one.one, one.other}
    return nodes <= reached
