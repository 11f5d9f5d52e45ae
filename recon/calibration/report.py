"""What a person should know of a calibration, in words."""

from itertools import combinations
from math import exp, hypot, log

from recon.calibration.calibration import Calibration, Residual
from recon.calibration.error_model import ErrorModel, assumed_error_model
from recon.statistics import COVERAGE_FACTOR

WEAK = 0.3
"""Half-width of the 95 % interval of the scale from which on it is a warning."""
_UNFIT = 0.15
"""Standard deviation of the depth from place to place from which on an estimator is unfit for measuring."""
_CONTRADICTION_SIGMAS, _CONTRADICTION = 3.0, 0.1
"""Two constraints contradict each other where they differ by more than so many of their own standard deviations, and
by more than this share."""
_DOUBTFUL = 0.25
"""Standard deviation of what is left between an estimator and its reference from which on the result is doubtful."""


def summary(calibration: Calibration, measured: ErrorModel | None) -> str:
    """One sentence: what was calibrated with what, how well it fits, and how sure the scale is.

    Args:
        calibration: The calibration.
        measured: The estimator's error model; None where nobody has measured it.
    """
    scatter = (
        ""
        if not calibration.relative_error
        else f"residual {100 * calibration.relative_error:.1f} % of the distance, "
    )
    doubt = " (95 %, if the reference is right)" if not calibration.constraints else " (95 %)"
    scale = f"scale ± {100 * calibration.scale_interval:.1f} %{doubt}"
    return (
        f"{calibration.model} calibrated with {calibration.reference}: {scatter}{scale}"
        f"{_assumption(calibration, measured)}"
    )


def fitted_text(residual: Residual) -> str:
    """What was given, and what it is after the fit: ``2.03 m given, 1.90 m after the fit (6 % too short): ...``."""
    off = round(100 * abs(residual.off), 1 if abs(residual.off) < 0.1 else 0)
    how = f" ({off:g} % too {'long' if residual.off > 0 else 'short'})" if off else ""
    given, fitted = _metres(residual.given_m), _metres(residual.fitted_m)
    return f"{given} given, {fitted} after the fit{how}: {residual.constraint}"


def doubts(calibration: Calibration, measured: ErrorModel | None) -> list[str]:
    """What is wrong with a calibration or with what it was made from, a sentence each.

    Args:
        calibration: The calibration.
        measured: The estimator's error model; None where nobody has measured it.
    """
    found = [_unfit(calibration, measured), _surprise(calibration, measured), _contradiction(calibration)]
    if calibration.relative_error is not None and calibration.relative_error > _DOUBTFUL:
        found.append(
            f"{calibration.model} and {calibration.reference} agree poorly: they differ by "
            f"{100 * calibration.relative_error:.0f} % of the distance (one standard deviation)"
        )
    found += [
        f"{residual.constraint} disagrees with the others and was left out: it comes out "
        f"{100 * abs(residual.off):.0f} % too {'long' if residual.off > 0 else 'short'}; "
        "check its position and unit"
        for residual in calibration.constraints
        if not residual.used
    ]
    return [doubt for doubt in found if doubt is not None]


def unfit_text(measured: ErrorModel | None) -> str | None:
    """Why nothing should be measured with an estimator, in one sentence; None where it may be, or nobody knows."""
    if measured is None or measured.spread <= _UNFIT:
        return None
    return (
        f"{measured.estimator} is unfit for measuring: even after calibration its depth is off by "
        f"{100 * measured.spread:.0f} % from place to place (one standard deviation). Use --depth or another "
        "--model; lengths in the plane of a rectangle of known size need neither (`recon measure PHOTO --rectangle`)"
    )


def _unfit(calibration: Calibration, measured: ErrorModel | None) -> str | None:
    """One sentence on an estimator or a scale that nothing should be measured with."""
    weak = f"the scale is known to ± {100 * calibration.scale_interval:.0f} % only (95 %)"
    unfit = unfit_text(measured)
    if calibration.scale_interval <= WEAK:
        return unfit
    if unfit is not None:
        return f"{weak}, and {unfit}"
    return f"{weak}: add --length or --at at other places, long ones rather than short ones, or a --reference"


def _surprise(calibration: Calibration, measured: ErrorModel | None) -> str | None:
    """A scale that nobody would have expected, so that the constraints alone decided."""
    scale = (measured or assumed_error_model(calibration.model)).scale
    if calibration.kind == "relative" or not scale or calibration.scale_prior is not None:
        return None
    # The scale divides depth.
    return (
        f"the constraints ask for {1 / calibration.scale:.3g} times the metres of {calibration.model}, more than its "
        "error explains, so they alone set the scale; check their positions and units"
    )


def _contradiction(calibration: Calibration) -> str | None:
    """The two constraints that contradict each other most, measured by what they were given with."""
    used = [residual for residual in calibration.constraints if residual.used]
    logs = {id(residual): log(residual.fitted_m / residual.given_m) for residual in used}

    def differ(pair: tuple[Residual, Residual]) -> float:
        one, other = pair
        return abs(logs[id(one)] - logs[id(other)]) / hypot(one.given_sigma, other.given_sigma)

    # Only the extremes of many can differ most.
    extremes = sorted(used, key=lambda residual: logs[id(residual)])
    extremes = extremes if len(extremes) <= 40 else extremes[:20] + extremes[-20:]
    worst = max(combinations(extremes, 2), key=differ, default=None)
    if worst is None or differ(worst) < _CONTRADICTION_SIGMAS:
        return None
    short, long = worst
    if logs[id(long)] - logs[id(short)] < _CONTRADICTION:
        return None
    return (
        f"two of the constraints contradict each other by {100 * (exp(logs[id(long)] - logs[id(short)]) - 1):.0f} %: "
        f"after the fit {_off(short)}, and {_off(long)}. Either {calibration.model}'s depth is that wrong between "
        "them, or a position or unit is; check these first"
    )


def _off(residual: Residual) -> str:
    return f"{residual.constraint} is {100 * abs(residual.off):.0f} % too {'long' if residual.off > 0 else 'short'}"


def _assumption(calibration: Calibration, measured: ErrorModel | None) -> str:
    """Which part of it was assumed, since nobody has measured it."""
    if measured is not None or not calibration.constraints:
        return ""
    assumed = []
    if not calibration.relative_error:
        assumed.append(f"{100 * assumed_error_model(calibration.model).local:.0f} % from place to place")
    if calibration.scale_prior is not None:
        assumed.append(
            f"a factor of up to {exp(COVERAGE_FACTOR * calibration.scale_prior):.1f} in scale (95 %)"
        )
    if not assumed:
        return ""
    return f"; nobody has measured how far {calibration.model} is off: assumed {' and '.join(assumed)}"


def _metres(length_m: float) -> str:
    return f"{length_m:.3f} m" if length_m < 1 else f"{length_m:.2f} m"
