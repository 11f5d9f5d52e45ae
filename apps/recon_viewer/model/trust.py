"""What the scale of a scene rests on, for people: each known size, how well it fits, and how much it counts."""

from dataclasses import dataclass
from math import expm1

from recon.calibration.calibration import Calibration, Residual, recorded
from recon.calibration.report import doubts
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween
from recon.scene import Scene
from recon.statistics import COVERAGE_FACTOR
from recon.units import scale_text
from recon_viewer.model.state import Layer


@dataclass(frozen=True)
class TrustLine:
    """One known size."""

    known: Constraint | None
    """Set in the viewer; None: part of how the scene was made, and fixed."""
    name: str
    """``length 2.03 m``."""
    fit: str
    """``1.2 % too long (± 3 % expected), weight 40 %``."""
    used: bool


@dataclass(frozen=True)
class Trust:
    """The whole account."""

    summary: str
    lines: tuple[TrustLine, ...] = ()
    doubts: tuple[str, ...] = ()


def trust_of(layer: Layer, scene: Scene | None) -> Trust:
    """The account of a layer's scale.

    Args:
        layer: The layer.
        scene: Its current scene; None: a file without one.
    """
    if layer.base is None or scene is None:
        return Trust("This file says nothing about its scale.")
    record = scene.provenance.calibration
    calibration = None if record is None else recorded(record.values)
    residuals = () if calibration is None else calibration.constraints
    lines = [_stated(one, residuals, used=one not in layer.unused) for one in layer.known]
    if not layer.known:
        weights = _weights(residuals)
        lines = [_fixed(one, weights[at]) for at, one in enumerate(residuals)]
    found = [] if calibration is None else doubts(calibration, scene.provenance.error_model)
    for known in layer.known:
        found = [text.replace(known.text, _name(known)) for text in found]
    return Trust(_summary(scene, calibration), tuple(lines), tuple(found))


def _summary(scene: Scene, calibration: Calibration | None) -> str:
    model = scene.provenance.model_name or "unknown origin"
    interval = scene.depth.scale_interval
    sure = "± unknown" if interval is None else f"{scale_text(interval)} (95 %)"
    if calibration is None:
        return f"Scale of {model}: {sure}"
    return f"Scale from {calibration.reference}: {sure}"


def _stated(known: Constraint, residuals: tuple[Residual, ...], *, used: bool) -> TrustLine:
    name = _name(known)
    if not used:
        return TrustLine(known, name, "left out", False)
    weights = _weights(residuals)
    own = [at for at, one in enumerate(residuals) if one.constraint.endswith(known.text)]
    if not own:
        return TrustLine(known, name, "not fitted", True)
    worst = max((residuals[at] for at in own), key=lambda one: abs(one.off))
    return TrustLine(known, name, _fit(worst, sum(weights[at] for at in own)), True)


def _fixed(residual: Residual, weight: float) -> TrustLine:
    return TrustLine(None, residual.constraint.removeprefix("--"), _fit(residual, weight), residual.used)


def _fit(residual: Residual, weight: float) -> str:
    off = 100 * residual.off
    how = "fits" if abs(off) < 0.05 else f"{abs(off):.1f} % too {'long' if off > 0 else 'short'}"
    expected = 100 * expm1(COVERAGE_FACTOR * residual.sigma)
    if not residual.used:
        return f"{how}, rejected: it disagrees with the others"
    digits = 1 if expected < 10 else 0
    return f"{how} (± {expected:.{digits}f} % expected), weight {100 * weight:.0f} %"


def _weights(residuals: tuple[Residual, ...]) -> list[float]:
    """The share of each in a mean weighted by inverse variance; 0 for a rejected one."""
    shares = [1 / max(one.sigma, 1e-9) ** 2 if one.used else 0.0 for one in residuals]
    total = sum(shares)
    return [share / total if total else 0.0 for share in shares]


def _name(known: Constraint) -> str:
    if isinstance(known, LengthBetween):
        return f"length {known.length_m:.4g} m"
    if isinstance(known, DistanceAt):
        return f"distance from camera {known.distance_m:.4g} m"
    if isinstance(known, CameraHeight):
        return f"camera height {known.height_m:.4g} m"
    return f"rectangle {known.width_m:.4g} x {known.height_m:.4g} m"
