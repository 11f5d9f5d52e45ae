"""Propagates the errors of the inputs to the interval of a quantity.

By default first-order propagation, ``u^2 = J C J'`` with sensitivities by central differences (JCGM 100:2008, the
GUM, 5.2.2), and a symmetric interval of 1.96 u to both sides. If an error exceeds 20 % of the value's distance from
the end of its range (a length cannot be below 0, an angle not above 180 degrees), or 20 % of a depth, the
distribution itself is propagated with 10,000 draws of a fixed seed (JCGM 101:2008), and the interval ends at the 2.5
and 97.5 % quantiles. All draws of a length near 0 lie on one side of it, and few of them near 0; so if 1.96 u reaches
the end of the range, the interval extends to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from recon.measure.error_budget import Budget
from recon.measure.measurement import Dimension, Interval
from recon.statistics import COVERAGE_FACTOR
from recon.types import Intrinsics

Array = NDArray[np.float64]

Quantity = Callable[[Array], Array]
"""(B, N, 3) points in m, cam frame, to (B, Q) values: B copies of the same N points, each with different errors."""

LINEAR = 0.2
"""Relative error above which the distribution is propagated by sampling."""
_DRAWS = 10_000
_AT_ONCE = 1_000
_SEED = 0
# Steps of the central differences: in log depth and log focal length, and in px.
LOG_STEP, PIXEL_STEP = 1e-5, 1e-3
_RANGES: dict[str, tuple[float, float]] = {
    "length": (0.0, inf),
    "area": (0.0, inf),
    "angle": (0.0, 180.0),
    "right-angle": (0.0, 90.0),
    "signed": (-inf, inf),
}


@dataclass(frozen=True)
class Inputs:
    """N points that a quantity is computed from."""

    pixels_px: Array
    """(N, 2)."""
    z_m: Array
    """(N,)."""
    slope: Array
    """(N, 2) change of log depth per px of the surface at each point."""
    picked: int
    """Number of points picked by hand, which come first; the others sample a surface, and their positions are
    exact."""
    camera: Intrinsics

    @property
    def errors(self) -> int:
        """Number of errors: log depth of each point, x and y of each picked one, log focal length."""
        return len(self.z_m) + 2 * self.picked + 1

    def points(self, errors: Array, *, depth_follows_focal: bool) -> Array:
        """(B, N, 3) points in m, cam frame, with (B, ``errors``) errors applied."""
        count, picked, camera = len(self.z_m), self.picked, self.camera
        log_focal = errors[:, -1:]
        log_z = errors[:, :count] + (log_focal if depth_follows_focal else 0.0)
        moved_px = np.zeros((len(errors), count, 2))
        moved_px[:, :picked] = errors[:, count : count + 2 * picked].reshape(len(errors), picked, 2)
        z_m = self.z_m * np.exp(log_z + (self.slope * moved_px).sum(axis=-1))
        at_px = self.pixels_px + moved_px - np.array([camera.cx, camera.cy])
        xy = at_px / np.array([camera.fx, camera.fy]) * np.exp(-log_focal)[..., None] * z_m[..., None]
        return np.concatenate([xy, z_m[..., None]], axis=-1)


@dataclass(frozen=True)
class Output:
    """One of the values of a quantity."""

    dimension: Dimension
    span: str = ""
    """Its range, if not the default one: ``signed``, ``right-angle``."""

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest possible value."""
        return _RANGES[self.span or self.dimension]


@dataclass(frozen=True)
class Propagated:
    """The values of a quantity with their errors."""

    intervals: tuple[Interval, ...]
    covariance: Array | None
    """(Q, Q) covariance of the values, to first order; None if the errors are unknown."""


def propagate(inputs: Inputs, quantity: Quantity, outputs: Sequence[Output], budget: Budget) -> Propagated:
    """Values and 95 % intervals of a quantity; only values if the budget is unknown."""

    def values_under(errors: Array) -> Array:
        return quantity(inputs.points(errors, depth_follows_focal=budget.depth_follows_focal))

    if budget.unknown is not None:
        values = values_under(np.zeros((1, inputs.errors)))[0]
        plain = (Interval(float(v), o.dimension) for v, o in zip(values, outputs, strict=True))
        return Propagated(tuple(plain), None)
    covariance = error_covariance(inputs, budget)
    step = np.full(inputs.errors, LOG_STEP)
    count = len(inputs.z_m)
    step[count : count + 2 * inputs.picked] = PIXEL_STEP
    depth_sigma = float(np.sqrt(covariance.diagonal()[:count].max()))
    return propagated(values_under, covariance, step, outputs, large=depth_sigma > LINEAR)


def propagated(
    values_under: Callable[[Array], Array],
    covariance: Array,
    step: Array,
    outputs: Sequence[Output],
    *,
    large: bool = False,
) -> Propagated:
    """Values and 95 % intervals under normal errors.

    Args:
        values_under: Maps (B, E) errors to (B, Q) values.
        covariance: (E, E) covariance of the errors.
        step: (E,) step sizes of the central differences.
        outputs: (Q,) descriptions of the values.
        large: Whether the errors are too large for first-order propagation, whatever the values.
    """
    values = values_under(np.zeros((1, len(step))))[0]
    jacobian = _sensitivities(values_under, step)
    spread = jacobian @ covariance @ jacobian.T
    sigma = np.sqrt(np.maximum(np.diag(spread), 0.0))
    nonlinear = [
        large or s >= LINEAR * min(v - o.ends[0], o.ends[1] - v)
        for v, s, o in zip(values, sigma, outputs, strict=True)
    ]
    drawn = _drawn(values_under, covariance) if any(nonlinear) else None
    intervals = []
    for k, output in enumerate(outputs):
        value, s = float(values[k]), float(sigma[k])
        if nonlinear[k] and drawn is not None:
            intervals.append(_sampled_interval(value, s, output, drawn[:, k]))
        else:
            half = COVERAGE_FACTOR * s
            ends = (value - half, value + half)
            intervals.append(Interval(value, output.dimension, s, *ends, method="first-order"))
    return Propagated(tuple(intervals), spread)


def error_covariance(inputs: Inputs, budget: Budget) -> Array:
    """(E, E) covariance of the errors of the inputs, in the order of ``Inputs.errors``."""
    count, camera = len(inputs.z_m), inputs.camera
    total = np.zeros((inputs.errors, inputs.errors))
    total[:count, :count] = budget.log_depth_covariance(
        inputs.pixels_px, inputs.z_m, width=camera.width, height=camera.height
    )
    picks = np.arange(count, count + 2 * inputs.picked)
    total[picks, picks] = budget.pixel_sigma_px**2
    total[-1, -1] = budget.focal_sigma**2
    return total


def draw(covariance: Array, count: int, rng: np.random.Generator) -> Array:
    """Draws (count, E) normal errors with an (E, E) covariance, which may be singular."""
    variance, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(variance, 0.0))
    return np.asarray(rng.standard_normal((count, len(covariance))) @ root.T)


def _sensitivities(values_under: Callable[[Array], Array], step: Array) -> Array:
    """(Q, E) derivatives of the values by the errors."""
    values = values_under(np.concatenate([np.diag(step), -np.diag(step)]))
    return np.asarray(((values[: len(step)] - values[len(step) :]) / (2 * step[:, None])).T)


def _drawn(values_under: Callable[[Array], Array], covariance: Array) -> Array:
    """(draws, Q) values under random errors."""
    errors = draw(covariance, _DRAWS, np.random.default_rng(_SEED))
    parts = (errors[start : start + _AT_ONCE] for start in range(0, _DRAWS, _AT_ONCE))
    return np.concatenate([values_under(part) for part in parts])


def _sampled_interval(value: float, sigma: float, output: Output, drawn: Array) -> Interval:
    low, high = (float(x) for x in np.quantile(drawn, [0.025, 0.975]))
    low, high = min(low, value), max(high, value)
    least, most = output.ends
    if value - COVERAGE_FACTOR * sigma <= least:
        low = least
    if value + COVERAGE_FACTOR * sigma >= most:
        high = most
    return Interval(value, output.dimension, float(drawn.std()), low, high, method="monte-carlo")
