"""Measurements: a value with its 95 % interval, and the errors that the interval does and does not include."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from recon.errors import ReconError
from recon.units import METRES, Unit, rounded

Dimension = Literal["length", "area", "angle"]
_MOST_DECIMALS: Mapping[str, int] = {"m": 4, "cm": 2, "mm": 1, "ft": 4, "in": 3, "deg": 2}
"""Of a text, by unit: tenths of a millimetre, and hundredths of a degree. Nothing finer is seen in a photo."""
_MOST_DECIMALS_OF_AREAS = 6


class MeasurementError(ReconError):
    """A quantity cannot be measured: no depth, outside the photo, no floor, or not flat."""


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval: length in m, area in m², angle in degrees, unless converted by ``in_unit``."""

    value: float
    dimension: Dimension
    sigma: float | None = None
    """Standard uncertainty; None if unknown."""
    low: float | None = None
    """Lower end of the 95 % interval; None if unknown."""
    high: float | None = None
    method: Literal["first-order", "monte-carlo"] | None = None
    """How the errors were propagated: see ``recon.measure.propagate``."""
    length_unit: Unit = "m"

    @property
    def unit(self) -> str:
        """``m``, ``m2``, ``deg``, ``ft2``, ..."""
        if self.dimension == "angle":
            return "deg"
        return self.length_unit + ("2" if self.dimension == "area" else "")

    @property
    def text(self) -> str:
        """Formatted for people: ``1.420 m ± 0.058 (95 %)``; the interval has two significant digits."""
        if self.low is None or self.high is None:
            return f"{self._rounded(self.value, 0.005 * abs(self.value))}{self._sign} ± unknown"
        if self.method == "monte-carlo":
            ends = (self.high - self.low) / 2
            low, high = self._rounded(self.low, ends), self._rounded(self.high, ends)
            return f"{self._rounded(self.value, ends)}{self._sign} ({low} to {high}, 95 %)"
        half = (self.high - self.low) / 2
        return f"{self._rounded(self.value, half)}{self._sign} ± {self._rounded(half, half)} (95 %)"

    def _rounded(self, number: float, half: float) -> str:
        return rounded(number, half, _MOST_DECIMALS.get(self.unit, _MOST_DECIMALS_OF_AREAS))

    @property
    def _sign(self) -> str:
        return {"deg": "°"}.get(self.unit, f" {self.unit.replace('2', '²')}")

    def scaled(self, unit: Unit) -> "Interval":
        """The same in another unit of length; angles are unchanged."""
        power = {"length": 1, "area": 2, "angle": 0}[self.dimension]
        factor = (METRES[self.length_unit] / METRES[unit]) ** power

        def to(number: float | None) -> float | None:
            return None if number is None else number * factor

        return replace(
            self,
            value=self.value * factor,
            length_unit=unit,
            sigma=to(self.sigma),
            low=to(self.low),
            high=to(self.high),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with ``unit``."""
        return {name: getattr(self, name) for name in ("value", "unit", "sigma", "low", "high", "method")}


@dataclass(frozen=True)
class Measurement(Interval):
    """One measured quantity. If ``low`` and ``high`` are None, ``unknown`` is the reason."""

    quantity: str = ""
    """``distance``, ``polyline``, ``angle``, ``area``, ``plane``, ``height``, ``from-camera``."""
    pixels_px: tuple[tuple[float, float], ...] = ()
    """The picked positions, px of the photo, the centre of the top-left pixel at (0.5, 0.5)."""
    parts: Mapping[str, Interval] = field(default_factory=dict)
    """Related quantities with their own intervals: ``horizontal``, ``perimeter``, ``tilt``."""
    includes: tuple[str, ...] = ()
    """Error sources that the interval includes, as text."""
    not_included: tuple[str, ...] = ()
    """Error sources that it does not include, as text."""
    unknown: str | None = None
    """Why there is no interval."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain values; the suffix ``_m`` means metres, ``_cam`` and ``_gl`` are frames."""
    warnings: tuple[str, ...] = ()
    """Possible problems: a depth edge, an outline that is not flat."""
    given_m: float | None = None
    """The length that the scene was calibrated with, m, if it was given for these two pixels; ``value`` is still what
    the scene measures."""

    @property
    def label(self) -> str:
        """The short text for a drawing: ``2 m given``, or ``text``."""
        if self.given_m is None:
            return super().text
        return f"{self.given_m / METRES[self.length_unit]:.4g} {self.length_unit} given"

    @property
    def text(self) -> str:
        """As of an interval; of a given length ``2 m given; the scene measures 2.46 m ± 0.30 (95 %)``."""
        measures = super().text
        return measures if self.given_m is None else f"{self.label}; the scene measures {measures}"

    @property
    def errors_text(self) -> str:
        """One line on the errors that the interval does and does not include."""
        if self.unknown is not None:
            return f"± unknown: {self.unknown}"
        clauses = [f"includes {'; '.join(self.includes)}" if self.includes else "includes no errors"]
        if self.not_included:
            clauses.append(f"does not include {'; '.join(self.not_included)}")
        return ", and ".join(clauses)

    def in_unit(self, unit: Unit) -> "Measurement":
        """The same in another unit of length; ``details`` stay in metres."""
        main = self.scaled(unit)
        assert isinstance(main, Measurement)
        return replace(main, parts={name: part.scaled(unit) for name, part in self.parts.items()})

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        values = asdict(self)
        texts = {
            name: values[name]
            for name in ("includes", "not_included", "unknown", "details", "warnings", "given_m")
        }
        return {
            "quantity": self.quantity,
            "pixels_px": [list(pixel) for pixel in self.pixels_px],
            **super().as_json(),
            "text": self.text,
            "label": self.label,
            "parts": {name: {**part.as_json(), "text": part.text} for name, part in self.parts.items()},
            **texts,
        }
