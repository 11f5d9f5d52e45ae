"""What is known, brought to one form: logarithms of lengths that depend on the unknowns, with their covariance.

The unknowns are ``(near, far, focal, gain)``: inverse depth is ``1 / z = far + near * u`` where u is the estimator's
value, shifted and scaled to about 0 to 1; ``focal`` is the logarithm of the focal length over the assumed one;
``gain`` is the logarithm of the reference's own error of scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recon.calibration.error_model import ErrorModel
from recon.calibration.floor_plane import floor_plane
from recon.constraints import (
    PICKING_PX,
    CameraHeight,
    Constraint,
    DistanceAt,
    LengthBetween,
    Pixel,
    Rectangle,
)
from recon.errors import CalibrationError
from recon.geometry.unproject import rays_of
from recon.types import BoolMap, FloatMap, Intrinsics, MetricDepth

Array = NDArray[np.float64]

# Reference pixels that enter the fit: more of them cost time and tell nothing new, as neighbours err together.
_MAX_SAMPLES = 40_000
_MIN_SAMPLES = 50
# Errors of a depth network are correlated over large patches: each cell of this grid counts as one observation when
# the standard errors are computed.
_CELLS = 16
_LEAST = 1e-12


@dataclass(frozen=True)
class Values:
    """The estimator's inverse depth, of any scale and shift, and where it stands in the picture."""

    value: FloatMap
    """(H, W): relative inverse depth, or 1 / z of a metric model."""
    valid: BoolMap
    camera: Intrinsics
    """Assumed camera of the picture."""
    offset: float
    """``u = (value - offset) / unit``."""
    unit: float

    @classmethod
    def of(cls, value: FloatMap, valid: BoolMap, camera: Intrinsics, *, shifted: bool) -> "Values":
        """Normalises by the range of the values, so that the solver's steps are sane; ``offset`` is 0 unless
        ``shifted``."""
        if not valid.any():
            raise CalibrationError("the estimator knows the depth of no pixel: there is nothing to calibrate")
        low, middle, high = (float(x) for x in np.percentile(value[valid], [0.5, 50, 99.5]))
        offset, unit = (low, high - low) if shifted else (0.0, middle)
        return cls(value, valid, camera, offset, unit if unit > 0 else 1.0)

    def at(self, pixel_px: Pixel, text: str) -> float:
        """u at a position: the median of the known values of the 3 x 3 pixels around it.

        Raises:
            CalibrationError: The position lies outside of the photo, or nothing is known there.
        """
        height, width = self.value.shape
        column, row = int(np.floor(pixel_px[0])), int(np.floor(pixel_px[1]))
        if not (0 <= column < width and 0 <= row < height):
            raise CalibrationError(
                f"{text}: {pixel_px[0]:g},{pixel_px[1]:g} lies outside of the photo of {width} x {height} px"
            )
        around = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        known = self.value[around][self.valid[around]]
        if not known.size:
            raise CalibrationError(
                f"{text}: the depth at {pixel_px[0]:g},{pixel_px[1]:g} is not known (sky, or a hole); "
                "give a position "
                "beside it"
            )
        return (float(np.median(known)) - self.offset) / self.unit

    def ray(self, pixel_px: Pixel) -> tuple[float, float]:
        """Viewing ray at the assumed focal length, scaled to z = 1."""
        k = self.camera
        return (pixel_px[0] - k.cx) / k.fx, (pixel_px[1] - k.cy) / k.fy


@dataclass(frozen=True)
class Dense:
    """Pixels whose metric depth a reference knows."""

    u: Array
    """(M,)."""
    z_m: Array
    """(M,) of the reference."""
    cell: NDArray[np.int64]
    """(M,) index of the grid cell that they stand in."""

    def residual(self, x: Array) -> Array:
        """(M,) relative error of inverse depth."""
        return (x[1] + x[0] * self.u) * self.z_m * np.exp(x[3]) - 1.0


def dense_of(values: Values, reference: MetricDepth) -> Dense:
    """An even sample of the pixels that both know.

    Raises:
        CalibrationError: Too few pixels in common.
    """
    if values.value.shape != reference.z_m.shape:
        raise ValueError(f"depth {values.value.shape} and reference {reference.z_m.shape} differ in size")
    rows, cols = np.nonzero(values.valid & reference.valid)
    if len(rows) < _MIN_SAMPLES:
        raise CalibrationError(
            f"the reference has only {len(rows)} pixels in common with this photo's depth; {_MIN_SAMPLES} are needed"
        )
    # Drawn, not every nth: that would fall into a few columns of the picture. The seed makes it the same each time.
    chosen = np.random.default_rng(0).permutation(len(rows))[:_MAX_SAMPLES]
    rows, cols = rows[chosen], cols[chosen]
    height, width = values.value.shape
    cell = (rows * _CELLS // height) * _CELLS + cols * _CELLS // width
    return Dense(
        u=(values.value[rows, cols].astype(np.float64) - values.offset) / values.unit,
        z_m=reference.z_m[rows, cols].astype(np.float64),
        cell=cell.astype(np.int64),
    )


@dataclass(frozen=True)
class Explicit:
    """The user's constraints: N known lengths, each from the camera to a point, between two, or above the floor."""

    texts: tuple[str, ...]
    """(N,) how they are called, in the order distances, lengths, height."""
    known_m: Array
    """(N,)."""
    sigma: Array
    """(N,) relative standard deviation of what was given."""
    at_ray: Array
    """(A, 2) rays of the distances."""
    at_u: Array
    """(A,)."""
    ends_ray: Array
    """(L, 2, 2) rays of both ends of the lengths."""
    ends_u: Array
    """(L, 2)."""
    floor: Array | None
    """(3,) the floor as ``u = floor . (x, y, 1)``; None where the camera's height is not given."""
    pixels_px: Array
    """(A + 2 L (+ 1), 2) positions of all points, in that order; the floor's is the bottom of the picture."""
    camera: Intrinsics

    def __len__(self) -> int:
        return len(self.known_m)

    def displaced(self, x: Array, error: float, end: int) -> "Explicit":
        """The same as if the estimator's inverse depth were larger by ``exp(error)`` at one end of everything.

        Args:
            x: The unknowns, by which its values become inverse depth.
            error: Of the logarithm of inverse depth.
            end: 0: of the distances and at the lengths' first end; 1: at the lengths' second end.
        """

        def moved(u: Array) -> Array:
            return np.asarray(((x[1] + x[0] * u) * np.exp(error) - x[1]) / x[0])

        ends_u = self.ends_u.copy()
        ends_u[:, end] = moved(ends_u[:, end])
        return replace(self, at_u=moved(self.at_u) if end == 0 else self.at_u, ends_u=ends_u)

    def without(self, index: int) -> "Explicit":
        """All but one of them."""
        distances, lengths = len(self.at_u), len(self.ends_u)
        keep = np.arange(len(self)) != index
        keep_at, keep_ends = keep[:distances], keep[distances : distances + lengths]
        has_floor = self.floor is not None and bool(keep[-1])
        points = [keep_at, np.repeat(keep_ends, 2), *([keep[-1:]] if self.floor is not None else [])]
        return Explicit(
            texts=tuple(text for text, kept in zip(self.texts, keep, strict=True) if kept),
            known_m=self.known_m[keep],
            sigma=self.sigma[keep],
            at_ray=self.at_ray[keep_at],
            at_u=self.at_u[keep_at],
            ends_ray=self.ends_ray[keep_ends],
            ends_u=self.ends_u[keep_ends],
            floor=self.floor if has_floor else None,
            pixels_px=self.pixels_px[np.concatenate(points)],
            camera=self.camera,
        )

    def log_length(self, x: Array) -> Array:
        """(N,) logarithm of each length in m, by the unknowns."""
        stretch = np.exp(-x[2])
        at = np.sqrt(1 + (self.at_ray**2).sum(axis=-1) * stretch**2) / self._inverse(x, self.at_u)
        ends = self._ends(x)
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)
        found = [at, lengths]
        if self.floor is not None:
            a = self.floor
            q = np.array([x[0] * a[0] / stretch, x[0] * a[1] / stretch, x[0] * a[2] + x[1]])
            found.append(np.array([1 / np.linalg.norm(q)]))
        return np.asarray(np.log(np.maximum(np.concatenate(found), _LEAST)))

    def residual(self, x: Array) -> Array:
        """(N,) logarithm of the length by the unknowns over the known one."""
        return self.log_length(x) - np.log(self.known_m)

    def variance(self, x: Array, spread: ErrorModel | None, *, bent: bool = True) -> Array:
        """(N,) variances of the residuals: what was given, picking by hand, and the estimator's own error.

        Args:
            x: The unknowns.
            spread: The estimator's error model; None where it is not known.
            bent: To the second order of the estimator's error, which is right near the solution only: far from it,
                lengths that shrink to nothing would excuse every residual.
        """
        along, picked = self._sensitivity(x)
        if spread is None:
            return self.sigma**2 + picked
        own = np.zeros(len(self))
        distances, lengths = len(self.at_u), len(self.ends_u)
        own[:distances] = spread.spread**2
        if self.floor is not None:
            own[-1] = spread.spread**2
        apart = np.linalg.norm(np.diff(self._length_pixels(), axis=1)[:, 0], axis=-1)
        diagonal = np.hypot(self.camera.width, self.camera.height)
        shared = spread.smooth**2 * np.exp(-apart / diagonal / spread.reach)
        own[distances : distances + lengths] = (along**2).sum(axis=1) * spread.spread**2 + (
            2 * along[:, 0] * along[:, 1] * shared
        )
        variance = self.sigma**2 + picked + own
        return np.asarray(variance + self._bend(x, spread) if bent else variance)

    def covariance(self, x: Array, spread: ErrorModel | None) -> Array:
        """(N, N) of the residuals; its diagonal is ``variance``.

        Args:
            x: The unknowns, which the sensitivity of a length to the depth of its ends depends on.
            spread: The estimator's error model; None where it is not known.
        """
        if spread is None or not spread.smooth:
            return np.diag(self.variance(x, spread))
        along, picked = self._sensitivity(x)
        distances, lengths = len(self.at_u), len(self.ends_u)
        jacobian = np.zeros((len(self), len(self.pixels_px)))
        jacobian[np.arange(distances), np.arange(distances)] = 1.0
        rows = distances + np.arange(lengths)
        for end in (0, 1):
            jacobian[rows, distances + 2 * np.arange(lengths) + end] = along[:, end]
        if self.floor is not None:
            jacobian[-1, -1] = 1.0
        size = {"width": self.camera.width, "height": self.camera.height}
        own = spread.covariance(self.pixels_px, calibrated=True, **size)
        given = self.sigma**2 + picked + self._bend(x, spread)
        return np.asarray(np.diag(given) + jacobian @ own @ jacobian.T)

    def _bend(self, x: Array, spread: ErrorModel) -> Array:
        """(N,) what the second order of the ends' errors adds to the variance of the logarithm of a length.

        With errors a along and b across the length L, ``log L`` moves by ``a / L + (b^2 - a^2) / (2 L^2)``: a length
        that is short against the error of its ends comes out too long.
        """
        ends = self._ends(x)
        between = ends[:, 0] - ends[:, 1]
        squared = np.maximum((between**2).sum(axis=-1), _LEAST)
        along = (ends * between[:, None]).sum(axis=-1) ** 2 / squared[:, None]
        across = (ends**2).sum(axis=-1) - along
        apart = np.linalg.norm(np.diff(self._length_pixels(), axis=1)[:, 0], axis=-1)
        shared = np.exp(-apart / np.hypot(self.camera.width, self.camera.height) / spread.reach)
        # What both ends share moves the length as a whole and does not bend it.
        own = spread.local**2 + spread.smooth**2 * (1 - shared)
        a, b = (own * part.sum(axis=1) / squared for part in (along, across))
        added = np.zeros(len(self))
        added[len(self.at_u) : len(self.at_u) + len(ends)] = 0.5 * (a**2 + b**2) + 0.25 * (b - a) ** 2
        return added

    def _sensitivity(self, x: Array) -> tuple[Array, Array]:
        """(L, 2) change of the logarithm of each length with that of the depth of its ends, and (N,) variances that
        come from picking by hand."""
        ends = self._ends(x)
        between = ends[:, 0] - ends[:, 1]
        squared = np.maximum((between**2).sum(axis=-1), _LEAST)
        # A length grows with an end's depth by that end's part along the length.
        along = np.stack([(between * ends[:, 0]).sum(axis=-1), -(between * ends[:, 1]).sum(axis=-1)], axis=-1)
        picked = np.zeros(len(self))
        across = (PICKING_PX * ends[:, :, 2] / (self.camera.fx * np.exp(x[2]))) ** 2
        picked[len(self.at_u) : len(self.at_u) + len(ends)] = across.sum(axis=1) / squared
        return along / squared[:, None], picked

    def _length_pixels(self) -> Array:
        """(L, 2, 2) positions of the lengths' ends, px."""
        start = len(self.at_u)
        return self.pixels_px[start : start + 2 * len(self.ends_u)].reshape(-1, 2, 2)

    def _inverse(self, x: Array, u: Array) -> Array:
        return np.maximum(x[1] + x[0] * u, _LEAST)

    def _ends(self, x: Array) -> Array:
        """(L, 2, 3) points in m, cam frame."""
        z = 1 / self._inverse(x, self.ends_u)
        xy = self.ends_ray * (np.exp(-x[2]) * z)[..., None]
        return np.concatenate([xy, z[..., None]], axis=-1)


def explicit_of(values: Values, constraints: Sequence[Constraint]) -> Explicit:
    """Looks up the estimator's values at the constraints' positions.

    Raises:
        CalibrationError: A position outside of the photo or without depth; no floor; two camera heights.
    """
    at = [one for one in constraints if isinstance(one, DistanceAt)]
    lengths = [one for one in constraints if isinstance(one, LengthBetween)]
    for one in constraints:
        if isinstance(one, Rectangle):
            lengths.extend(one.sides)
    heights = [one for one in constraints if isinstance(one, CameraHeight)]
    if len(heights) > 1:
        raise CalibrationError(
            f"the camera's height is given twice: {', '.join(one.text for one in heights)}"
        )
    ends = [(one.a_px, one.b_px) for one in lengths]
    camera = values.camera
    floor, below = None, []
    if heights:
        plane = floor_plane(values.value, values.valid, rays_of(camera))
        floor = (plane - np.array([0.0, 0.0, values.offset])) / values.unit
        below = [(camera.width / 2, float(camera.height))]
    everything: list[DistanceAt | LengthBetween | CameraHeight] = [*at, *lengths, *heights]
    flat = [pixel for pair in ends for pixel in pair]
    return Explicit(
        texts=tuple(one.text for one in everything),
        known_m=np.array([one.known_m for one in everything]),
        sigma=np.array([one.sigma_m / one.known_m for one in everything]),
        at_ray=np.array([values.ray(one.pixel_px) for one in at]).reshape(-1, 2),
        at_u=np.array([values.at(one.pixel_px, one.text) for one in at]),
        ends_ray=np.array([values.ray(pixel) for pixel in flat]).reshape(-1, 2, 2),
        ends_u=np.array(
            [values.at(pixel, one.text) for one in lengths for pixel in (one.a_px, one.b_px)]
        ).reshape(-1, 2),
        floor=floor,
        pixels_px=np.array([*(one.pixel_px for one in at), *flat, *below]).reshape(-1, 2),
        camera=camera,
    )
