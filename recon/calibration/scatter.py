"""Estimates the error of an estimator without an error model from the scatter of the constraints.

The variance is the one for which chi square equals its degrees of freedom (Paule and Mandel, J. Res. NBS 87, 1982),
pooled with the assumed variance, so that a single redundant constraint does not determine it.
"""

from dataclasses import replace

import numpy as np

from recon.calibration.problem import Problem
from recon.calibration.robust_fit import Solution, polished
from recon.error_model import ErrorModel
from recon.statistics import COVERAGE_FACTOR

_LEAST_FREEDOM = 3
"""Degrees of freedom needed; missing ones are filled with the assumed variance."""
_SIGNIFICANT = 0.1


def local_error(sigma: float) -> ErrorModel:
    """An error model with independent errors per pixel."""
    return ErrorModel("", scale=0.0, smooth=0.0, reach=1.0, local=sigma, photos=0, source="assumed")


def with_scatter(problem: Problem, solution: Solution) -> Solution:
    """Repeats the fit with the error estimated from the scatter of the constraints, as far as they are redundant."""
    from scipy.stats import t

    count = int(solution.agree.sum())
    freedom = max(count - problem.needed, 0)
    scatter = _excess(problem, solution, freedom) if freedom else 0.0
    known = max(freedom, _LEAST_FREEDOM)
    pooled = (freedom * scatter**2 + (known - freedom) * problem.spread.spread**2) / known
    spread = float(np.sqrt(pooled))
    again = polished(replace(problem, spread=local_error(spread), scattered=False), solution.x)
    if not scatter:
        return replace(again, scatter=None)
    # The scatter of few constraints is uncertain: Student's t replaces the normal distribution.
    widened = (t.ppf(0.975, known) / COVERAGE_FACTOR) ** 2
    return replace(again, covariance=again.covariance * widened, scatter=spread)


def _excess(problem: Problem, solution: Solution, freedom: int) -> float:
    """Standard deviation of log depth in excess of the given uncertainties; 0 if the excess is not significant."""
    from scipy.optimize import brentq
    from scipy.stats import chi2

    explicit = problem.explicit
    assert explicit is not None

    def chi_square(spread: float) -> float:
        variance = explicit.variance(solution.x, local_error(spread))
        return float((explicit.residual(solution.x) ** 2 / variance)[solution.agree].sum())

    if chi_square(0.0) <= chi2.ppf(1 - _SIGNIFICANT, freedom):
        return 0.0
    return float(brentq(lambda s: chi_square(s) - freedom, 0.0, 10.0))
