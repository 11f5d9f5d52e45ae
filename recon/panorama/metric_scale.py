"""The metric scale of a panorama from known measurements: one factor for all ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, expm1, hypot, log

import numpy as np

from recon.calibration.error_models import assumed_error_model, known_error_model
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Pixel, Rectangle
from recon.errors import CalibrationError
from recon.journal import Journal
from recon.panorama.blend import PanoramaRange
from recon.panorama.floor_height import floor_height
from recon.panorama.sphere import Array, Sphere
from recon.statistics import COVERAGE_FACTOR
from recon.units import scale_text

_CONTRADICTION = 4.0
"""Standard deviations from the others' median beyond which a measurement is left out, or two contradict."""
_FLOOR_SIGMA = 0.01
"""Relative error of a floor's height that is seen in many pixels of exact depth."""


@dataclass(frozen=True)
class MetricScale:
    """What the measurements make of the ranges."""

    factor: float
    """To multiply them with."""
    interval: float | None
    """Relative half-width of the 95 % interval of the scale; None: unknown."""
    texts: tuple[str, ...] = ()
    """The measurements that were used."""


def metric_scale(
    found: PanoramaRange, sphere: Sphere, constraints: Sequence[Constraint], model: str, journal: Journal
) -> MetricScale:
    """The factor that fits the measurements and the model's own metres, each by its error.

    Raises:
        CalibrationError: A position has no depth, no floor is visible, or measurements contradict each other.
    """
    known = known_error_model(model)
    if not constraints:
        return MetricScale(1.0, None if known is None else expm1(COVERAGE_FACTOR * known.scale))
    errors = known or assumed_error_model(model)
    singles = [part for one in constraints for part in _parts(one)]
    logs = np.array([log(one.known_m / _measured(found, sphere, one)) for one in singles])
    local = [_FLOOR_SIGMA if isinstance(one, CameraHeight) else errors.local or 0.01 for one in singles]
    sigmas = np.array(
        [
            hypot(one.sigma_m / one.known_m, errors.smooth, own)
            for one, own in zip(singles, local, strict=True)
        ]
    )
    used = _agreeing(singles, logs, sigmas, journal)
    weights = np.append(1 / sigmas[used] ** 2, 1 / errors.scale**2)
    mean = float((weights[:-1] * logs[used]).sum() / weights.sum())
    interval = expm1(COVERAGE_FACTOR / float(np.sqrt(weights.sum())))
    texts = tuple(dict.fromkeys(one.text for one, is_used in zip(singles, used, strict=True) if is_used))
    journal.decide(
        "calibration",
        f"ranges multiplied by {exp(mean):.3f}, {scale_text(interval)} (95 %), by {', '.join(texts)}",
        factor=exp(mean),
        interval=interval,
    )
    return MetricScale(exp(mean), interval, texts)


def scaled(found: PanoramaRange, factor: float) -> PanoramaRange:
    """All ranges multiplied."""
    return replace(found, range_m=(found.range_m * np.float32(factor)))


def _parts(one: Constraint) -> tuple[DistanceAt | LengthBetween | CameraHeight, ...]:
    return one.sides if isinstance(one, Rectangle) else (one,)


def _measured(found: PanoramaRange, sphere: Sphere, one: DistanceAt | LengthBetween | CameraHeight) -> float:
    """The same length in the ranges as they are, m."""
    if isinstance(one, CameraHeight):
        return floor_height(found, sphere)
    if isinstance(one, DistanceAt):
        return float(np.linalg.norm(_point(found, sphere, one.pixel_px, one.text)))
    a, b = (_point(found, sphere, pixel, one.text) for pixel in (one.a_px, one.b_px))
    length = float(np.linalg.norm(a - b))
    if length <= 0:
        raise CalibrationError(f"{one.text}: its two ends are the same point")
    return length


def _point(found: PanoramaRange, sphere: Sphere, pixel: Pixel, text: str) -> Array:
    k = sphere.chart
    column, row = min(int(pixel[0]), k.width - 1), min(int(pixel[1]), k.height - 1)
    if not found.valid[row, column]:
        raise CalibrationError(
            f"{text}: there is no depth at {pixel[0]:g},{pixel[1]:g}; choose another position"
        )
    x, y = (np.array((at - c) / f) for at, c, f in ((pixel[0], k.cx, k.fx), (pixel[1], k.cy, k.fy)))
    return sphere.directions(x, y) * float(found.range_m[row, column])


def _agreeing(
    singles: Sequence[DistanceAt | LengthBetween | CameraHeight], logs: Array, sigmas: Array, journal: Journal
) -> np.ndarray:
    """Which measurements agree with the median of all."""
    middle = float(np.median(logs))
    off = np.abs(logs - middle) / sigmas
    used = off <= _CONTRADICTION
    if 2 * np.count_nonzero(used) <= len(logs) and len(logs) > 1:
        raise CalibrationError(
            "the measurements contradict each other: they imply scales from "
            f"{exp(logs.min()):.3g} ({singles[int(logs.argmin())].text}) to {exp(logs.max()):.3g} "
            f"({singles[int(logs.argmax())].text}); check their positions and units"
        )
    for one, is_used, value in zip(singles, used, logs, strict=True):
        if not is_used:
            journal.warn(
                "calibration",
                f"{one.text} is left out: its scale is {100 * abs(expm1(value - middle)):.0f} % off the others'",
            )
    return np.asarray(used)
