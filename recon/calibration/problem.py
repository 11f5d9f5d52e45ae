"""The fitting problem, and its standardised residuals."""

from dataclasses import dataclass

import numpy as np

from recon.calibration.prior import Prior
from recon.calibration.residuals import Explicit
from recon.calibration.values import Array, Dense
from recon.error_model import ErrorModel

NEAR, FAR, FOCAL, GAIN = range(4)
"""Indices of the unknowns (``residuals``)."""

_DENSE_SPREAD = 0.05
"""Relative standard deviation of a reference's pixels during the search; later estimated from their scatter."""
_MAX_NEAR = 1e9
_SINGULAR = 1e13


@dataclass(frozen=True)
class Problem:
    """The observations, and which unknowns are free."""

    explicit: Explicit | None
    dense: Dense | None
    shift: bool
    focal: bool
    least_far: float
    """Lower bound of the inverse depth of the farthest value, 1/m; -inf for no bound."""
    gain_sigma: float
    """Standard deviation of the logarithm of the reference's error of scale; 0 if it has none."""
    spread: ErrorModel
    """Error model of the estimator, measured or assumed."""
    scattered: bool
    """Whether ``spread`` is assumed; the scatter of the constraints then corrects it."""
    prior: Prior | None
    """Prior of scale and shift; None for relative depth."""

    @property
    def free(self) -> list[int]:
        """Indices of the unknowns that are fitted."""
        chosen = (True, self.shift, self.focal, self.gain_sigma > 0)
        return [index for index, is_free in enumerate(chosen) if is_free]

    @property
    def needed(self) -> int:
        """Number of constraints that determine the unknowns."""
        return 1 + self.shift + self.focal

    @property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest unknowns, (4,) each."""
        return np.array([0.0, self.least_far, -1.5, -5.0]), np.array([_MAX_NEAR, np.inf, 1.5, 5.0])


def expected(problem: Problem, x: Array) -> list[Array]:
    """Residuals of the priors: of the estimator, and of the reference's scale."""
    parts = [] if problem.prior is None else [problem.prior.residual(x)]
    return [*parts, np.array([x[GAIN] / problem.gain_sigma])] if problem.gain_sigma > 0 else parts


def standardised(problem: Problem, x: Array) -> Array:
    """All residuals in standard deviations, treated as independent."""
    parts = expected(problem, x)
    if problem.explicit is not None:
        variance = problem.explicit.variance(x, problem.spread, bent=False)
        parts.append(problem.explicit.residual(x) / np.sqrt(variance))
    if problem.dense is not None:
        parts.append(problem.dense.residual(x) / _DENSE_SPREAD)
    return np.concatenate(parts)


def filled(x: Array, free: list[int], chosen: Array) -> Array:
    """``x`` with its free unknowns replaced."""
    full = x.copy()
    full[free] = chosen
    return full


def covariance_of(information: Array) -> Array:
    """Inverse of an information matrix; infinite variances if it is singular."""
    norms = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(norms, norms)
    if np.linalg.cond(scaled) > _SINGULAR:
        return np.asarray(np.diag(np.full(len(information), np.inf)))
    return np.asarray(np.linalg.inv(scaled) / np.outer(norms, norms))
