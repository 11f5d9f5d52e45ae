"""From an estimate and what is known to a calibration; what cannot be had says what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recon.calibration.calibration import Calibration, Residual
from recon.calibration.error_model import ErrorModel
from recon.calibration.residuals import Array, Explicit, Values, dense_of, explicit_of
from recon.calibration.solver import FAR, FOCAL, NEAR, Problem, Solution, solve
from recon.constraints import Constraint
from recon.errors import CalibrationError
from recon.types import FloatMap, Intrinsics, MetricDepth, RelativeDepth

# Beyond this multiple of the farthest distance that a reference knew, an extrapolated depth is not believed.
_MAX_EXTRAPOLATION = 4.0
_FARTHEST_M = 1000.0
"""Nothing that is seen is farther than this: it bounds the shift where only single lengths are known."""
_NAMED = 12
"""Up to this many constraints it is tried which one the others disagree with, by leaving each out."""


@dataclass(frozen=True)
class Known:
    """What is known of a photo's scene beside its estimate."""

    constraints: Sequence[Constraint] = ()
    reference: MetricDepth | None = None
    """(H, W) metric depth of the same photo: measured, dense or sparse, or of another estimator."""
    source: str = "constraints"
    """What the reference is, for the record."""
    reference_sigma: float = 0.0
    """Relative standard deviation of the reference's own scale."""


@dataclass(frozen=True)
class Unknowns:
    """What is fitted beside the scale."""

    shift: bool
    """The shift of inverse depth."""
    focal: bool = False
    """The focal length."""


def calibrate(
    depth: RelativeDepth | MetricDepth,
    known: Known,
    *,
    camera: Intrinsics,
    unknowns: Unknowns,
    model: str,
    spread: ErrorModel | None = None,
) -> Calibration:
    """Fits scale, and where they are free shift and focal length, to all that is known.

    Args:
        depth: (H, W) of the photo.
        known: Constraints, a reference, or both.
        camera: Of the photo; with a free focal length, where to begin.
        unknowns: What is free.
        model: Name of the estimator, for the record.
        spread: The estimator's error model; None where nobody has measured it: the constraints' scatter tells then.

    Returns:
        The calibration, its ``focal_px`` that of the fit where it was free.

    Raises:
        CalibrationError: Too little is known, or it contradicts itself; the message names what is missing or wrong.
    """
    value = depth.inverse if isinstance(depth, RelativeDepth) else _inverse(depth)
    kind = "relative" if isinstance(depth, RelativeDepth) else "metric"
    values = Values.of(value, depth.valid, camera, shifted=unknowns.shift)
    if unknowns.shift:
        _check_range(value[depth.valid], model)
    dense = None if known.reference is None else dense_of(values, known.reference)
    if dense is not None and unknowns.shift:
        _check_reference_range(dense.z_m, known.source)
    explicit = explicit_of(values, known.constraints) if known.constraints else None
    problem = Problem(
        explicit=explicit,
        dense=dense,
        shift=unknowns.shift,
        focal=unknowns.focal,
        least_far=1 / _FARTHEST_M if unknowns.shift and dense is None else -np.inf,
        gain_sigma=known.reference_sigma if dense is not None else 0.0,
        spread=spread,
    )
    _check_count(problem, kind)
    found = solve(problem)
    if dense is None and explicit is not None:
        _check_agreement(problem, explicit, found)
    _check_determined(problem, found, model, known.source)
    return _calibration(depth, values, problem, found, known, model)


def _calibration(
    depth: RelativeDepth | MetricDepth,
    values: Values,
    problem: Problem,
    found: Solution,
    known: Known,
    model: str,
) -> Calibration:
    near, far = float(found.x[NEAR]), float(found.x[FAR])
    camera = values.camera
    to_scale_shift = np.array([[1 / values.unit, 0.0], [-values.offset / values.unit, 1.0]])
    covariance = to_scale_shift @ found.covariance[:2, :2] @ to_scale_shift.T
    scale, shift = (float(each) for each in to_scale_shift @ np.array([near, far]))
    if not problem.shift:
        shift, covariance[:, 1], covariance[1, :] = 0.0, 0.0, 0.0
    middle = np.array([float(np.median(values.value[values.valid])), 1.0])
    inverse = float(middle @ np.array([scale, shift]))
    focal_sigma = float(np.sqrt(found.covariance[FOCAL, FOCAL])) if problem.focal else None
    dense, explicit = problem.dense, problem.explicit
    outliers = 1.0 - found.dense_agree if dense is not None else float(1.0 - found.agree.mean())
    return Calibration(
        kind="relative" if isinstance(depth, RelativeDepth) else "metric",
        scale=scale,
        shift=shift,
        covariance=(
            (float(covariance[0, 0]), float(covariance[0, 1])),
            (float(covariance[1, 0]), float(covariance[1, 1])),
        ),
        relative_error=found.scatter,
        outliers=outliers,
        max_depth_m=_reach_m(problem),
        scale_interval=1.96 * float(np.sqrt(max(middle @ covariance @ middle, 0.0))) / abs(inverse),
        model=model,
        reference=known.source,
        width=camera.width,
        height=camera.height,
        focal_px=camera.fx * float(np.exp(found.x[FOCAL])) if problem.focal else None,
        focal_sigma=focal_sigma,
        constraints=() if explicit is None else _residuals(explicit, found),
    )


def _reach_m(problem: Problem) -> float:
    """The farthest distance that the fit is believed at, m."""
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


def _residuals(explicit: Explicit, found: Solution) -> tuple[Residual, ...]:
    off = np.expm1(explicit.residual(found.x))
    return tuple(
        Residual(text, float(share), float(sigma), bool(used))
        for text, share, sigma, used in zip(explicit.texts, off, found.sigma, found.agree, strict=True)
    )


def _inverse(depth: MetricDepth) -> FloatMap:
    inverse = np.zeros_like(depth.z_m)
    np.divide(np.float32(1.0), depth.z_m, out=inverse, where=depth.valid)
    return inverse


def _check_range(value: FloatMap, model: str) -> None:
    spread = float(np.subtract(*np.percentile(value, [95, 5])))
    if spread <= 1e-6 * max(1.0, float(np.abs(value).max())):
        raise CalibrationError(
            f"{model} sees the same depth everywhere, so scale and shift cannot be told apart: use a photo that "
            "shows near and far things"
        )


def _check_reference_range(z_m: Array, source: str) -> None:
    inverse = 1 / z_m
    if float(np.subtract(*np.percentile(inverse, [95, 5]))) <= 1e-3 * float(np.median(inverse)):
        raise CalibrationError(
            f"the reference ({source}) has the same depth everywhere, so scale and shift cannot be told apart: "
            "use one that covers near and far things"
        )


def _check_count(problem: Problem, kind: str) -> None:
    """Raises CalibrationError unless there are as many constraints as unknowns."""
    count = 0 if problem.explicit is None else len(problem.explicit)
    # A reference tells scale and shift; the focal length only in so far as lengths across are known, too.
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


def _check_agreement(problem: Problem, explicit: Explicit, found: Solution) -> None:
    """Raises CalibrationError where the constraints contradict each other and no majority tells which is wrong."""
    used, count = int(found.agree.sum()), len(explicit)
    if used == count or (used > problem.needed and used > count / 2):
        return
    worst = _disagreeing(problem, explicit, found)
    over = float(np.exp(-explicit.residual(found.x)[worst]))
    told = f"{100 * (over - 1):.0f} % too long" if over > 1 else f"{100 * (1 - over):.0f} % too short"
    raise CalibrationError(
        f"what is known contradicts itself: {explicit.texts[worst]} is {told} for the others. Check its position and "
        "its unit, or add one more that tells which of them is wrong"
    )


def _disagreeing(problem: Problem, explicit: Explicit, found: Solution) -> int:
    """The constraint without which the others agree best."""
    standardised = np.abs(explicit.residual(found.x)) / found.sigma
    if len(explicit) > _NAMED or len(explicit) - 1 < problem.needed:
        return int(standardised.argmax())
    costs = [solve(replace(problem, explicit=explicit.without(at))).cost for at in range(len(explicit))]
    cheapest = min(costs)
    # Where leaving out any of several helps as much, the one that is farthest off is named.
    return max(
        (at for at, cost in enumerate(costs) if cost <= cheapest + 1.0), key=lambda at: standardised[at]
    )


def _check_determined(problem: Problem, found: Solution, model: str, source: str) -> None:
    near = float(found.x[NEAR])
    if problem.shift and near <= 1e-3 * max(abs(float(found.x[FAR])), 1e-9):
        raise CalibrationError(
            f"{model} and what is known ({source}) contradict each other: what is nearer in one is farther in the "
            "other. Check that both belong to this photo, and the unit"
        )
    sigma = np.sqrt(np.diag(found.covariance))
    if problem.shift and not sigma[NEAR] < near:
        raise CalibrationError(
            "what is known lies at about one distance, so scale and shift cannot be told apart: add "
            "a --length or --at "
            "that is clearly nearer or farther"
        )
    if problem.focal and not sigma[FOCAL] < 0.5:
        raise CalibrationError(
            "what is known does not tell the focal length: give lengths in two directions, one "
            "across the view and one "
            "into it, a --rectangle seen at a slant, or --focal-px, --focal-35mm or --fov"
        )
