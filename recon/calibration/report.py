"""Text summaries and warnings of a calibration."""

from itertools import combinations
from math import exp, hypot, log

from recon.calibration.calibration import Calibration, Residual
from recon.calibration.error_models import assumed_error_model
from recon.error_model import ErrorModel
from recon.statistics import COVERAGE_FACTOR
from recon.units import scale_text

WEAK = 0.3
"""A wider 95 % interval (half-width) of the scale is a warning."""
_UNFIT = 0.15
"""An estimator with a larger standard deviation of log depth after calibration is unfit for measuring."""
_CONTRADICTION_SIGMAS, _CONTRADICTION = 3.0, 0.1
"""Two constraints contradict each other if they differ by more than this many of their own standard deviations, and
by more than this fraction, or than the estimator's errors explain."""
_DOUBTFUL = 0.25
"""A larger standard deviation of the residuals between an estimator and its reference is a warning."""


def summary(calibration: Calibration, measured: ErrorModel | None) -> str:
    """One sentence: what was calibrated with what, how well it fits, and the uncertainty of the scale.

    Args:
        calibration: The calibration.
        measured: The estimator's error model; None if there is none.
    """
    scatter = (
        ""
        if not calibration.relative_error
        else f"residual {100 * calibration.relative_error:.1f} % of the distance, "
    )
    doubt = " (95 %, assuming the reference is correct)" if not calibration.constraints else " (95 %)"
    scale = f"scale {scale_text(calibration.scale_interval)}{doubt}"
    return (
        f"{calibration.model} calibrated with {calibration.reference}: {scatter}{scale}"
        f"{_assumption(calibration, measured)}"
    )


def fitted_text(residual: Residual) -> str:
    """The given length and the fitted one: ``2.03 m given, 1.90 m after the fit (6 % too short): ...``."""
    off = round(100 * abs(residual.off), 1 if abs(residual.off) < 0.1 else 0)
    how = f" ({off:g} % too {'long' if residual.off > 0 else 'short'})" if off else ""
    given, fitted = _metres(residual.given_m), _metres(residual.fitted_m)
    return f"{given} given, {fitted} after the fit{how}: {residual.constraint}"


def doubts(calibration: Calibration, measured: ErrorModel | None) -> list[str]:
    """Warnings about a calibration or its constraints, one sentence each.

    Args:
        calibration: The calibration.
        measured: The estimator's error model; None if there is none.
    """
    doubts = [_unfit(calibration, measured), _surprise(calibration, measured), _contradiction(calibration)]
    if calibration.relative_error is not None and calibration.relative_error > _DOUBTFUL:
        doubts.append(
            f"{calibration.model} and {calibration.reference} agree poorly: they differ by "
            f"{100 * calibration.relative_error:.0f} % of the distance (one standard deviation)"
        )
    doubts += [
        f"{residual.constraint} disagrees with the others and was rejected: after the fit it is "
        f"{100 * abs(residual.off):.0f} % too {'long' if residual.off > 0 else 'short'}; "
        "check its position and unit"
        for residual in calibration.constraints
        if not residual.used
    ]
    return [doubt for doubt in doubts if doubt is not None]


def unfit_text(measured: ErrorModel | None) -> str | None:
    """Why an estimator is unfit for measuring, in one sentence; None if it is fit, or has no error model."""
    if measured is None or measured.spread <= _UNFIT:
        return None
    return (
        f"{measured.estimator} is unfit for measuring: even after calibration its depth error is "
        f"{100 * measured.spread:.0f} % per point (one standard deviation). Use --depth or another "
        "--model; lengths in the plane of a rectangle of known size need neither (`recon measure PHOTO --rectangle`)"
    )


def _unfit(calibration: Calibration, measured: ErrorModel | None) -> str | None:
    """One sentence on an estimator or a scale too uncertain for measuring."""
    weak = f"the scale is only known {scale_text(calibration.scale_interval)} (95 %)"
    unfit = unfit_text(measured)
    if calibration.scale_interval <= WEAK:
        return unfit
    if unfit is not None:
        return f"{weak}, and {unfit}"
    return f"{weak}: add --length or --at in other parts of the photo, preferably long ones, or a --reference"


def _surprise(calibration: Calibration, measured: ErrorModel | None) -> str | None:
    """A scale so far from the estimator's that the prior was dropped."""
    scale = (measured or assumed_error_model(calibration.model)).scale
    if calibration.kind == "relative" or not scale or calibration.scale_prior is not None:
        return None
    # The scale divides depth.
    return (
        f"the constraints imply {1 / calibration.scale:.3g} times the scale of {calibration.model}, more than its "
        "error model explains, so only the constraints set the scale; check their positions and units"
    )


def _contradiction(calibration: Calibration) -> str | None:
    """The two constraints that contradict each other most, relative to their own uncertainties."""
    used = [residual for residual in calibration.constraints if residual.used]
    logs = {id(residual): log(residual.fitted_m / residual.given_m) for residual in used}

    def differ(pair: tuple[Residual, Residual]) -> float:
        one, other = pair
        return abs(logs[id(one)] - logs[id(other)]) / hypot(one.given_sigma, other.given_sigma)

    # Of many constraints, only the extremes can differ most.
    extremes = sorted(used, key=lambda residual: logs[id(residual)])
    extremes = extremes if len(extremes) <= 40 else extremes[:20] + extremes[-20:]
    worst = max(combinations(extremes, 2), key=differ, default=None)
    if worst is None or differ(worst) < _CONTRADICTION_SIGMAS:
        return None
    short, long = worst
    apart = logs[id(long)] - logs[id(short)]
    if apart < _CONTRADICTION and not calibration.contradictory:
        return None
    return (
        f"two of the constraints contradict each other by {100 * (exp(apart) - 1):.0f} %: "
        f"after the fit {_off(short)}, and {_off(long)}. Check the positions and units first; otherwise the depth of "
        f"{calibration.model} is wrong by that much between them"
    )


def _off(residual: Residual) -> str:
    return f"{residual.constraint} is {100 * abs(residual.off):.0f} % too {'long' if residual.off > 0 else 'short'}"


def _assumption(calibration: Calibration, measured: ErrorModel | None) -> str:
    """The assumed errors, if the estimator has no error model."""
    if measured is not None or not calibration.constraints:
        return ""
    assumed = []
    if not calibration.relative_error:
        assumed.append(f"{100 * assumed_error_model(calibration.model).local:.0f} % per point")
    if calibration.scale_prior is not None:
        assumed.append(
            f"a factor of up to {exp(COVERAGE_FACTOR * calibration.scale_prior):.1f} in scale (95 %)"
        )
    if not assumed:
        return ""
    return f"; {calibration.model} has no error model: assumed {' and '.join(assumed)}"


def _metres(length_m: float) -> str:
    return f"{length_m:.3f} m" if length_m < 1 else f"{length_m:.2f} m"
