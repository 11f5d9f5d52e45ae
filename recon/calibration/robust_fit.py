"""Robust least squares from a start, by scipy's trust region solver.

The covariance is that of weighted least squares with the covariance of the observations (GUM, JCGM 102:2011).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.calibration.attenuation import attenuation
from recon.calibration.problem import NEAR, Problem, covariance_of, expected, filled
from recon.calibration.values import Array
from recon.statistics import SIGMA_PER_MEDIAN

_AGREE = 3.0
_ROUNDS = 20
_LEAST_SIGMA = 1e-4
"""Relative lower bound, so that an exact reference does not dominate the fit."""
_FIRST_ORDER = 0.2
"""The correction for noise is skipped if it changes the scale by a larger fraction: it is only a second-order
approximation."""


@dataclass(frozen=True)
class Solution:
    """The result of a fit."""

    x: Array
    """(4,) the unknowns."""
    covariance: Array
    """(4, 4), zero for unknowns that are not free."""
    agree: NDArray[np.bool_]
    """(N,) the inliers among the constraints."""
    sigma: Array
    """(N,) expected standard deviations of the residuals."""
    dense_agree: float
    """Fraction of inliers among the reference's pixels."""
    scatter: float | None
    """Robust relative standard deviation of the reference's residuals, or the constraints' excess over their own
    uncertainty; None if it cannot be estimated."""
    cost: float
    """Sum of squared standardised residuals, each at most 9."""
    common_sigma: float | None = None
    """Standard deviation of the mean error of log depth over the photo; None to derive it from ``covariance``."""
    anchors: Array | None = None
    """(4, P) sensitivity of the unknowns to the error at each point of the constraints (``gain``)."""


def polished(problem: Problem, x: Array) -> Solution:
    """Alternates least squares and outlier rejection until neither changes."""
    from scipy.optimize import least_squares

    free = problem.free
    low, high = problem.bounds
    agreed: tuple[bytes, bytes] | None = None
    for _ in range(_ROUNDS):
        weighed = weigh(problem, x)
        now = (weighed.agree.tobytes(), weighed.dense_agree.tobytes())

        def residual(chosen: Array, weighed: Weighed = weighed, x: Array = x) -> Array:
            return whitened(problem, weighed, filled(x, free, chosen))

        result = least_squares(
            residual, x[free], bounds=(low[free], high[free]), x_scale="jac", jac="3-point"
        )
        moved = float(np.abs(result.x - x[free]).max())
        x = filled(x, free, result.x)
        if now == agreed and moved <= 1e-9 * float(np.abs(x).max()):
            break
        agreed = now
    weighed = weigh(problem, x)
    covariance = np.zeros((4, 4))
    covariance[np.ix_(free, free)] = covariance_of(result.jac.T @ result.jac)
    if np.isfinite(covariance).all():
        noise = attenuation(
            problem,
            x,
            weighed.agree,
            weighed.sigma,
            weighed.dense_weight,
            weighed.dense_agree,
            weighed.dense_sigma or 0.0,
        )
        moved_by = covariance @ noise
        if abs(moved_by[NEAR]) < _FIRST_ORDER * x[NEAR]:
            x = x + moved_by
    return _solution(problem, weighed, x, covariance)


@dataclass(frozen=True)
class Weighed:
    agree: NDArray[np.bool_]
    sigma: Array
    whitening: Array
    """(M,) or (M, M): transforms the inliers' residuals to unit covariance."""
    dense_agree: NDArray[np.bool_]
    dense_weight: float
    dense_sigma: float | None


def _solution(problem: Problem, weighed: Weighed, x: Array, covariance: Array) -> Solution:
    cost = 0.0
    if problem.explicit is not None:
        cost = float(np.minimum((problem.explicit.residual(x) / weighed.sigma) ** 2, _AGREE**2).sum())
    return Solution(
        x=x,
        covariance=covariance,
        agree=weighed.agree,
        sigma=weighed.sigma,
        dense_agree=float(weighed.dense_agree.mean()) if problem.dense is not None else 1.0,
        scatter=weighed.dense_sigma,
        cost=cost,
    )


def weigh(problem: Problem, x: Array) -> Weighed:
    """The inliers for the given unknowns, and their weights."""
    agree, sigma, whitening = np.zeros(0, bool), np.zeros(0), np.zeros(0)
    if problem.explicit is not None:
        sigma = np.sqrt(problem.explicit.variance(x, problem.spread, bent=not problem.scattered))
        off = np.abs(problem.explicit.residual(x)) / sigma
        agree = off <= _AGREE
        if problem.dense is None and agree.sum() < problem.needed:
            # No more than needed: two that are equally far off do not agree.
            agree = np.zeros(len(off), bool)
            agree[np.argsort(off, kind="stable")[: problem.needed]] = True
        whitening = 1 / sigma[agree]
        if problem.spread.smooth:
            covariance = problem.explicit.covariance(x, problem.spread)[np.ix_(agree, agree)]
            whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    dense_agree, weight, dense_sigma = np.zeros(0, bool), 0.0, None
    if problem.dense is not None:
        off = np.abs(problem.dense.residual(x))
        dense_sigma = max(SIGMA_PER_MEDIAN * float(np.median(off)), _LEAST_SIGMA)
        dense_agree = off <= _AGREE * dense_sigma
        # Errors within a cell are correlated: each cell counts as one observation.
        repeats = dense_agree.sum() / max(len(np.unique(problem.dense.cell[dense_agree])), 1)
        weight = 1 / (dense_sigma * np.sqrt(repeats))
    return Weighed(agree, sigma, whitening, dense_agree, float(weight), dense_sigma)


def whitened(problem: Problem, weighed: Weighed, x: Array) -> Array:
    """Residuals of the inliers, transformed to unit covariance."""
    parts = expected(problem, x)
    if problem.explicit is not None:
        residual, whitening = problem.explicit.residual(x)[weighed.agree], weighed.whitening
        parts.append(whitening * residual if whitening.ndim == 1 else whitening @ residual)
    if problem.dense is not None:
        parts.append(weighed.dense_weight * problem.dense.residual(x)[weighed.dense_agree])
    return np.concatenate(parts)
