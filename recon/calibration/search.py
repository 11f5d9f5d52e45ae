"""Starting points of the fit: a grid of shapes and random pairs, ranked by a robust loss."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from recon.calibration.problem import FAR, FOCAL, GAIN, NEAR, Problem, filled, standardised
from recon.calibration.values import Array, Dense

_NEAREST_TO_FARTHEST = np.geomspace(1.05, 1e4, 40)
_FOCAL_STEPS = np.log(np.geomspace(0.4, 2.5, 9))
_START_SAMPLES = 600
_PAIRS = 400
_REFINED = 8


def best_start(problem: Problem) -> Array:
    """The best start, (4,), after refining the highest-ranked ones with a robust loss."""
    rough = _thinned(problem)
    low, high = rough.bounds
    starts = [np.clip(x, low + 1e-12, high) for x in _starts(rough)]
    ranked = sorted(starts, key=lambda x: _forgiving(rough, x))
    chosen = ranked
    if len(ranked) > _REFINED:
        # Neighbours on the grid converge alike: half of the starts are the best ones, half are spread out.
        chosen = ranked[: _REFINED // 2] + ranked[:: len(ranked) // (_REFINED // 2)][: _REFINED // 2]
    refined = [_minimised(rough, x) for x in chosen]
    return min(refined, key=lambda x: _forgiving(rough, x))


def _starts(problem: Problem) -> Iterator[Array]:
    """Starting unknowns: every shape of the grid, scaled by the median over the observations."""
    shapes = [(1 - 1 / k, 1 / k) for k in _NEAREST_TO_FARTHEST] if problem.shift else [(1.0, 0.0)]
    for near, far in shapes:
        for focal in _FOCAL_STEPS if problem.focal else (0.0,):
            x = np.array([near, far, focal, 0.0])
            if problem.explicit is not None:
                yield _scaled(x, float(np.median(problem.explicit.residual(x))))
            if problem.dense is not None:
                inverse = np.maximum(problem.dense.residual(x) * problem.dense.unsure + 1.0, 1e-9)
                yield _scaled(x, -float(np.median(np.log(inverse))))
    if problem.shift and not problem.focal:
        yield from _pairs(problem)


def _scaled(x: Array, log_factor: float) -> Array:
    factor = np.exp(np.clip(log_factor, -20, 20))
    return np.array([x[NEAR] * factor, x[FAR] * factor, x[FOCAL], x[GAIN]])


def _pairs(problem: Problem) -> Iterator[Array]:
    """Exact solutions for random pairs of points of known distance."""
    u, inverse = [], []
    if problem.explicit is not None:
        ray_length = np.sqrt(1 + (problem.explicit.at_ray**2).sum(axis=-1))
        u.append(problem.explicit.at_u)
        inverse.append(ray_length / problem.explicit.known_m[: len(ray_length)])
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


def _thinned(problem: Problem) -> Problem:
    dense = problem.dense
    if dense is None or len(dense.u) <= _START_SAMPLES:
        return problem
    some = slice(0, _START_SAMPLES)
    return replace(problem, dense=Dense(dense.u[some], dense.z_m[some], dense.cell[some], dense.unsure[some]))


def _forgiving(problem: Problem, x: Array) -> float:
    return float(np.log1p(standardised(problem, x) ** 2).sum())


def _minimised(problem: Problem, x: Array) -> Array:
    from scipy.optimize import least_squares

    free = problem.free
    low, high = problem.bounds

    def residual(chosen: Array) -> Array:
        return standardised(problem, filled(x, free, chosen))

    result = least_squares(
        residual, x[free], bounds=(low[free], high[free]), x_scale="jac", loss="cauchy", max_nfev=60
    )
    return filled(x, free, result.x)
