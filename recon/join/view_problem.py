"""What is known of the depth of one of several photos: its points in the common world, and the user's constraints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recon.calibration.checks import check_range, check_reference_range
from recon.calibration.error_models import assumed_error_model, known_error_model
from recon.calibration.fit import inverse_of
from recon.calibration.gain import Picture
from recon.calibration.prior import Prior
from recon.calibration.problem import FAR, NEAR, Problem
from recon.calibration.residuals import explicit_of
from recon.calibration.robust_fit import Solution, polished
from recon.calibration.scatter import local_error
from recon.calibration.search import best_start
from recon.calibration.values import MIN_SAMPLES, Array, Dense, Values, dense_of
from recon.constraints import Constraint
from recon.errors import CalibrationError
from recon.estimator_names import MEASURED
from recon.geometry.nearer_surface import outline_reach
from recon.provenance import seen_pixels
from recon.statistics import SIGMA_PER_MEDIAN
from recon.types import DepthEstimate, Intrinsics, MetricDepth, RelativeDepth

_MOST_POINTS = 1000
"""Of one photo: more cost time and add nothing, as the errors of neighbours are correlated."""
_LEAST_AGREEMENT = 0.5
_AGREE = 3.0
"""Standard deviations within which a point agrees."""
_MOST_SCATTER, _MOST_SIGMAS = 0.3, 3.0
"""A photo of whose points fewer agree with its depth, or whose depth scatters about them by more than this, and by
more than this many standard deviations of its estimator, is left out."""
_SENSOR_SCALE = 0.01
"""Relative standard deviation of the scale of measured depth."""


@dataclass(frozen=True)
class ViewData:
    """A photo's depth, and what the joint fit compares it with."""

    name: str
    """Of the photo, for messages."""
    estimate: DepthEstimate
    camera: Intrinsics
    points: MetricDepth
    """(H, W) z-depth of single points, in the unit of the poses."""
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class ViewProblem:
    """The fit of one photo, in the unit of the poses, and its votes for the metre."""

    data: ViewData
    values: Values
    problem: Problem
    """Its reference are the points, whose ``GAIN`` is the logarithm of metres per unit of the poses."""
    start: Array
    """(4,) fitted to the points alone: inverse depth in 1 / unit of the poses."""
    prior: Prior | None
    """Of the depth's own metres; None for relative depth. Its sigma is that of this photo alone."""
    common_sigma: float
    """Standard deviation of the error of scale that a metric estimator makes in all photos of a place."""


def view_problem(data: ViewData) -> ViewProblem:
    """Prepares the fit of one photo.

    Raises:
        CalibrationError: Its depth does not agree with the points.
    """
    depth, camera = data.estimate.depth, data.camera
    relative = isinstance(depth, RelativeDepth)
    value = depth.inverse if isinstance(depth, RelativeDepth) else inverse_of(depth)
    log_sigma = depth.log_sigma if isinstance(depth, MetricDepth) else None
    seen = seen_pixels(data.estimate.details)
    outline_px = outline_reach(seen, width=camera.width, height=camera.height)
    values = Values.of(
        value, depth.valid, camera, shifted=relative, log_sigma=log_sigma, outline_px=outline_px
    )
    known = known_error_model(data.estimate.model)
    error = known or assumed_error_model(data.estimate.model)
    if relative:
        check_range(value[depth.valid], data.estimate.model)
    common = int((data.points.valid & depth.valid).sum())
    if common < MIN_SAMPLES:
        raise CalibrationError(
            f"only {common} points of it are known from other photos, and {MIN_SAMPLES} are needed: it needs more "
            "overlap or texture"
        )
    dense = _thinned(dense_of(_read_as_constraints(values, data.points), data.points, error))
    if relative:
        check_reference_range(dense.z_m, "the points that several photos show")
    problem = Problem(
        explicit=None, dense=dense, shift=relative, focal=False, least_far=-np.inf, gain_sigma=0.0, spread=error,
        scattered=False, prior=None,
    )  # fmt: skip
    alone = polished(problem, best_start(problem))
    _check_agreement(alone, most_scatter=max(_MOST_SCATTER, _MOST_SIGMAS * error.spread))
    # The points show how far single pixels are off, where nobody measured the estimator.
    spread = known or local_error(_scatter_of_inliers(dense, alone) or error.local)
    explicit = explicit_of(values, data.constraints, spread) if data.constraints else None
    shared, own = _scale_sigmas(values, data.estimate)
    prior = None if relative else Prior.of(values, own, shifted=False)
    return ViewProblem(
        data, values, replace(problem, explicit=explicit, spread=spread), alone.x, prior, shared
    )


def _read_as_constraints(values: Values, points: MetricDepth) -> Values:
    """The values at the points are medians of 3 x 3 pixels, as at the positions of constraints (``Values.at``): the
    scatter of the points is then the error to expect there."""
    rows, columns = np.nonzero(values.valid & points.valid)
    padded = np.pad(np.where(values.valid, values.value, np.nan), 1, constant_values=np.nan)
    around = [padded[rows + down, columns + right] for down in range(3) for right in range(3)]
    value = values.value.copy()
    value[rows, columns] = np.nanmedian(around, axis=0)
    return replace(values, value=value)


def _scatter_of_inliers(dense: Dense, alone: Solution) -> float:
    """Robust standard deviation of the points that agree: one in ten that is wrong widens that of all by 13 %."""
    off = np.abs(dense.residual(alone.x))
    agree = off <= _AGREE * (alone.scatter or 0.0)
    return SIGMA_PER_MEDIAN * float(np.median(off[agree])) if agree.any() else 0.0


def _check_agreement(alone: Solution, *, most_scatter: float) -> None:
    """Raises CalibrationError if the points and the depth of a photo are not of one scene."""
    agree, scatter = alone.dense_agree, alone.scatter or 0.0
    if not alone.x[NEAR] > 1e-3 * abs(alone.x[FAR]):
        raise CalibrationError(
            "its depth contradicts the poses: what is nearer in one is farther in the other"
        )
    if agree < _LEAST_AGREEMENT or scatter > most_scatter:
        raise CalibrationError(
            f"its depth does not fit the poses: {100 * agree:.0f} % of the points agree, within {100 * scatter:.0f} %"
        )


def _scale_sigmas(values: Values, estimate: DepthEstimate) -> tuple[float, float]:
    """Standard deviations of a metric estimator's log scale: what its errors in all photos of a place have in common,
    and what each photo adds.

    How an estimator's error model divides between places and photos of one place is not measured: half of the
    variance is assumed to be common, so that many photos make the scale at best 1.4 times as certain as one.
    """
    known = known_error_model(estimate.model)
    if known is None and estimate.model == MEASURED:
        return _SENSOR_SCALE, _SENSOR_SCALE
    error = known or assumed_error_model(estimate.model)
    pixels_px, u = values.spread_out()
    picture = Picture(pixels_px, u, error.factors(values.log_sigma, pixels_px))
    common = error.scale / 2**0.5
    whole = picture.common_sigma(error, values.camera)
    return common, max((whole**2 - common**2) ** 0.5, 1e-3)


def _thinned(dense: Dense) -> Dense:
    """``dense_of`` draws them in random order."""
    some = slice(0, _MOST_POINTS)
    return Dense(dense.u[some], dense.z_m[some], dense.cell[some], dense.unsure[some])


def start_gains(views: Sequence[ViewProblem]) -> list[float]:
    """Logarithms of metres per unit of the poses, as single constraints and the photos' own metres imply."""
    gains = []
    for view in views:
        if view.problem.explicit is not None:
            gains += [-float(each) for each in view.problem.explicit.residual(view.start)]
        if view.prior is not None:
            gains.append(float(np.log(view.start[NEAR] / view.prior.unit)))
    return gains
