"""What a known length has done to the size of a scene, for people, and whether that is plausible."""

from dataclasses import dataclass
from math import log

import numpy as np

from recon.constraints import LengthBetween
from recon.errors import ReconError
from recon.measure import Measurement, distance
from recon.scene import Scene

_MEASURED = "measured"
_MOST_OF_MEASURED, _MOST_OF_ESTIMATED = 1.1, 4.0
"""Greatest plausible factor: measured depth is metric, and an estimate is seldom further off."""
_SAME = 0.02
"""A scene that measures the given length within this share of it is not said to differ."""


@dataclass(frozen=True)
class ScaleChange:
    """The change, for people."""

    text: str
    doubtful: bool


def scale_change(before: Scene, after: Scene, known: LengthBetween) -> ScaleChange | None:
    """How the size of a scene changed by a known length; None: it had no length there.

    Args:
        before: Without the known length.
        after: Fitted to it and to whatever else is known.
        known: The length.
    """
    try:
        old, new = (distance(scene, known.a_px, known.b_px) for scene in (before, after))
    except ReconError:
        return None
    if not old.value > 0:
        return None
    text = f"{known.length_m:.4g} m given: the whole scene is now {_size(before, after)}{_there(new, known)}"
    factor = known.length_m / old.value
    measured = after.provenance.model_name == _MEASURED
    most = _MOST_OF_MEASURED if measured else _MOST_OF_ESTIMATED
    if abs(log(factor)) <= log(most):
        return ScaleChange(text, False)
    why = (
        "its depth was measured, and is metric already" if measured else "that is more than estimates are off"
    )
    return ScaleChange(
        f"{text}. Is that right? {why.capitalize()}: check the points and the unit, or undo", True
    )


def _size(before: Scene, after: Scene) -> str:
    """The median change of depth: a fit may shift inverse depth as well."""
    both = before.depth.valid & after.depth.valid
    factor = float(np.median(after.depth.z_m[both] / before.depth.z_m[both]))
    return f"{factor:.3g} times as large" if factor >= 1 else f"{1 / factor:.3g} times smaller"


def _there(new: Measurement, known: LengthBetween) -> str:
    if abs(new.value / known.length_m - 1) < _SAME:
        return ""
    return f", and measures {new.value:.3g} m there: the fit allows for the errors of its depth"
