"""Known measurements of a scene: distance at a pixel, length between two pixels, rectangle, camera height.

Positions are px of the upright photo, the centre of the top-left pixel at (0.5, 0.5); lengths are metres.
"""

import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from math import dist, isfinite

__all__ = [
    "CameraHeight",
    "Constraint",
    "DistanceAt",
    "LengthBetween",
    "Pixel",
    "Rectangle",
    "check_constraints",
]

Pixel = tuple[float, float]

PICKING_PX = 0.5
"""Standard deviation of a position that a person picked, px."""
DEFAULT_SIGMA = 0.01
"""Default standard deviation of a length, as a fraction of it: a tape measure read by a person."""
SHORTEST_M, LONGEST_M = 1e-6, 1e9
"""Lengths that photos show; beyond, a scale or its covariance is too large for a number."""
LEAST_SIGMA_M = 0.002
"""Smallest default standard deviation of a length, m: a tape measure is not read more accurately than this."""


@dataclass(frozen=True)
class DistanceAt:
    """Distance from the camera to the point at a pixel, along the ray (as a laser rangefinder measures)."""

    pixel_px: Pixel
    distance_m: float
    sigma_m: float
    """Standard deviation, m."""

    def __post_init__(self) -> None:
        _check(self.text, self.distance_m, self.sigma_m)

    @property
    def known_m(self) -> float:
        """The known length, m."""
        return self.distance_m

    @property
    def text(self) -> str:
        """Formatted as on the command line."""
        return f"--at {_show(self.pixel_px)}={self.distance_m:g}m"


@dataclass(frozen=True)
class LengthBetween:
    """Straight length between the points at two pixels."""

    a_px: Pixel
    b_px: Pixel
    length_m: float
    sigma_m: float
    """Standard deviation, m."""
    name: str | None = None
    """Name in messages, if it is part of another constraint."""

    def __post_init__(self) -> None:
        _check(self.text, self.length_m, self.sigma_m)
        if dist(self.a_px, self.b_px) < 1:
            raise ValueError(f"{self.text}: its two ends are the same pixel")

    @property
    def known_m(self) -> float:
        """The known length, m."""
        return self.length_m

    @property
    def text(self) -> str:
        """Formatted as on the command line."""
        return self.name or f"--length {_show(self.a_px)}:{_show(self.b_px)}={self.length_m:g}m"


@dataclass(frozen=True)
class Rectangle:
    """A flat rectangle of known size, such as a door, a sheet of paper, or a picture frame."""

    corners_px: tuple[Pixel, Pixel, Pixel, Pixel]
    """In order around the rectangle."""
    width_m: float
    """Length of the side from the first corner to the second."""
    height_m: float
    """Length of the side from the second corner to the third."""
    sigma: float = DEFAULT_SIGMA
    """Relative standard deviation of both sides."""

    def __post_init__(self) -> None:
        for length_m in (self.width_m, self.height_m):
            _check(self.text, length_m, self.sigma * length_m)
        turns = [_turn(*(self.corners_px[(at + k) % 4] for k in range(3))) for at in range(4)]
        if not (all(turn > 0 for turn in turns) or all(turn < 0 for turn in turns)):
            raise ValueError(f"{self.text}: the corners must go around the rectangle in order")

    @property
    def text(self) -> str:
        """Formatted as on the command line."""
        return (
            f"--rectangle {':'.join(_show(c) for c in self.corners_px)}={self.width_m:g}mx{self.height_m:g}m"
        )

    @property
    def sides(self) -> tuple[LengthBetween, ...]:
        """Its four sides as lengths."""
        lengths = (self.width_m, self.height_m, self.width_m, self.height_m)
        return tuple(
            LengthBetween(
                self.corners_px[at],
                self.corners_px[(at + 1) % 4],
                m,
                self.sigma * m,
                f"side {at + 1} of {self.text}",
            )
            for at, m in enumerate(lengths)
        )


@dataclass(frozen=True)
class CameraHeight:
    """Height of the camera above the visible floor."""

    height_m: float
    sigma_m: float
    """Standard deviation, m."""

    def __post_init__(self) -> None:
        _check(self.text, self.height_m, self.sigma_m)

    @property
    def known_m(self) -> float:
        """The known length, m."""
        return self.height_m

    @property
    def text(self) -> str:
        """Formatted as on the command line."""
        return f"--camera-height {self.height_m:g}m"


Constraint = DistanceAt | LengthBetween | Rectangle | CameraHeight


def check_constraints(given: object) -> None:
    """Checks what a program passes as known measurements.

    Raises:
        TypeError: It is no sequence of constraints.
    """
    if isinstance(given, Iterable) and all(isinstance(each, Constraint) for each in given):
        return
    raise TypeError(
        "constraints must be a list of recon.constraints.LengthBetween, DistanceAt, Rectangle or CameraHeight, got "
        f"{reprlib.repr(given)}"
    )


def pixels_of(constraint: Constraint) -> tuple[Pixel, ...]:
    """The pixel positions of a constraint, px."""
    if isinstance(constraint, DistanceAt):
        return (constraint.pixel_px,)
    if isinstance(constraint, LengthBetween):
        return (constraint.a_px, constraint.b_px)
    return constraint.corners_px if isinstance(constraint, Rectangle) else ()


def default_sigma_m(length_m: float) -> float:
    """Default standard deviation of a length, m."""
    return max(DEFAULT_SIGMA * abs(length_m), LEAST_SIGMA_M)


def _show(pixel_px: Pixel) -> str:
    return f"{pixel_px[0]:g},{pixel_px[1]:g}"


def _turn(a: Pixel, b: Pixel, c: Pixel) -> float:
    """Twice the signed area of a triangle, px^2."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _check(text: str, length_m: float, sigma_m: float) -> None:
    if not (isfinite(length_m) and length_m > 0):
        raise ValueError(f"{text}: a length must be positive, got {length_m:g} m")
    if not SHORTEST_M <= length_m <= LONGEST_M:
        raise ValueError(
            f"{text}: a length must be between {SHORTEST_M:g} and {LONGEST_M:g} m, got {length_m:g} m"
        )
    if not (isfinite(sigma_m) and sigma_m > 0):
        raise ValueError(f"{text}: an uncertainty must be positive, got {sigma_m:g} m")
    if sigma_m > LONGEST_M:
        raise ValueError(f"{text}: an uncertainty must be at most {LONGEST_M:g} m, got {sigma_m:g} m")
