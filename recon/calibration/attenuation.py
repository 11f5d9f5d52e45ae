"""Bias of the least-squares fit caused by the estimator's noise, to correct for it.

The estimator's values are the regressors, whose noise biases a slope towards zero (errors in
variables: Fuller, Measurement Error Models, 1987, 1.1). With many constraints this bias exceeds the standard error.
"""

import numpy as np
from numpy.typing import NDArray

from recon.calibration.problem import FAR, NEAR, Problem
from recon.calibration.values import Array

_NOISE_STEP = 0.02


def attenuation(
    problem: Problem,
    x: Array,
    agree: NDArray[np.bool_],
    sigma: Array,
    dense_weight: float,
    dense_agree: NDArray[np.bool_],
    dense_sigma: float,
) -> Array:
    """Expected contribution of the noise to the gradient of half the sum of squares, to second order: (4,).

    Args:
        problem: The fitting problem.
        x: (4,) the fit.
        agree: (N,) which constraints are used.
        sigma: (N,) standard deviations of their residuals.
        dense_weight: Factor of each residual of the reference (the square root of its weight).
        dense_agree: (M,) which of the reference's pixels are used.
        dense_sigma: Standard deviation of their residuals.
    """
    bias = np.zeros(4)
    if problem.dense is not None:
        # (far + near u) z - 1 = e and u z = (1 + e - far z) / near: the mean of their product is var(e) / near.
        bias[NEAR] += dense_weight**2 * dense_agree.sum() * dense_sigma**2 / x[NEAR]
    if problem.explicit is None or not problem.spread.spread or problem.scattered:
        return bias
    for end in (0, 1):
        size = np.sqrt(problem.explicit.apart_variance(problem.spread, end))
        steps = _NOISE_STEP * size / size.max()
        ahead, here, behind = (
            _score(problem, x, agree, sigma, end, sign * steps) for sign in (1.0, 0.0, -1.0)
        )
        bias += 0.5 * (size.max() / _NOISE_STEP) ** 2 * (ahead - 2 * here + behind)
    return bias


def _score(
    problem: Problem, x: Array, agree: NDArray[np.bool_], sigma: Array, end: int, error: Array
) -> Array:
    """(4,) gradient of half the sum of squares with respect to the unknowns, with errors as in ``displaced``."""
    assert problem.explicit is not None
    seen = problem.explicit.displaced(x, error, end)
    residual = seen.residual(x)[agree] / sigma[agree] ** 2
    gradient = np.zeros(4)
    for index in problem.free:
        moved = np.zeros(4)
        moved[index] = 1e-5 * (max(x[NEAR], abs(x[FAR])) if index in (NEAR, FAR) else 1.0)
        slope = (seen.log_length(x + moved) - seen.log_length(x - moved))[agree] / (2 * moved[index])
        gradient[index] = slope @ residual
    return gradient
