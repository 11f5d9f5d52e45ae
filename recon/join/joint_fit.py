"""One robust least-squares fit over all photos: scale and shift of each depth map, and the metre of the poses.

Each photo has the unknowns of a calibration (``recon.calibration.residuals``); its reference are the points that
other photos show too, whose unit, the logarithm of metres per unit of the poses, is one unknown for all photos.
Lengths that the user knows in any photo, and the metres that a metric estimator predicts for each, determine it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.calibration.calibration import Calibration
from recon.calibration.fit import calibration_of
from recon.calibration.problem import FAR, GAIN, NEAR, covariance_of
from recon.calibration.robust_fit import Solution, Weighed, weigh
from recon.calibration.values import Array
from recon.errors import CalibrationError
from recon.join.bundle_covariance import depth_of
from recon.join.joint_errors import by_unknown, joint_errors
from recon.join.joint_unknowns import Unknowns, cost_of, residual_of, votes_of
from recon.join.view_problem import ViewProblem, start_gains
from recon.statistics import COVERAGE_FACTOR

_ROUNDS = 12
_SOURCE = "the other photos"


@dataclass(frozen=True)
class JointFit:
    """The fitted depth maps, and the metre of the poses."""

    calibrations: tuple[Calibration, ...]
    """In the order of the photos."""
    metres_per_unit: float
    """Of the poses."""
    scale_interval: float
    """Relative half-width of its 95 % interval."""
    votes: NDArray[np.bool_]
    """(N,) False for photos whose own metres disagree with the others, or that have none."""
    errors: Array | None = None
    """(N, 10, N, 10) covariance of what the photos are off by together (``joint_errors``); None if not finite."""


def joint_fit(
    views: Sequence[ViewProblem],
    *,
    unit_sigma: float | None,
    places: Array | None = None,
    pose_covariance: Array | None = None,
) -> JointFit:
    """Fits all photos.

    Args:
        views: One or more.
        unit_sigma: Relative standard deviation of the unit of the poses, if it is the metre; None: it is unknown.
        places: (N, 3) of the cameras, in the unit of the poses; None: all in one place.
        pose_covariance: (N, 9, N, 9) of poses, lenses and the log depth of the points (``bundle_covariance``); None:
            these are exact, or nothing is known of their errors.

    Raises:
        CalibrationError: Nothing determines the metre, or the constraints contradict each other.
    """
    unknowns = Unknowns(tuple(views))
    gains = [*start_gains(views), *([0.0] if unit_sigma is not None else [])]
    if not gains:
        raise CalibrationError(
            "nothing determines the scale: the depth and the poses are known only up to scale; use a metric model "
            "(--model depthpro), or give a known length, e.g. --length PHOTO:100,200:100,900=2.03m"
        )
    every = min(
        (unknowns.start(gain) for gain in gains), key=lambda each: cost_of(unknowns, each, unit_sigma)
    )
    every, weighed, votes, jacobian = _polished(unknowns, every, unit_sigma)
    _check_constraints(unknowns, every, weighed)
    own = covariance_of(jacobian.T @ jacobian)
    moved = _moved_by_depth(weighed, jacobian, own)
    metres_per_unit = float(np.exp(every[-2]))
    placed_m = metres_per_unit * (np.zeros((len(views), 3)) if places is None else places)
    errors = joint_errors(
        own, by_unknown(unknowns, placed_m), moved, pose_covariance, metres_per_unit=metres_per_unit
    )
    covariance, of_depth = own, depth_of(pose_covariance)
    if of_depth is not None:
        covariance = own + moved @ of_depth @ moved.T
    sigma = float(np.sqrt(covariance[-2, -2]))
    calibrations = tuple(
        _calibration(*each, covariance)
        for each in zip(views, unknowns.split(every), unknowns.places(), weighed, strict=True)
    )
    interval = float(np.expm1(COVERAGE_FACTOR * sigma))
    return JointFit(calibrations, metres_per_unit, interval, votes, errors)


def _polished(
    unknowns: Unknowns, every: Array, unit_sigma: float | None
) -> tuple[Array, list[Weighed], NDArray[np.bool_], Array]:
    """Alternates least squares and the rejection of outliers until neither changes."""
    from scipy.optimize import least_squares

    agreed: tuple[bytes, ...] | None = None
    low = np.full(unknowns.size, -np.inf)
    for place in unknowns.places():
        low[place[0]] = 0.0
    for _ in range(_ROUNDS):
        split = unknowns.split(every)
        weighed = [weigh(view.problem, x) for view, x in zip(unknowns.views, split, strict=True)]
        votes = votes_of(unknowns, every)

        def residual(
            chosen: Array, weighed: list[Weighed] = weighed, votes: NDArray[np.bool_] = votes
        ) -> Array:
            return residual_of(unknowns, chosen, weighed, votes, unit_sigma)

        result = least_squares(residual, every, bounds=(low, np.inf), x_scale="jac", jac="2-point")
        every = result.x
        now = (votes.tobytes(), *(each.agree.tobytes() + each.dense_agree.tobytes() for each in weighed))
        if now == agreed:
            break
        agreed = now
    return every, weighed, votes, result.jac


def _moved_by_depth(weighed: Sequence[Weighed], jacobian: Array, covariance: Array) -> Array:
    """(U, N) by how much the unknowns change with the log depth of the points of each photo.

    Points that are farther by a factor are the same as a metre that is shorter by it, for this photo alone.
    """
    ends = np.cumsum([each.agree.sum() + each.dense_agree.sum() for each in weighed])
    parts = [jacobian[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return -covariance @ np.stack([part.T @ part[:, -2] for part in parts], axis=1)


def _check_constraints(unknowns: Unknowns, every: Array, weighed: Sequence[Weighed]) -> None:
    """Raises CalibrationError if half of the user's constraints or more disagree with the rest."""
    used = sum(int(each.agree.sum()) for each in weighed)
    count = sum(len(each.agree) for each in weighed)
    votes = used + any(view.prior is not None for view in unknowns.views)
    if used == count or votes > count / 2:
        return
    worst = max(
        (
            (abs(residual) / sigma, text, residual)
            for view, x, each in zip(unknowns.views, unknowns.split(every), weighed, strict=True)
            if view.problem.explicit is not None
            for residual, sigma, text in zip(
                view.problem.explicit.residual(x), each.sigma, view.problem.explicit.texts, strict=True
            )
        )
    )
    raise CalibrationError(
        f"the constraints are inconsistent: {worst[1]} is {100 * abs(np.expm1(-worst[2])):.0f} % "
        f"{'longer' if worst[2] < 0 else 'shorter'} than the others imply. Check its photo, position and unit, or "
        "add another constraint to identify the wrong one"
    )


def _calibration(
    view: ViewProblem, x: Array, place: Sequence[int], weighed: Weighed, covariance: Array
) -> Calibration:
    """The calibration of one photo, whose points are in metres now."""
    dense = view.problem.dense
    assert dense is not None
    in_metres = replace(view.problem, dense=replace(dense, z_m=dense.z_m * np.exp(x[GAIN])))
    own = [NEAR, FAR][: len(place) - 1]
    of_view = np.zeros((4, 4))
    of_view[np.ix_(own, own)] = covariance[np.ix_(place[:-1], place[:-1])]
    solution = Solution(
        x=np.array([x[NEAR], x[FAR], 0.0, 0.0]),
        covariance=of_view,
        agree=weighed.agree,
        sigma=weighed.sigma,
        dense_agree=float(weighed.dense_agree.mean()),
        scatter=weighed.dense_sigma,
        cost=0.0,
    )
    calibration = calibration_of(
        view.data.estimate.depth,
        view.values,
        in_metres,
        solution,
        source=_SOURCE,
        model=view.data.estimate.model,
    )
    return replace(calibration, photo=view.data.name)
