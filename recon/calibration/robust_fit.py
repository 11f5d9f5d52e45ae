"""Least squares on what agrees with a start, by scipy's trust region solver.

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
"""Relative: no reference is better than this, and exact ones would leave nothing else a say."""
_FIRST_ORDER = 0.2
"""Where the correction for noise is a larger share of the unknown than this, its second order says nothing."""


@dataclass(frozen=True)
class Solution:
    """What was found."""

    x: Array
    """(4,) the unknowns."""
    covariance: Array
    """(4, 4), zero where an unknown is not free."""
    agree: NDArray[np.bool_]
    """(N,) which constraints were used."""
    sigma: Array
    """(N,) expected standard deviation of their residuals."""
    dense_agree: float
    """Share of the reference's pixels that were used."""
    scatter: float | None
    """Robust relative standard deviation of the reference's residuals, or of the constraints' beyond what they were
    given with; None where nothing tells it."""
    cost: float
    """Sum of squared standardised residuals, each at most 9."""
    common_sigma: float | None = None
    """Standard deviation of the mean error of log depth over the picture; None: that of the unknowns is all."""
    anchors: Array | None = None
    """(4, P) how the unknowns follow the error at each point of the constraints (``gain``)."""


def polished(problem: Problem, x: Array) -> Solution:
    """Least squares on what agrees, until that no longer changes."""
    from scipy.optimize import least_squares

    free = problem.free
    low, high = problem.bounds
    agreed: tuple[bytes, bytes] | None = None
    for _ in range(_ROUNDS):
        weighed = _weigh(problem, x)
        now = (weighed.agree.tobytes(), weighed.dense_agree.tobytes())

        def residual(chosen: Array, weighed: _Weighed = weighed, x: Array = x) -> Array:
            return _whitened(problem, weighed, filled(x, free, chosen))

        found = least_squares(residual, x[free], bounds=(low[free], high[free]), x_scale="jac", jac="3-point")
        moved = float(np.abs(found.x - x[free]).max())
        x = filled(x, free, found.x)
        if now == agreed and moved <= 1e-9 * float(np.abs(x).max()):
            break
        agreed = now
    weighed = _weigh(problem, x)
    covariance = np.zeros((4, 4))
    covariance[np.ix_(free, free)] = covariance_of(found.jac.T @ found.jac)
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
class _Weighed:
    agree: NDArray[np.bool_]
    sigma: Array
    whitening: Array
    """(M,) or (M, M): what brings the residuals that agree to unit covariance."""
    dense_agree: NDArray[np.bool_]
    dense_weight: float
    dense_sigma: float | None


def _solution(problem: Problem, weighed: _Weighed, x: Array, covariance: Array) -> Solution:
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


def _weigh(problem: Problem, x: Array) -> _Weighed:
    """Which observations agree with the unknowns, and what each of these weighs."""
    agree, sigma, whitening = np.zeros(0, bool), np.zeros(0), np.zeros(0)
    if problem.explicit is not None:
        sigma = np.sqrt(problem.explicit.variance(x, problem.spread, bent=not problem.scattered))
        off = np.abs(problem.explicit.residual(x)) / sigma
        agree = off <= _AGREE
        if problem.dense is None and agree.sum() < problem.needed:
            agree = off <= np.partition(off, problem.needed - 1)[problem.needed - 1]
        whitening = 1 / sigma[agree]
        if problem.spread.smooth:
            covariance = problem.explicit.covariance(x, problem.spread)[np.ix_(agree, agree)]
            whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    dense_agree, weight, dense_sigma = np.zeros(0, bool), 0.0, None
    if problem.dense is not None:
        off = np.abs(problem.dense.residual(x))
        dense_sigma = max(SIGMA_PER_MEDIAN * float(np.median(off)), _LEAST_SIGMA)
        dense_agree = off <= _AGREE * dense_sigma
        # Pixels of one cell err together, so they count as one.
        repeats = dense_agree.sum() / max(len(np.unique(problem.dense.cell[dense_agree])), 1)
        weight = 1 / (dense_sigma * np.sqrt(repeats))
    return _Weighed(agree, sigma, whitening, dense_agree, float(weight), dense_sigma)


def _whitened(problem: Problem, weighed: _Weighed, x: Array) -> Array:
    """Residuals of what agrees, brought to unit covariance."""
    parts = expected(problem, x)
    if problem.explicit is not None:
        residual, whitening = problem.explicit.residual(x)[weighed.agree], weighed.whitening
        parts.append(whitening * residual if whitening.ndim == 1 else whitening @ residual)
    if problem.dense is not None:
        parts.append(weighed.dense_weight * problem.dense.residual(x)[weighed.dense_agree])
    return np.concatenate(parts)
