"""Checks of a fit: enough constraints, no contradictions. Each message says what is missing or wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recon.calibration.agreement import has_majority
from recon.calibration.gain import Picture
from recon.calibration.problem import FAR, FOCAL, NEAR, Problem
from recon.calibration.residuals import Explicit
from recon.calibration.robust_fit import Solution
from recon.calibration.solver import solve
from recon.calibration.values import Array
from recon.constraints import Constraint, pixels_of
from recon.errors import CalibrationError
from recon.types import FloatMap

_NAMED = 12
"""Up to this many constraints, the inconsistent one is searched by leaving out each in turn."""


def check_positions(constraints: Sequence[Constraint], *, width: int, height: int) -> None:
    """Raises CalibrationError unless every position lies in the photo of that size, px."""
    for constraint in constraints:
        for x, y in pixels_of(constraint):
            if not (0 <= x <= width and 0 <= y <= height):
                raise CalibrationError(
                    f"{constraint.text}: {x:g},{y:g} lies outside the photo ({width} x {height} px)"
                )


def check_range(value: FloatMap, model: str) -> None:
    spread = float(np.subtract(*np.percentile(value, [95, 5])))
    if spread <= 1e-6 * max(1.0, float(np.abs(value).max())):
        raise CalibrationError(
            f"{model} predicts constant depth, so scale and shift cannot be separated: use a photo that "
            "shows near and far objects"
        )


def check_reference_range(z_m: Array, source: str) -> None:
    inverse = 1 / z_m
    if float(np.subtract(*np.percentile(inverse, [95, 5]))) <= 1e-3 * float(np.median(inverse)):
        raise CalibrationError(
            f"the reference ({source}) has constant depth, so scale and shift cannot be separated: "
            "use one that covers near and far objects"
        )


def check_count(problem: Problem, kind: str) -> None:
    """Raises CalibrationError unless there are as many constraints as unknowns."""
    count = 0 if problem.explicit is None else len(problem.explicit)
    # A reference determines scale and shift; the focal length needs lengths across the view as well.
    if (problem.dense is not None and not problem.focal) or count >= problem.needed:
        return
    names = [
        "the scale",
        *(["the shift"] if problem.shift else []),
        *(["the focal length"] if problem.focal else []),
    ]
    raise CalibrationError(
        f"{count} known length{'s do' if count != 1 else ' does'} not determine {' and '.join(names)} "
        f"of {kind} depth: "
        f"{problem.needed} are needed; add --length or --at at another distance, --camera-height, or a --reference"
    )


def check_agreement(problem: Problem, explicit: Explicit, solution: Solution, picture: Picture) -> None:
    """Raises CalibrationError if the constraints are inconsistent and no majority identifies the wrong one."""
    if has_majority(problem, solution):
        return
    worst = _disagreeing(problem, explicit, solution, picture)
    over = float(np.exp(-explicit.residual(solution.x)[worst]))
    deviation = f"{100 * (over - 1):.0f} % longer" if over > 1 else f"{100 * (1 - over):.0f} % shorter"
    raise CalibrationError(
        f"the constraints are inconsistent: {explicit.texts[worst]} is {deviation} than the others imply. Check its "
        "position and unit, or add another constraint to identify the wrong one"
    )


def _disagreeing(problem: Problem, explicit: Explicit, solution: Solution, picture: Picture) -> int:
    """Index of the constraint without which the others agree best."""
    standardised = np.abs(explicit.residual(solution.x)) / solution.sigma
    if len(explicit) > _NAMED or len(explicit) - 1 < problem.needed:
        return int(standardised.argmax())
    costs = [
        solve(replace(problem, explicit=explicit.without(at)), picture).cost for at in range(len(explicit))
    ]
    cheapest = min(costs)
    # If leaving out any of several helps equally, report the one with the largest residual.
    return max(
        (at for at, cost in enumerate(costs) if cost <= cheapest + 1.0), key=lambda at: standardised[at]
    )


def check_determined(problem: Problem, solution: Solution, model: str, source: str) -> None:
    near = float(solution.x[NEAR])
    if problem.shift and near <= 1e-3 * max(abs(float(solution.x[FAR])), 1e-9):
        raise CalibrationError(
            f"{model} contradicts the known measurements ({source}): what is nearer in one is farther in the other. "
            "Check that both belong to this photo, and check the unit"
        )
    sigma = np.sqrt(np.diag(solution.covariance))
    if problem.shift and not sigma[NEAR] < near:
        raise CalibrationError(
            "all constraints are at a similar distance, so scale and shift cannot be separated: add a --length or "
            "--at that is clearly nearer or farther"
        )
    if problem.focal and not sigma[FOCAL] < 0.5:
        raise CalibrationError(
            "the constraints do not determine the focal length: give lengths in two directions (one across the view "
            "and one along it), a --rectangle seen at an angle, or --focal-px, --focal-35mm or --fov"
        )
