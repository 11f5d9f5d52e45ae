"""One robust least-squares fit for everything that is known.

Starts come from a grid of shapes and from random pairs (as in RANSAC: Fischler and Bolles, 1981), are refined with a
Cauchy loss, and the best is fitted to what agrees with it within three standard deviations. Where the estimator's
error was measured, ``gain`` weighs what the constraints say by it; else their own ``scatter`` does.
"""

from dataclasses import replace

import numpy as np

from recon.calibration.gain import Picture, gained
from recon.calibration.problem import Problem
from recon.calibration.robust_fit import Solution, polished
from recon.calibration.scatter import with_scatter
from recon.calibration.search import best_start


def solve(problem: Problem, picture: Picture) -> Solution:
    """The best fit; at least as many observations as free unknowns are taken for granted."""
    found = polished(problem, best_start(problem))
    if problem.explicit is None or problem.dense is not None:
        return found
    return with_scatter(problem, found) if problem.scattered else _with_gain(problem, found, picture)


def _with_gain(problem: Problem, found: Solution, picture: Picture) -> Solution:
    """The fit with what its residuals tell of the estimator's correlated error."""
    assert problem.explicit is not None
    if not np.isfinite(found.covariance).all():
        return found
    best = gained(
        problem.explicit,
        found.agree,
        found.x,
        problem.free,
        spread=problem.spread,
        prior=problem.prior,
        picture=picture,
    )
    return replace(
        found,
        x=best.x,
        covariance=best.covariance,
        common_sigma=best.common_sigma,
        anchors=best.anchors,
    )
