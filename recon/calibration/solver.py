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
    found = polished(problem, best_start(problem))
    if problem.explicit is None or problem.dense is not None:
        return found
    return with_scatter(problem, found) if problem.scattered else _with_gain(problem, found, picture)


def _with_gain(problem: Problem, found: Solution, picture: Picture) -> Solution:
    """The fit, corrected for the estimator's correlated error."""
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
