"""What is known, brought to one form: logarithms of lengths that depend on the unknowns, with their covariance.

The unknowns are ``(near, far, focal, gain)``: inverse depth is ``1 / z = far + near * u`` where u is the estimator's
value, shifted and scaled to about 0 to 1; ``focal`` is the logarithm of the focal length over the assumed one;
``gain`` is the logarithm of the reference's own error of scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recon.calibration.error_model import ErrorModel
from recon.calibration.floor_plane import Floor, find_floor
from recon.calibration.values import Array, Values
from recon.constraints import (
    PICKING_PX,
    CameraHeight,
    Constraint,
    DistanceAt,
    LengthBetween,
    Rectangle,
)
from recon.errors import CalibrationError
from recon.geometry.unproject import rays_of
from recon.types import Intrinsics

_LEAST = 1e-12


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
    floor: Floor | None
    """In units of u; None where the camera's height is not given."""
    pixels_px: Array
    """(P, 2) positions of all points, in that order: A distances, 2 L ends, the floor's."""
    camera: Intrinsics

    def __len__(self) -> int:
        return len(self.known_m)

    @property
    def lengths(self) -> slice:
        """Which of the constraints are lengths between two points."""
        return slice(len(self.at_u), len(self.at_u) + len(self.ends_u))

    def displaced(self, x: Array, error: Array, end: int) -> "Explicit":
        """The same as if the estimator's inverse depth were larger by ``exp(error)`` at one end of everything.

        Args:
            x: The unknowns, by which its values become inverse depth.
            error: (N,) of the logarithm of inverse depth, of each constraint.
            end: 0: of the distances and at the lengths' first end; 1: at the lengths' second end.
        """

        def moved(u: Array, by: Array) -> Array:
            return np.asarray(((x[1] + x[0] * u) * np.exp(by) - x[1]) / x[0])

        ends_u = self.ends_u.copy()
        ends_u[:, end] = moved(ends_u[:, end], error[self.lengths])
        at_u = moved(self.at_u, error[: len(self.at_u)]) if end == 0 else self.at_u
        return replace(self, at_u=at_u, ends_u=ends_u)

    def without(self, index: int) -> "Explicit":
        """All but one of them."""
        keep = np.arange(len(self)) != index
        keep_at, keep_ends = keep[: len(self.at_u)], keep[self.lengths]
        below = 0 if self.floor is None else len(self.floor.pixels_px)
        points = [keep_at, np.repeat(keep_ends, 2), np.repeat(keep[-1:], below)]
        return Explicit(
            texts=tuple(text for text, kept in zip(self.texts, keep, strict=True) if kept),
            known_m=self.known_m[keep],
            sigma=self.sigma[keep],
            at_ray=self.at_ray[keep_at],
            at_u=self.at_u[keep_at],
            ends_ray=self.ends_ray[keep_ends],
            ends_u=self.ends_u[keep_ends],
            floor=self.floor if bool(keep[-1]) else None,
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
            found.append(np.array([self.floor.height(x[0], x[1], stretch)]))
        return np.asarray(np.log(np.maximum(np.concatenate(found), _LEAST)))

    def residual(self, x: Array) -> Array:
        """(N,) logarithm of the length by the unknowns over the known one."""
        return self.log_length(x) - np.log(self.known_m)

    def given_variance(self, x: Array) -> Array:
        """(N,) variances of the residuals by what was given and by picking alone, as if the depth had no error."""
        picked = np.zeros(len(self))
        ends, squared = self._ends(x), self._squared(x)
        across = (PICKING_PX * ends[:, :, 2] / (self.camera.fx * np.exp(x[2]))) ** 2
        picked[self.lengths] = across.sum(axis=1) / squared
        return np.asarray(self.sigma**2 + picked)

    def noise(self, x: Array, spread: ErrorModel, *, bent: bool = True) -> Array:
        """(N,) variances that each residual has for itself: ``given_variance``, and the bend.

        Args:
            x: The unknowns.
            spread: The estimator's error model.
            bent: To the second order of the estimator's error, which is right near the solution only: far from it,
                lengths that shrink to nothing would excuse every residual.
        """
        variance = self.given_variance(x)
        return np.asarray(variance + self._bend(x, spread) if bent else variance)

    def by_point(self, x: Array) -> Array:
        """(N, P) change of each residual with the logarithm of the depth at each point; each row's sum is 1."""
        distances = len(self.at_u)
        jacobian = np.zeros((len(self), len(self.pixels_px)))
        jacobian[np.arange(distances), np.arange(distances)] = 1.0
        rows, along = distances + np.arange(len(self.ends_u)), self._along(x)
        for end in (0, 1):
            jacobian[rows, distances + 2 * np.arange(len(self.ends_u)) + end] = along[:, end]
        if self.floor is not None:
            weights = self.floor.weights(x[0], x[1], float(np.exp(-x[2])))
            jacobian[-1, len(self.pixels_px) - len(weights) :] = weights
        return jacobian

    def variance(self, x: Array, spread: ErrorModel, *, bent: bool = True) -> Array:
        """(N,) variances of the residuals: ``noise`` and the estimator's own error."""
        own = np.full(len(self), spread.spread**2)
        along = self._along(x)
        own[self.lengths] = (along**2).sum(axis=1) * spread.spread**2 + (
            2 * along[:, 0] * along[:, 1] * spread.smooth**2 * self._shared(spread)
        )
        if self.floor is not None:
            weights = self.floor.weights(x[0], x[1], float(np.exp(-x[2])))
            size = {"width": self.camera.width, "height": self.camera.height}
            shared = spread.covariance(self.floor.pixels_px, calibrated=True, **size)
            own[-1] = weights @ shared @ weights
        return np.asarray(self.noise(x, spread, bent=bent) + own)

    def covariance(self, x: Array, spread: ErrorModel) -> Array:
        """(N, N) of the residuals; its diagonal is ``variance``."""
        if not spread.smooth:
            return np.diag(self.variance(x, spread))
        size = {"width": self.camera.width, "height": self.camera.height}
        jacobian = self.by_point(x)
        own = spread.covariance(self.pixels_px, calibrated=True, **size)
        return np.asarray(np.diag(self.noise(x, spread)) + jacobian @ own @ jacobian.T)

    def apart_variance(self, spread: ErrorModel) -> Array:
        """(N,) variance of the log depth of one end that the other end does not share; of a distance: all of it."""
        own = np.full(len(self), spread.spread**2)
        own[self.lengths] = spread.local**2 + spread.smooth**2 * (1 - self._shared(spread))
        return own

    def _bend(self, x: Array, spread: ErrorModel) -> Array:
        """(N,) what the second order of the ends' errors adds to the variance of the logarithm of a length.

        With errors a along and b across the length L, ``log L`` moves by ``a / L + (b^2 - a^2) / (2 L^2)``: a length
        that is short against the error of its ends comes out too long, and tells little of the scale.
        """
        ends, squared = self._ends(x), self._squared(x)
        between = ends[:, 0] - ends[:, 1]
        along = (ends * between[:, None]).sum(axis=-1) ** 2 / squared[:, None]
        across = (ends**2).sum(axis=-1) - along
        # What both ends share moves the length as a whole and does not bend it.
        own = self.apart_variance(spread)[self.lengths]
        a, b = (own * part.sum(axis=1) / squared for part in (along, across))
        added = np.zeros(len(self))
        added[self.lengths] = 0.5 * (a**2 + b**2) + 0.25 * (b - a) ** 2
        return added

    def _shared(self, spread: ErrorModel) -> Array:
        """(L,) correlation of the smooth error at the two ends of each length."""
        start = len(self.at_u)
        ends_px = self.pixels_px[start : start + 2 * len(self.ends_u)].reshape(-1, 2, 2)
        apart = np.linalg.norm(ends_px[:, 0] - ends_px[:, 1], axis=-1)
        return np.asarray(np.exp(-apart / np.hypot(self.camera.width, self.camera.height) / spread.reach))

    def _along(self, x: Array) -> Array:
        """(L, 2) change of the logarithm of each length with that of the depth of its ends: a length grows with an
        end's depth by that end's part along the length."""
        ends = self._ends(x)
        between = ends[:, 0] - ends[:, 1]
        along = [(between * ends[:, 0]).sum(axis=-1), -(between * ends[:, 1]).sum(axis=-1)]
        return np.stack(along, axis=-1) / self._squared(x)[:, None]

    def _squared(self, x: Array) -> Array:
        """(L,) squares of the lengths, m^2."""
        ends = self._ends(x)
        return np.maximum(((ends[:, 0] - ends[:, 1]) ** 2).sum(axis=-1), _LEAST)

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
    flat = [pixel for one in lengths for pixel in (one.a_px, one.b_px)]
    camera, floor = values.camera, None
    if heights:
        found = find_floor(values.value, values.valid, rays_of(camera))
        floor = replace(found, plane=(found.plane - np.array([0.0, 0.0, values.offset])) / values.unit)
    everything: list[DistanceAt | LengthBetween | CameraHeight] = [*at, *lengths, *heights]
    pixels_px = [*(one.pixel_px for one in at), *flat, *(() if floor is None else floor.pixels_px)]
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
        pixels_px=np.array(pixels_px, np.float64).reshape(-1, 2),
        camera=camera,
    )
