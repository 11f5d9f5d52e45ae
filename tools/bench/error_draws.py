"""Draws estimates from an error model and a true depth map, with true constraints, and measures in them.

The error of log depth is one normal factor for the whole picture, a field of exponential covariance (drawn on a torus
by its spectrum: Dietrich and Newsam, SIAM J. Sci. Comput. 18, 1997), and a part of each pixel for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recon.calibration.calibration import apply, as_json
from recon.calibration.error_models import lattice
from recon.calibration.fit import FitData, Unknowns, calibrate
from recon.calibration.floor_plane import find_floor
from recon.constraints import PICKING_PX, CameraHeight, Constraint, DistanceAt, LengthBetween, Pixel
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.geometry.unproject import rays_of
from recon.measure.assemble import inputs_of
from recon.measure.error_budget import Assumptions, Budget, budget_of
from recon.measure.measurement import Interval
from recon.measure.picked_point import SurfacePoint
from recon.measure.propagate import Output, Quantity, propagate
from recon.measure.quantities import segment_lengths
from recon.provenance import CalibrationRecord, ModelRecord, Provenance
from recon.scene import Scene
from recon.types import MetricDepth, Photo
from tools.bench.truths import Truth

Array = NDArray[np.float64]

GIVEN = 0.01
"""Relative standard deviation of the constraints; the fit is given it."""
_WIDER = 1.01
_PADDING = 2
_SMOOTH = 0.02
"""Largest relative difference between a picked pixel and its neighbours: at a depth edge the truth is ambiguous."""
_LEAST_APART = 0.1
"""Distance between the ends of a length, relative to the image height."""
_HEIGHT_SHARE = 0.2
"""Fraction of constraints that are a camera height, if a floor is visible."""


@dataclass(frozen=True)
class Case:
    """Constraints and measurements of one draw."""

    truth: Truth
    estimate: MetricDepth
    model: ErrorModel
    constraints: tuple[Constraint, ...]
    asked_px: tuple[Pixel, Pixel]
    """True positions of the points whose distances are measured ..."""
    picked_px: tuple[Pixel, Pixel]
    """... and the positions where they were picked."""


@dataclass(frozen=True)
class Outcome:
    """A fit, or none, and the measurements with it."""

    half: float
    """Half-width of the 95 % interval of the logarithm of the common factor."""
    off: float
    """Mean over the picture of the logarithm of the calibrated over the true depth."""
    distance: Interval
    length: Interval
    true_m: tuple[float, float]
    """The true distance and length."""

    def row(self, none: "Outcome") -> tuple[float, ...]:
        """Whether the intervals of scale, distance and length cover the truth; whether they are wider than without
        constraints; the scale's half-width, and how far the distance and the length are off, as shares."""
        measured = (self.distance, self.length)
        covers = [_low(m) <= true <= _high(m) for m, true in zip(measured, self.true_m, strict=True)]
        wider = [
            _width(m) > _WIDER * _width(before)
            for m, before in zip(measured, (none.distance, none.length), strict=True)
        ]
        off = [abs(m.value / true - 1) for m, true in zip(measured, self.true_m, strict=True)]
        return (
            float(abs(self.off) <= self.half),
            *(float(each) for each in covers),
            float(self.half > none.half + 1e-9),
            *(float(each) for each in wider),
            float(np.expm1(self.half)),
            *off,
        )


def drawn_case(truth: Truth, model: ErrorModel, count: int, rng: np.random.Generator) -> Case:
    """A random estimate of a scene, and true constraints of random kinds and places."""
    height, width = truth.z_m.shape
    error = rng.normal(0, model.scale) + drawn_field(model, width, height, rng)
    z_m = np.where(truth.valid, truth.z_m * np.exp(error), 0.0).astype(np.float32)
    # A camera height requires a floor in the truth and in the estimate.
    floor_m = _floor_m(truth) if _height_m(z_m, truth) is not None else None
    result: list[Constraint] = []
    while len(result) < count:
        kind = rng.random()
        known = float(np.exp(rng.normal(0, GIVEN)))
        heights = sum(isinstance(one, CameraHeight) for one in result)
        if kind < _HEIGHT_SHARE and floor_m is not None and not heights:
            result.append(CameraHeight(floor_m * known, GIVEN * floor_m * known))
        elif kind < (1 + _HEIGHT_SHARE) / 2:
            a, b = _two_pixels(truth, rng)
            length_m = float(np.linalg.norm(truth.point(a) - truth.point(b))) * known
            result.append(
                LengthBetween(_picked(a, truth, rng), _picked(b, truth, rng), length_m, GIVEN * length_m)
            )
        else:
            at = _pixel(truth, rng)
            distance_m = float(np.linalg.norm(truth.point(at))) * known
            result.append(DistanceAt(_picked(at, truth, rng), distance_m, GIVEN * distance_m))
    a, b = _two_pixels(truth, rng)
    picked = _picked(a, truth, rng), _picked(b, truth, rng)
    return Case(truth, MetricDepth(z_m, truth.valid), model, tuple(result), (a, b), picked)


def outcome(case: Case, count: int) -> Outcome:
    """Calibrates with the first ``count`` constraints of a case, and measures.

    Raises:
        CalibrationError: The fit failed.
    """
    truth, depth, model = case.truth, case.estimate, case.model
    provenance = Provenance(model=ModelRecord("drawn"), error_model=model)
    pixels_px = lattice(truth.valid)
    size = {"width": truth.camera.width, "height": truth.camera.height}
    half = 1.96 * model.common_sigma(pixels_px, **size)
    if count:
        known = FitData(case.constraints[:count])
        fit = calibrate(
            depth, known, camera=truth.camera, unknowns=Unknowns(shift=False), model="drawn", spread=model
        )
        depth, half = apply(fit, depth), float(np.log1p(fit.scale_interval))
        provenance = replace(provenance, calibration=CalibrationRecord.from_dict(as_json(fit)))
    columns, rows = np.floor(pixels_px.T).astype(int)
    off = float(np.log(depth.z_m[rows, columns] / truth.z_m[rows, columns]).mean())
    scene = Scene(photo=_photo(**size), intrinsics=truth.camera, depth=depth, provenance=provenance)
    budget = budget_of(scene, Assumptions())
    at = [_surface_point(pixel, truth, depth) for pixel in case.picked_px]
    a, b = (truth.point(pixel) for pixel in case.asked_px)
    return Outcome(
        half=half,
        off=off,
        distance=_interval(scene, at[:1], lambda p: np.linalg.norm(p, axis=-1), budget),
        length=_interval(scene, at, segment_lengths, budget),
        true_m=(float(np.linalg.norm(a)), float(np.linalg.norm(a - b))),
    )


def _surface_point(pixel_px: Pixel, truth: Truth, depth: MetricDepth) -> SurfacePoint:
    """The point at a pixel, on the smooth surface where it was picked."""
    row, column = int(pixel_px[1]), int(pixel_px[0])
    row, column = np.clip(row, 1, truth.z_m.shape[0] - 2), np.clip(column, 1, truth.z_m.shape[1] - 2)
    log_z = np.log(np.maximum(truth.z_m[row - 1 : row + 2, column - 1 : column + 2].astype(np.float64), 1e-3))
    slope = (float(log_z[1, 2] - log_z[1, 0]) / 2, float(log_z[2, 1] - log_z[0, 1]) / 2)
    log_offset = slope[0] * (pixel_px[0] - column - 0.5) + slope[1] * (pixel_px[1] - row - 0.5)
    return SurfacePoint(
        pixel_px, float(depth.z_m[row, column]) * float(np.exp(log_offset)), slope, other_z_m=None
    )


def _interval(scene: Scene, at: list[SurfacePoint], quantity: Quantity, budget: Budget) -> Interval:
    return propagate(inputs_of(scene, at), quantity, [Output("length")], budget).intervals[0]


def _low(measured: Interval) -> float:
    assert measured.low is not None
    return measured.low


def _high(measured: Interval) -> float:
    assert measured.high is not None
    return measured.high


def _width(measured: Interval) -> float:
    """Relative half-width of the interval."""
    return (_high(measured) - _low(measured)) / measured.value


def drawn_field(model: ErrorModel, width: int, height: int, rng: np.random.Generator) -> Array:
    """(height, width) the smooth and the local part of the error of log depth."""
    root = _spectrum(model.reach * float(np.hypot(width, height)), width, height)
    noise = rng.normal(size=root.shape) + 1j * rng.normal(size=root.shape)
    smooth = np.fft.fft2(root * noise).real[:height, :width]
    return np.asarray(model.smooth * smooth + rng.normal(0, model.local, (height, width)))


@cache
def _spectrum(reach_px: float, width: int, height: int) -> Array:
    rows, columns = (
        np.minimum(i, n - i) for n in (_PADDING * height, _PADDING * width) for i in (np.arange(n),)
    )
    covariance = np.exp(-np.hypot(rows[:, None], columns[None]) / reach_px)
    power = np.maximum(np.fft.fft2(covariance).real, 0.0)
    return np.asarray(np.sqrt(power / power.mean() / power.size))


@cache
def _photo(*, width: int, height: int) -> Photo:
    return Photo(rgb=np.zeros((height, width, 3), np.uint8))


_floors: dict[int, float | None] = {}


def _floor_m(truth: Truth) -> float | None:
    """Height of the camera above the floor in the true depth, m."""
    if id(truth) not in _floors:
        _floors[id(truth)] = _height_m(truth.z_m, truth)
    return _floors[id(truth)]


def _height_m(z_m: NDArray[np.float32], truth: Truth) -> float | None:
    inverse = np.divide(1, z_m, out=np.zeros_like(z_m), where=truth.valid)
    try:
        return find_floor(inverse, truth.valid, rays_of(truth.camera)).height(1.0, 0.0, 1.0)
    except CalibrationError:
        return None


def _pixel(truth: Truth, rng: np.random.Generator) -> Pixel:
    """The centre of a pixel of a smooth surface."""
    height, width = truth.z_m.shape
    while True:
        row, column = int(rng.integers(1, height - 1)), int(rng.integers(1, width - 1))
        around = (slice(row - 1, row + 2), slice(column - 1, column + 2))
        if truth.valid[around].all() and np.ptp(truth.z_m[around]) < _SMOOTH * truth.z_m[row, column]:
            return column + 0.5, row + 0.5


def _two_pixels(truth: Truth, rng: np.random.Generator) -> Sequence[Pixel]:
    while True:
        a, b = _pixel(truth, rng), _pixel(truth, rng)
        if np.hypot(a[0] - b[0], a[1] - b[1]) > _LEAST_APART * truth.z_m.shape[0]:
            return a, b


def _picked(pixel_px: Pixel, truth: Truth, rng: np.random.Generator) -> Pixel:
    """Position as a user would pick it: near, but on the same surface."""
    while True:
        x, y = (value + rng.normal(0, PICKING_PX) for value in pixel_px)
        # Within the neighbours, which are smooth (``_pixel``).
        if abs(x - pixel_px[0]) < 1.5 and abs(y - pixel_px[1]) < 1.5:
            return float(x), float(y)
