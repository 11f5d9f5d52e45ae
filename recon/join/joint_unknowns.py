"""The unknowns of all photos together, and the residuals of what is known of them, in standard deviations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.calibration.robust_fit import Weighed, whitened
from recon.calibration.values import Array
from recon.join.view_problem import ViewProblem

_AGREE = 3.0


@dataclass(frozen=True)
class Unknowns:
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


def residual_of(
    unknowns: Unknowns,
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


def _from_prior(unknowns: Unknowns, every: Array) -> Array:
    """(N,) deviations of the photos' scales from their own metres and the common error; 0 if they have no metres."""
    return np.array(
        [
            0.0 if view.prior is None else view.prior.residual(x)[0] - every[-1] / view.prior.scale_sigma
            for view, x in zip(unknowns.views, unknowns.split(every), strict=True)
        ]
    )


def votes_of(unknowns: Unknowns, every: Array) -> NDArray[np.bool_]:
    """(N,) whether the metres of each photo agree with those of the others: with their median, which two cannot
    outvote."""
    off = _from_prior(unknowns, every)
    has_metres = np.array([view.prior is not None for view in unknowns.views])
    if has_metres.sum() < 3:
        return has_metres
    return has_metres & (np.abs(off - np.median(off[has_metres])) <= _AGREE)


def cost_of(unknowns: Unknowns, every: Array, unit_sigma: float | None) -> float:
    """Robust cost of a start: every vote for the metre counts at most as much as an outlier."""
    off = [_from_prior(unknowns, every)]
    for view, x in zip(unknowns.views, unknowns.split(every), strict=True):
        if view.problem.explicit is not None:
            sigma = np.sqrt(view.problem.explicit.variance(x, view.problem.spread))
            off.append(view.problem.explicit.residual(x) / sigma)
    if unit_sigma is not None:
        off.append(np.array([every[-2] / unit_sigma]))
    return float(np.log1p(np.concatenate(off) ** 2).sum())
