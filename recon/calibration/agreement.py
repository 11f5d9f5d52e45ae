"""Fits known lengths that contradict the estimator's error model, or each other."""

from dataclasses import replace

import numpy as np

from recon.calibration.gain import Picture
from recon.calibration.problem import NEAR, Problem
from recon.calibration.robust_fit import Solution
from recon.calibration.solver import solve
from recon.error_model import ErrorModel

_SURPRISING = 3.0
"""If the known lengths differ from the prior of the scale by more standard deviations than this, the prior is
dropped: the photo is unlike those used for the error model."""
_WIDER, _LEAST_ERROR, _MOST_ERROR = 1.5, 1e-3, 1.0
"""Factor of each step by which the estimator's error is widened, the least error after the first one, and the most:
a factor of e, beyond which a constraint is a mistake (another unit) and no error of the depth."""


def solved(problem: Problem, picture: Picture) -> tuple[Problem, Solution]:
    """The fit, and the problem that it solves.

    A wrong constraint is rejected if a majority of the others identifies it. Otherwise, where the scale is the only
    unknown, all of them count: the estimator's error is widened until it explains their contradiction, so that the
    interval of the scale covers it, and ``report`` warns. What no credible error explains is left to
    ``check_agreement``.
    """
    fitted, solution = _with_prior(problem, picture)
    if problem.explicit is None or problem.dense is not None:
        return fitted, solution
    if has_majority(fitted, solution) or problem.needed > 1:
        return fitted, solution
    spread = _wider(problem.spread)
    while max(spread.smooth, spread.local) <= _MOST_ERROR:
        wider, explaining = _with_prior(replace(problem, spread=spread), picture)
        if explaining.agree.all() and _explained(wider, explaining):
            return wider, explaining
        spread = _wider(spread)
    return fitted, solution


def has_majority(problem: Problem, solution: Solution) -> bool:
    """Whether all constraints agree, or so many of them that the others are the wrong ones."""
    used, count = int(solution.agree.sum()), len(solution.agree)
    # If two lengths contradict each other, the estimator's error model counts as one vote.
    votes = used + (problem.prior is not None and not problem.scattered)
    return used == count or (votes > problem.needed and votes > count / 2)


def _explained(problem: Problem, solution: Solution) -> bool:
    """Whether the residuals are as large as expected of them (chi square)."""
    assert problem.explicit is not None
    off = (problem.explicit.residual(solution.x) / solution.sigma)[solution.agree]
    return float(off @ off) <= max(len(off) - problem.needed, 1)


def _wider(spread: ErrorModel) -> ErrorModel:
    return replace(spread, smooth=_WIDER * spread.smooth, local=max(_WIDER * spread.local, _LEAST_ERROR))


def _with_prior(problem: Problem, picture: Picture) -> tuple[Problem, Solution]:
    """The fit, without the prior if the known lengths contradict it."""
    solution = solve(problem, picture)
    if problem.prior is None or problem.explicit is None or problem.dense is not None:
        return problem, solution
    expected = picture.common_sigma(problem.spread, problem.explicit.camera)
    unfitted = np.array([problem.prior.unit, *solution.x[1:]])
    if not problem.shift and np.abs(problem.explicit.residual(unfitted)).max() <= _SURPRISING * expected:
        # No single length implies a surprising scale, so neither do all of them together.
        return problem, solution
    alone = replace(problem, prior=None)
    free = solve(alone, picture)
    sure = free.common_sigma or float(np.sqrt(free.covariance[NEAR, NEAR])) / free.x[NEAR]
    off = abs(float(np.log(free.x[NEAR] / problem.prior.unit)))
    # Lengths less certain than the prior cannot overrule it: short ones may have very large errors.
    surprising = sure < expected and off > _SURPRISING * np.hypot(expected, sure)
    return (alone, free) if surprising else (problem, solution)
