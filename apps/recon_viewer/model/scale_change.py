"""What a known length does to the size of a scene, for people, and whether that is plausible."""

from dataclasses import dataclass
from math import log

from recon.errors import ReconError
from recon.measure import distance
from recon.scene import Scene

_MEASURED = "measured"
_MOST_OF_MEASURED, _MOST_OF_ESTIMATED = 1.1, 4.0
"""Greatest plausible factor: measured depth is metric, and an estimate is seldom further off."""


@dataclass(frozen=True)
class ScaleChange:
    """The change, for people."""

    text: str
    doubtful: bool


def scale_change(
    scene: Scene, a_px: tuple[float, float], b_px: tuple[float, float], length_m: float
) -> ScaleChange | None:
    """How the scene's size changes if the length between two pixels becomes ``length_m``; None: it has none yet."""
    try:
        before_m = distance(scene, a_px, b_px).value
    except ReconError:
        return None
    if not before_m > 0:
        return None
    factor = length_m / before_m
    size = f"{factor:.3g} times as large" if factor >= 1 else f"{1 / factor:.3g} times smaller"
    text = f"known length set: the whole scene is now {size} ({before_m:.3g} m became {length_m:.3g} m)"
    measured = scene.provenance.model_name == _MEASURED
    most = _MOST_OF_MEASURED if measured else _MOST_OF_ESTIMATED
    if abs(log(factor)) <= log(most):
        return ScaleChange(text, False)
    why = (
        "its depth was measured, and is metric already" if measured else "that is more than estimates are off"
    )
    return ScaleChange(
        f"{text}. Is that right? {why.capitalize()}: check the points and the unit, or undo", True
    )
