"""One robust least-squares fit for everything that is known.

Starts come from a grid of shapes and from random pairs (as in RANSAC: Fischler and Bolles, 1981), are refined with a
Cauchy loss, and the best is fitted to what agrees with it within three standard deviations, by scipy's trust region
solver. The covariance is that of weighted least squares with the covariance of the observations (GUM, JCGM 102:2011).
Where the estimator's own error is not known, the scatter of the constraints tells it: the variance for which chi
square equals its degrees of freedom (Paule and Mandel, J. Res. NBS 87, 1982), pooled with what estimators usually err
by, so that one constraint too many does not decide alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_model import ErrorModel
from recon.calibration.residuals import Array, Dense, Explicit

NEAR, FAR, FOCAL, GAIN = range(4)
"""Indices of the unknowns (``observations``)."""

_ASSUMED_SPREAD = 0.05
"""Relative, of an estimator whose error nobody has measured."""
_LEAST_FREEDOM = 3
"""Observations of the scatter that it takes; the assumption stands in for those that lack."""
_AGREE = 3.0
_NEAREST_TO_FARTHEST = np.geomspace(1.05, 1e4, 40)
_FOCAL_STEPS = np.log(np.geomspace(0.4, 2.5, 9))
_START_SAMPLES = 600
_PAIRS = 400
_REFINED = 8
_ROUNDS = 20
_SIGNIFICANT = 0.1
_LEAST_SIGMA = 1e-4
"""Relative: no reference is better than this, and exact ones would leave nothing else a say."""
_SINGULAR = 1e13
_NOISE_STEP = 0.02
_MAX_NEAR = 1e9


@dataclass(frozen=True)
class Problem:
    """What is to be fitted, and which unknowns are free."""

    explicit: Explicit | None
    dense: Dense | None
    shift: bool
    focal: bool
    least_far: float
    """Lower bound of the inverse depth of the farthest value, 1/m; -inf leaves it free."""
    gain_sigma: float
    """Standard deviation of the logarithm of the reference's own error of scale; 0: it has none."""
    spread: ErrorModel | None

    @property
    def free(self) -> list[int]:
        """Indices of the unknowns that are fitted."""
        chosen = (True, self.shift, self.focal, self.gain_sigma > 0)
        return [index for index, is_free in enumerate(chosen) if is_free]

    @property
    def needed(self) -> int:
        """How many constraints determine the unknowns."""
        return 1 + self.shift + self.focal


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


def solve(problem: Problem) -> Solution:
    """The best fit; at least as many observations as free unknowns are taken for granted."""
    found = _polished(problem, _best_start(problem))
    if problem.spread is None and problem.explicit is not None and problem.dense is None:
        return _with_scatter(problem, found)
    return found


def _starts(problem: Problem) -> Iterator[Array]:
    """Unknowns to begin with: every shape of the grid, its scale the median of what each observation asks for."""
    shapes = [(1 - 1 / k, 1 / k) for k in _NEAREST_TO_FARTHEST] if problem.shift else [(1.0, 0.0)]
    for near, far in shapes:
        for focal in _FOCAL_STEPS if problem.focal else (0.0,):
            x = np.array([near, far, focal, 0.0])
            if problem.explicit is not None:
                yield _scaled(x, float(np.median(problem.explicit.residual(x))))
            if problem.dense is not None:
                inverse = np.maximum(problem.dense.residual(x) + 1.0, 1e-9)
                yield _scaled(x, -float(np.median(np.log(inverse))))
    if problem.shift and not problem.focal:
        yield from _pairs(problem)


def _scaled(x: Array, log_factor: float) -> Array:
    factor = np.exp(np.clip(log_factor, -20, 20))
    return np.array([x[NEAR] * factor, x[FAR] * factor, x[FOCAL], x[GAIN]])


def _pairs(problem: Problem) -> Iterator[Array]:
    """Exact solutions of random pairs of points whose distance is known."""
    u, inverse = [], []
    if problem.explicit is not None:
        away = np.sqrt(1 + (problem.explicit.at_ray**2).sum(axis=-1))
        u.append(problem.explicit.at_u)
        inverse.append(away / problem.explicit.known_m[: len(away)])
    if problem.dense is not None:
        u.append(problem.dense.u)
        inverse.append(1 / problem.dense.z_m)
    known_u, known_inverse = np.concatenate(u), np.concatenate(inverse)
    if len(known_u) < 2:
        return
    first, second = np.random.default_rng(0).integers(0, len(known_u), (2, _PAIRS))
    apart = known_u[first] - known_u[second]
    first, second, apart = (each[np.abs(apart) > 1e-6] for each in (first, second, apart))
    near = (known_inverse[first] - known_inverse[second]) / apart
    far = known_inverse[first] - near * known_u[first]
    for b, a in zip(near, far, strict=True):
        if b > 0 and a >= problem.least_far:
            yield np.array([b, a, 0.0, 0.0])


def _best_start(problem: Problem) -> Array:
    """The most promising starts, refined with a loss that forgives outliers; the best of them."""
    rough = _thinned(problem)
    starts = [_bounded(x, rough) for x in _starts(rough)]
    ranked = sorted(starts, key=lambda x: _forgiving(rough, x))
    # Neighbours on the grid lead to the same place: half of the places go to the best, half to every tenth.
    chosen = ranked[: _REFINED // 2] + ranked[:: max(1, len(ranked) // (_REFINED // 2))][: _REFINED // 2]
    refined = [_minimised(rough, x, loss="cauchy") for x in chosen]
    return min(refined, key=lambda x: _forgiving(rough, x))


def _thinned(problem: Problem) -> Problem:
    dense = problem.dense
    if dense is None or len(dense.u) <= _START_SAMPLES:
        return problem
    some = slice(0, _START_SAMPLES)
    return replace(problem, dense=Dense(dense.u[some], dense.z_m[some], dense.cell[some]))


def _bounded(x: Array, problem: Problem) -> Array:
    low, high = _bounds(problem)
    return np.clip(x, low + 1e-12, high)


def _bounds(problem: Problem) -> tuple[Array, Array]:
    return np.array([0.0, problem.least_far, -1.5, -5.0]), np.array([_MAX_NEAR, np.inf, 1.5, 5.0])


def _standardised(problem: Problem, x: Array) -> Array:
    """All residuals in standard deviations, as if they were independent."""
    parts = []
    if problem.explicit is not None:
        variance = problem.explicit.variance(x, _screening(problem), bent=False)
        parts.append(problem.explicit.residual(x) / np.sqrt(variance))
    if problem.dense is not None:
        parts.append(problem.dense.residual(x) / _ASSUMED_SPREAD)
    if problem.gain_sigma > 0:
        parts.append(np.array([x[GAIN] / problem.gain_sigma]))
    return np.concatenate(parts)


def _screening(problem: Problem) -> ErrorModel:
    return problem.spread or local_error(_ASSUMED_SPREAD)


def local_error(sigma: float) -> ErrorModel:
    """An error model of pixels that err independently."""
    return ErrorModel("", scale=0.0, smooth=0.0, reach=1.0, local=sigma, photos=0, source="assumed")


def _forgiving(problem: Problem, x: Array) -> float:
    return float(np.log1p(_standardised(problem, x) ** 2).sum())


def _minimised(problem: Problem, x: Array, loss: str) -> Array:
    from scipy.optimize import least_squares

    free = problem.free
    low, high = _bounds(problem)

    def residual(chosen: Array) -> Array:
        return _standardised(problem, _filled(x, free, chosen))

    found = least_squares(
        residual, x[free], bounds=(low[free], high[free]), x_scale="jac", loss=loss, max_nfev=60
    )
    return _filled(x, free, found.x)


def _filled(x: Array, free: list[int], chosen: Array) -> Array:
    full = x.copy()
    full[free] = chosen
    return full


def _polished(problem: Problem, x: Array) -> Solution:
    """Least squares on what agrees, until that no longer changes."""
    from scipy.optimize import least_squares

    free = problem.free
    low, high = _bounds(problem)
    agreed: tuple[bytes, bytes] | None = None
    for _ in range(_ROUNDS):
        weighed = _weigh(problem, x)
        now = (weighed.agree.tobytes(), weighed.dense_agree.tobytes())

        def residual(chosen: Array, weighed: _Weighed = weighed, x: Array = x) -> Array:
            return _whitened(problem, weighed, _filled(x, free, chosen))

        found = least_squares(residual, x[free], bounds=(low[free], high[free]), x_scale="jac", jac="3-point")
        moved = float(np.abs(found.x - x[free]).max())
        x = _filled(x, free, found.x)
        if now == agreed and moved <= 1e-9 * float(np.abs(x).max()):
            break
        agreed = now
    weighed = _weigh(problem, x)
    covariance = np.zeros((4, 4))
    covariance[np.ix_(free, free)] = _inverse(found.jac.T @ found.jac)
    if np.isfinite(covariance).all():
        moved_by = covariance @ _attenuation(problem, weighed, x)
        # Where the correction is as large as the unknown, its first order says nothing.
        if abs(moved_by[NEAR]) < 0.2 * x[NEAR]:
            x = x + moved_by
    explicit_chi2 = 0.0
    if problem.explicit is not None:
        explicit_chi2 = float(
            np.minimum((problem.explicit.residual(x) / weighed.sigma) ** 2, _AGREE**2).sum()
        )
    return Solution(
        x=x,
        covariance=covariance,
        agree=weighed.agree,
        sigma=weighed.sigma,
        dense_agree=float(weighed.dense_agree.mean()) if problem.dense is not None else 1.0,
        scatter=weighed.dense_sigma,
        cost=explicit_chi2,
    )


def _attenuation(problem: Problem, weighed: "_Weighed", x: Array) -> Array:
    """What the estimator's noise adds to the gradient of the sum of squares, on average: (4,).

    Its values stand on the side of the regressors, whose noise pulls a slope towards zero (errors in variables:
    Fuller, Measurement Error Models, 1987, 1.1). With many constraints that is more than the standard error, so it is
    taken out again, to second order of the noise.
    """
    bias = np.zeros(4)
    if problem.dense is not None:
        # (far + near u) z - 1 = e and u z = (1 + e - far z) / near: the mean of their product is var(e) / near.
        bias[NEAR] += (
            weighed.dense_weight**2 * weighed.dense_agree.sum() * (weighed.dense_sigma or 0.0) ** 2 / x[NEAR]
        )
    explicit, spread = problem.explicit, problem.spread
    if explicit is None or spread is None or not spread.spread:
        return bias
    used, weight = weighed.agree, 1 / weighed.sigma[weighed.agree] ** 2
    step = 1e-5 * max(x[NEAR], abs(x[FAR]))

    def score(end: int, error: float) -> Array:
        seen = explicit.displaced(x, error, end)
        residual = seen.residual(x)[used] * weight
        gradient = np.zeros(4)
        for index in problem.free:
            moved = np.zeros(4)
            moved[index] = step if index in (NEAR, FAR) else 1e-5
            slope = (seen.log_length(x + moved) - seen.log_length(x - moved))[used] / (2 * moved[index])
            gradient[index] = slope @ residual
        return gradient

    for end in (0, 1):
        bent = score(end, _NOISE_STEP) - 2 * score(end, 0.0) + score(end, -_NOISE_STEP)
        bias += 0.5 * spread.spread**2 * bent / _NOISE_STEP**2
    return bias


def _inverse(information: Array) -> Array:
    """Covariance of an information matrix; infinite variances where it leaves something open."""
    norms = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(norms, norms)
    if np.linalg.cond(scaled) > _SINGULAR:
        return np.asarray(np.diag(np.full(len(information), np.inf)))
    return np.asarray(np.linalg.inv(scaled) / np.outer(norms, norms))


@dataclass(frozen=True)
class _Weighed:
    agree: NDArray[np.bool_]
    sigma: Array
    whitening: Array
    """(M,) or (M, M): what brings the residuals that agree to unit covariance."""
    dense_agree: NDArray[np.bool_]
    dense_weight: float
    dense_sigma: float | None


def _weigh(problem: Problem, x: Array) -> _Weighed:
    """Which observations agree with the unknowns, and what each of these weighs."""
    agree, sigma, whitening = np.zeros(0, bool), np.zeros(0), np.zeros(0)
    if problem.explicit is not None:
        spread = _screening(problem)
        sigma = np.sqrt(problem.explicit.variance(x, spread, bent=problem.spread is not None))
        off = np.abs(problem.explicit.residual(x)) / sigma
        agree = off <= _AGREE
        if problem.dense is None and agree.sum() < problem.needed:
            agree = off <= np.partition(off, problem.needed - 1)[problem.needed - 1]
        whitening = 1 / sigma[agree]
        if spread.smooth:
            covariance = problem.explicit.covariance(x, spread)[np.ix_(agree, agree)]
            whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    dense_agree, weight, dense_sigma = np.zeros(0, bool), 0.0, None
    if problem.dense is not None:
        off = np.abs(problem.dense.residual(x))
        dense_sigma = max(1.4826 * float(np.median(off)), _LEAST_SIGMA)
        dense_agree = off <= _AGREE * dense_sigma
        # Pixels of one cell err together, so they count as one.
        repeats = dense_agree.sum() / max(len(np.unique(problem.dense.cell[dense_agree])), 1)
        weight = 1 / (dense_sigma * np.sqrt(repeats))
    return _Weighed(agree, sigma, whitening, dense_agree, float(weight), dense_sigma)


def _whitened(problem: Problem, weighed: _Weighed, x: Array) -> Array:
    """Residuals of what agrees, brought to unit covariance."""
    parts = []
    if problem.explicit is not None:
        residual, whitening = problem.explicit.residual(x)[weighed.agree], weighed.whitening
        parts.append(whitening * residual if whitening.ndim == 1 else whitening @ residual)
    if problem.dense is not None:
        parts.append(weighed.dense_weight * problem.dense.residual(x)[weighed.dense_agree])
    if problem.gain_sigma > 0:
        parts.append(np.array([x[GAIN] / problem.gain_sigma]))
    return np.concatenate(parts)


def _with_scatter(problem: Problem, found: Solution) -> Solution:
    """The fit again with the spread that the constraints' own scatter tells, as far as they are redundant."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, t

    explicit = problem.explicit
    assert explicit is not None
    used, count = found.agree, int(found.agree.sum())
    freedom = count - problem.needed

    def chi_square(spread: float) -> float:
        return float(
            (explicit.residual(found.x) ** 2 / explicit.variance(found.x, local_error(spread)))[used].sum()
        )

    if freedom < 1:
        exact = _polished(replace(problem, spread=local_error(0.0)), found.x)
        return replace(exact, agree=used, sigma=found.sigma, scatter=None)
    if chi_square(0.0) <= chi2.ppf(1 - _SIGNIFICANT, freedom):
        exact = _polished(replace(problem, spread=local_error(0.0)), found.x)
        return replace(exact, scatter=None) if exact.agree.sum() >= count else replace(exact, scatter=0.0)
    scatter = float(brentq(lambda s: chi_square(s) - freedom, 0.0, 10.0))
    known = max(freedom, _LEAST_FREEDOM)
    spread = float(np.sqrt((freedom * scatter**2 + (known - freedom) * _ASSUMED_SPREAD**2) / known))
    again = _polished(replace(problem, spread=local_error(spread)), found.x)
    # Few constraints tell their own scatter badly: Student's t in place of the normal distribution.
    widened = (t.ppf(0.975, known) / 1.96) ** 2
    return replace(again, covariance=again.covariance * widened, scatter=spread)
