"""A single robust least-squares fit to all constraints and the reference.

Starts come from a grid of shapes and from random pairs (as in RANSAC: Fischler and Bolles, 1981) and are refined with
a Cauchy loss. The best one is fitted to its inliers, those within three standard deviations. If the estimator has an
error model, ``gain`` weights the constraints by it; otherwise ``scatter`` estimates the error from the constraints.
"""

from dataclasses import replace

import numpy as np

from recon.calibration.gain import Picture, gained
from recon.calibration.problem import Problem
from recon.calibration.robust_fit import Solution, polished
from recon.calibration.scatter import with_scatter
from recon.calibration.search import best_start


def solve(problem: Problem, picture: Picture) -> Solution:
    """The best fit. The caller checks that there are at least as many observations as free unknowns."""
    solution = polished(problem, best_start(problem))
    if problem.explicit is None or problem.dense is not None:
        return solution
    return with_scatter(problem, solution) if problem.scattered else _with_gain(problem, solution, picture)


def _with_gain(problem: Problem, solution: Solution, picture: Picture) -> Solution:
    """The fit, corrected for the estimator's correlated error."""
    assert problem.explicit is not None
    if not np.isfinite(solution.covariance).all():
        return solution
    best = gained(
        problem.explicit,
        solution.agree,
        solution.x,
        problem.free,
        spread=problem.spread,
        prior=problem.prior,
        picture=picture,
    )
    return replace(
        solution,
        x=best.x,
        covariance=best.covariance,
        common_sigma=best.common_sigma,
        anchors=best.anchors,
    )
