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
from recon.calibration.robust_fit import Solution, Weighed, weigh, whitened
from recon.calibration.values import Array
from recon.errors import CalibrationError
from recon.join.view_problem import ViewProblem, start_gains
from recon.statistics import COVERAGE_FACTOR

_AGREE = 3.0
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


@dataclass(frozen=True)
class _Unknowns:
    """Where the unknowns of each photo are in the vector of all: those of a photo, then unit and common error."""

    views: tuple[ViewProblem, ...]

    def split(self, every: Array) -> list[Array]:
        """(4,) for each photo; their gain is the common unit."""
        at, found = 0, []
        for view in self.views:
            count = 1 + view.problem.shift
            far = every[at + 1] if view.problem.shift else 0.0
            found.append(np.array([every[at], far, 0.0, every[-2]]))
            at += count
        return found

    def places(self) -> list[list[int]]:
        """Indices of the unknowns of each photo, and of the unit."""
        at, found = 0, []
        for view in self.views:
            count = 1 + view.problem.shift
            found.append([*range(at, at + count), self.size - 2])
            at += count
        return found

    @property
    def size(self) -> int:
        """Number of all unknowns."""
        return sum(1 + view.problem.shift for view in self.views) + 2

    def start(self, gain: float) -> Array:
        """All unknowns, where the photos have the depth of the poses in metres."""
        shrink = np.exp(-gain)
        parts = [view.start[: 1 + view.problem.shift] * shrink for view in self.views]
        return np.concatenate([*parts, [gain, 0.0]])


def joint_fit(views: Sequence[ViewProblem], *, unit_sigma: float | None) -> JointFit:
    """Fits all photos.

    Args:
        views: One or more.
        unit_sigma: Relative standard deviation of the unit of the poses, if it is the metre; None: it is unknown.

    Raises:
        CalibrationError: Nothing determines the metre, or the constraints contradict each other.
    """
    unknowns = _Unknowns(tuple(views))
    gains = [*start_gains(views), *([0.0] if unit_sigma is not None else [])]
    if not gains:
        raise CalibrationError(
            "nothing determines the scale: the depth and the poses are known only up to scale; use a metric model "
            "(--model depthpro), or give a known length, e.g. --length PHOTO:100,200:100,900=2.03m"
        )
    every = min((unknowns.start(gain) for gain in gains), key=lambda each: _cost(unknowns, each, unit_sigma))
    every, weighed, votes, jacobian = _polished(unknowns, every, unit_sigma)
    _check_constraints(unknowns, every, weighed)
    covariance = covariance_of(jacobian.T @ jacobian)
    sigma = float(np.sqrt(covariance[-2, -2]))
    split, places = unknowns.split(every), unknowns.places()
    calibrations = tuple(
        _calibration(*each, covariance) for each in zip(views, split, places, weighed, strict=True)
    )
    return JointFit(calibrations, float(np.exp(every[-2])), float(np.expm1(COVERAGE_FACTOR * sigma)), votes)


def _polished(
    unknowns: _Unknowns, every: Array, unit_sigma: float | None
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
        votes = _votes(unknowns, every)

        def residual(
            chosen: Array, weighed: list[Weighed] = weighed, votes: NDArray[np.bool_] = votes
        ) -> Array:
            return _residual(unknowns, chosen, weighed, votes, unit_sigma)

        result = least_squares(residual, every, bounds=(low, np.inf), x_scale="jac", jac="2-point")
        every = result.x
        now = (votes.tobytes(), *(each.agree.tobytes() + each.dense_agree.tobytes() for each in weighed))
        if now == agreed:
            break
        agreed = now
    return every, weighed, votes, result.jac


def _residual(
    unknowns: _Unknowns,
    every: Array,
    weighed: Sequence[Weighed],
    votes: NDArray[np.bool_],
    unit_sigma: float | None,
) -> Array:
    """Of all observations, in standard deviations."""
    split = unknowns.split(every)
    parts = [
        whitened(view.problem, each, x) for view, each, x in zip(unknowns.views, weighed, split, strict=True)
    ]
    parts.append(_from_prior(unknowns, every)[votes])
    common = max(view.common_sigma for view in unknowns.views)
    parts.append(np.array([every[-1] / common]))
    if unit_sigma is not None:
        parts.append(np.array([every[-2] / unit_sigma]))
    return np.concatenate(parts)


def _from_prior(unknowns: _Unknowns, every: Array) -> Array:
    """(N,) deviations of the photos' scales from their own metres and the common error; 0 if they have no metres."""
    return np.array(
        [
            0.0 if view.prior is None else view.prior.residual(x)[0] - every[-1] / view.prior.scale_sigma
            for view, x in zip(unknowns.views, unknowns.split(every), strict=True)
        ]
    )


def _votes(unknowns: _Unknowns, every: Array) -> NDArray[np.bool_]:
    """(N,) whether the metres of each photo agree with those of the others: with their median, which two cannot
    outvote."""
    off = _from_prior(unknowns, every)
    has_metres = np.array([view.prior is not None for view in unknowns.views])
    if has_metres.sum() < 3:
        return has_metres
    return has_metres & (np.abs(off - np.median(off[has_metres])) <= _AGREE)


def _cost(unknowns: _Unknowns, every: Array, unit_sigma: float | None) -> float:
    """Robust cost of a start: every vote for the metre counts at most as much as an outlier."""
    off = [_from_prior(unknowns, every)]
    for view, x in zip(unknowns.views, unknowns.split(every), strict=True):
        if view.problem.explicit is not None:
            sigma = np.sqrt(view.problem.explicit.variance(x, view.problem.spread))
            off.append(view.problem.explicit.residual(x) / sigma)
    if unit_sigma is not None:
        off.append(np.array([every[-2] / unit_sigma]))
    return float(np.log1p(np.concatenate(off) ** 2).sum())


def _check_constraints(unknowns: _Unknowns, every: Array, weighed: Sequence[Weighed]) -> None:
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
