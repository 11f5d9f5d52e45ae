"""Fits a calibration to an estimate and the known measurements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recon.calibration.agreement import solved
from recon.calibration.calibration import Calibration, Residual
from recon.calibration.checks import (
    check_agreement,
    check_count,
    check_determined,
    check_positions,
    check_range,
    check_reference_range,
)
from recon.calibration.error_models import assumed_error_model
from recon.calibration.gain import Picture
from recon.calibration.prior import Prior
from recon.calibration.problem import FAR, FOCAL, NEAR, Problem
from recon.calibration.residuals import Explicit, explicit_of
from recon.calibration.robust_fit import Solution
from recon.calibration.values import Array, Dense, Values, dense_of
from recon.constraints import Constraint
from recon.error_model import ErrorModel
from recon.geometry.gravity import Levelling
from recon.statistics import COVERAGE_FACTOR
from recon.types import FloatMap, Intrinsics, MetricDepth, RelativeDepth

# Depth is extrapolated up to this multiple of the reference's greatest distance.
_MAX_EXTRAPOLATION = 4.0
_FARTHEST_M = 1000.0
"""Assumed greatest distance of any visible object; bounds the shift if there is no dense reference."""


@dataclass(frozen=True)
class FitData:
    """Known measurements of a scene, besides the estimate."""

    constraints: Sequence[Constraint] = ()
    reference: MetricDepth | None = None
    """(H, W) metric depth of the same photo: measured (dense or sparse), or predicted by another estimator."""
    source: str = "constraints"
    """Description of the reference, for the provenance."""
    reference_sigma: float = 0.0
    """Relative standard deviation of the reference's scale."""
    levelling: Levelling | None = None
    """Of the estimate in metres; a known camera height is that above its floor."""
    levelled_as: tuple[float, float] = (1.0, 0.0)
    """Scale and shift of inverse depth that brought the estimate to these metres."""


@dataclass(frozen=True)
class Unknowns:
    """Unknowns that are fitted besides the scale."""

    shift: bool
    """The shift of inverse depth."""
    focal: bool = False
    """The focal length."""


def calibrate(
    depth: RelativeDepth | MetricDepth,
    data: FitData,
    *,
    camera: Intrinsics,
    unknowns: Unknowns,
    model: str,
    spread: ErrorModel | None = None,
    outline_px: int = 0,
) -> Calibration:
    """Fits scale, and optionally shift and focal length, to the known measurements.

    Args:
        depth: (H, W) of the photo.
        data: Constraints, a reference, or both.
        camera: Of the photo; the starting value if the focal length is free.
        unknowns: Which unknowns are free.
        model: Name of the estimator, for the provenance.
        spread: The estimator's error model; None to estimate the error from the scatter of the constraints.
        outline_px: How far off the estimator may place an object's outline (``outline_reach``).

    Returns:
        The calibration; ``focal_px`` is set if the focal length was free.

    Raises:
        CalibrationError: The constraints are insufficient, or no fit exists; the message says what to add or check.
    """
    value = depth.inverse if isinstance(depth, RelativeDepth) else inverse_of(depth)
    kind = "relative" if isinstance(depth, RelativeDepth) else "metric"
    check_positions(data.constraints, width=camera.width, height=camera.height)
    log_sigma = depth.log_sigma if isinstance(depth, MetricDepth) else None
    values = Values.of(
        value, depth.valid, camera, shifted=unknowns.shift, log_sigma=log_sigma, outline_px=outline_px
    )
    error = spread or assumed_error_model(model)
    if unknowns.shift:
        check_range(value[depth.valid], model)
    dense = None if data.reference is None else dense_of(values, data.reference, error)
    if dense is not None and unknowns.shift:
        check_reference_range(dense.z_m, data.source)
    explicit = (
        explicit_of(values, data.constraints, error, data.levelling, data.levelled_as)
        if data.constraints
        else None
    )
    pixels_px, u = values.spread_out()
    picture = Picture(pixels_px, u, error.factors(log_sigma, pixels_px))
    problem = Problem(
        explicit=explicit,
        dense=dense,
        shift=unknowns.shift,
        focal=unknowns.focal,
        least_far=1 / _FARTHEST_M if unknowns.shift and dense is None else -np.inf,
        gain_sigma=data.reference_sigma if dense is not None else 0.0,
        spread=error,
        scattered=spread is None,
        prior=_prior(values, picture, error, dense, unknowns) if kind == "metric" else None,
    )
    check_count(problem, kind)
    problem, solution = solved(problem, picture)
    if dense is None and explicit is not None:
        check_agreement(problem, explicit, solution, picture)
    check_determined(problem, solution, model, data.source)
    result = calibration_of(depth, values, problem, solution, source=data.source, model=model)
    return replace(result, contradictory=problem.spread != error)


def _prior(
    values: Values, picture: Picture, error: ErrorModel, dense: Dense | None, unknowns: Unknowns
) -> Prior | None:
    """Prior of a metric estimator's scale; None if its error model has no error of scale."""
    if not error.scale:
        return None
    # With a dense reference, the fitted scale includes the mean of the smooth error over the photo; with single
    # lengths, ``gain`` separates the two.
    sigma = error.scale if dense is None else picture.common_sigma(error, values.camera)
    return Prior.of(values, sigma, shifted=unknowns.shift)


def scale_shift_by(values: Values, *, shifted: bool) -> Array:
    """(2, 2) derivatives of scale and shift of a ``Calibration`` by the unknowns ``NEAR`` and ``FAR``."""
    derivatives = np.array([[1 / values.unit, 0.0], [-values.offset / values.unit, 1.0]])
    return derivatives if shifted else derivatives * [[1.0], [0.0]]


def calibration_of(
    depth: RelativeDepth | MetricDepth,
    values: Values,
    problem: Problem,
    solution: Solution,
    *,
    source: str,
    model: str,
) -> Calibration:
    """The calibration that a solution of the problem describes.

    Args:
        depth: (H, W) the estimator's.
        values: The same, normalised.
        problem: What was fitted.
        solution: Its solution.
        source: Description of the reference, for the provenance.
        model: Name of the estimator.
    """
    near, far = float(solution.x[NEAR]), float(solution.x[FAR])
    camera, dense, explicit = values.camera, problem.dense, problem.explicit
    to_scale_shift = scale_shift_by(values, shifted=problem.shift)
    covariance = to_scale_shift @ solution.covariance[:2, :2] @ to_scale_shift.T
    scale, shift = (float(each) for each in to_scale_shift @ np.array([near, far]))
    middle = np.array([float(np.median(values.value[values.valid])), 1.0])
    sigma = solution.common_sigma
    if sigma is None:
        sigma = float(np.sqrt(max(middle @ covariance @ middle, 0.0)) / abs(middle @ [scale, shift]))
    anchors = (
        ()
        if solution.anchors is None or explicit is None
        else (
            tuple(
                tuple(row)
                for row in np.hstack([explicit.pixels_px, (to_scale_shift @ solution.anchors[:2]).T]).tolist()
            )
        )
    )
    return Calibration(
        kind="relative" if isinstance(depth, RelativeDepth) else "metric",
        scale=scale,
        shift=shift,
        covariance=(
            (float(covariance[0, 0]), float(covariance[0, 1])),
            (float(covariance[1, 0]), float(covariance[1, 1])),
        ),
        relative_error=solution.scatter,
        outliers=1.0 - solution.dense_agree if dense is not None else float(1.0 - solution.agree.mean()),
        max_depth_m=_reach_m(problem),
        scale_interval=float(np.expm1(COVERAGE_FACTOR * sigma)),
        model=model,
        reference=source,
        width=camera.width,
        height=camera.height,
        focal_px=camera.fx * float(np.exp(solution.x[FOCAL])) if problem.focal else None,
        focal_sigma=float(np.sqrt(solution.covariance[FOCAL, FOCAL])) if problem.focal else None,
        constraints=() if explicit is None else _residuals(explicit, solution),
        scale_prior=None if problem.prior is None else problem.prior.scale_sigma,
        anchors=anchors,
    )


def _reach_m(problem: Problem) -> float:
    """The greatest distance for which the fit is valid, m."""
    if not problem.shift:
        return float("inf")
    if problem.dense is None:
        return _FARTHEST_M
    reach_m = _MAX_EXTRAPOLATION * float(np.percentile(problem.dense.z_m, 99.5))
    return (
        reach_m
        if problem.explicit is None
        else max(reach_m, _MAX_EXTRAPOLATION * float(problem.explicit.known_m.max()))
    )


def _residuals(explicit: Explicit, solution: Solution) -> tuple[Residual, ...]:
    fitted_m = np.exp(explicit.log_length(solution.x))
    given_sigma = np.sqrt(explicit.given_variance(solution.x))
    each = zip(
        explicit.texts, explicit.known_m, fitted_m, given_sigma, solution.sigma, solution.agree, strict=True
    )
    return tuple(
        Residual(text, float(known_m), float(here_m), float(given), float(sigma), bool(used))
        for text, known_m, here_m, given, sigma, used in each
    )


def inverse_of(depth: MetricDepth) -> FloatMap:
    """(H, W) inverse depth, 1/m; 0 where it is unknown."""
    inverse = np.zeros_like(depth.z_m)
    np.divide(np.float32(1.0), depth.z_m, out=inverse, where=depth.valid)
    return inverse
