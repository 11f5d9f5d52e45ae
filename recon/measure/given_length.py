"""Lengths that the user gave for the calibration: a measurement between the same two points says so."""

from dataclasses import replace

from recon.calibration.calibration import recorded
from recon.constraint_text import parse_length_between
from recon.measure.measurement import Measurement
from recon.scene import Scene

_FLAG = "--length "
_SAME_PX = 0.1
"""Ends closer than this are the same: the record rounds positions to six digits."""


def with_given(measurement: Measurement, scene: Scene) -> Measurement:
    """A distance, with the length that the scene was calibrated with if that is between the same two pixels.

    The fit shares the difference between the errors of the length, the depth and the scale, so that the scene need
    not measure what was given.
    """
    record = scene.provenance.calibration
    calibration = None if record is None else recorded(record.values)
    for residual in () if calibration is None else calibration.constraints:
        if not _is_between(residual.constraint, measurement.pixels_px):
            continue
        if residual.used:
            return replace(measurement, given_m=residual.given_m)
        rejected = f"{residual.given_m:.4g} m was given here, but rejected: it disagrees with the others"
        return replace(measurement, warnings=(rejected, *measurement.warnings))
    return measurement


def _is_between(constraint: str, ends_px: tuple[tuple[float, float], ...]) -> bool:
    if not constraint.startswith(_FLAG):
        return False
    try:
        known = parse_length_between(constraint.removeprefix(_FLAG))
    except ValueError:
        return False
    return any(
        max(abs(x - y) for a, b in zip(ends, ends_px, strict=True) for x, y in zip(a, b, strict=True))
        < _SAME_PX
        for ends in ((known.a_px, known.b_px), (known.b_px, known.a_px))
    )
