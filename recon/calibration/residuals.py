"""The constraints as residuals: logarithms of lengths as functions of the unknowns, with their covariance.

The unknowns are ``(near, far, focal, gain)``: inverse depth is ``1 / z = far + near * u`` where u is the estimator's
value, shifted and scaled to about 0 to 1; ``focal`` is the logarithm of the focal length over the assumed one;
``gain`` is the logarithm of the reference's error of scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

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
from recon.error_model import ErrorModel
from recon.errors import CalibrationError
from recon.geometry.gravity import Levelling
from recon.geometry.unproject import rays_of
from recon.types import Intrinsics

_LEAST = 1e-12


@dataclass(frozen=True)
class Explicit:
    """The user's constraints: N known lengths (camera to a point, between two points, or camera to floor)."""

    texts: tuple[str, ...]
    """(N,) their texts, in the order distances, lengths, height."""
    known_m: Array
    """(N,)."""
    sigma: Array
    """(N,) relative standard deviations of the given lengths."""
    at_ray: Array
    """(A, 2) rays of the distances."""
    at_u: Array
    """(A,)."""
    ends_ray: Array
    """(L, 2, 2) rays of both ends of the lengths."""
    ends_u: Array
    """(L, 2)."""
    floor: Floor | None
    """In units of u; None if the camera's height is not given."""
    pixels_px: Array
    """(P, 2) positions of all points: A distances, 2 L ends, and the floor's parts."""
    camera: Intrinsics
    factor: Array
    """(P,) multipliers of the estimator's error at the points (``ErrorModel.factors``)."""

    def __len__(self) -> int:
        return len(self.known_m)

    @property
    def lengths(self) -> slice:
        """Which of the constraints are lengths between two points."""
        return slice(len(self.at_u), len(self.at_u) + len(self.ends_u))

    def displaced(self, x: Array, error: Array, end: int) -> "Explicit":
        """A copy in which the inverse depth of every distance, or of one end of every length, is multiplied by
        ``exp(error)``; a camera height is unchanged.

        Args:
            x: The unknowns, which map values to inverse depth.
            error: (N,) error of log inverse depth of each constraint.
            end: 0 for the distances and the first end of each length, 1 for the second end of each length.
        """

        def moved(u: Array, by: Array) -> Array:
            return np.asarray(((x[1] + x[0] * u) * np.exp(by) - x[1]) / x[0])

        ends_u = self.ends_u.copy()
        ends_u[:, end] = moved(ends_u[:, end], error[self.lengths])
        at_u = moved(self.at_u, error[: len(self.at_u)]) if end == 0 else self.at_u
        return replace(self, at_u=at_u, ends_u=ends_u)

    def without(self, index: int) -> "Explicit":
        """A copy without one of the constraints."""
        keep = np.arange(len(self)) != index
        keep_at, keep_ends = keep[: len(self.at_u)], keep[self.lengths]
        below = 0 if self.floor is None else len(self.floor.pixels_px)
        points = np.concatenate([keep_at, np.repeat(keep_ends, 2), np.repeat(keep[-1:], below)])
        return Explicit(
            texts=tuple(text for text, kept in zip(self.texts, keep, strict=True) if kept),
            known_m=self.known_m[keep],
            sigma=self.sigma[keep],
            at_ray=self.at_ray[keep_at],
            at_u=self.at_u[keep_at],
            ends_ray=self.ends_ray[keep_ends],
            ends_u=self.ends_u[keep_ends],
            floor=self.floor if bool(keep[-1]) else None,
            pixels_px=self.pixels_px[points],
            camera=self.camera,
            factor=self.factor[points],
        )

    def log_length(self, x: Array) -> Array:
        """(N,) logarithm of each length in m, given the unknowns."""
        stretch = np.exp(-x[2])
        at = np.sqrt(1 + (self.at_ray**2).sum(axis=-1) * stretch**2) / self._inverse(x, self.at_u)
        ends = self._ends(x)
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)
        values = [at, lengths]
        if self.floor is not None:
            values.append(np.array([self.floor.height(x[0], x[1], stretch)]))
        return np.asarray(np.log(np.maximum(np.concatenate(values), _LEAST)))

    def residual(self, x: Array) -> Array:
        """(N,) logarithm of the fitted over the known length."""
        return self.log_length(x) - np.log(self.known_m)

    def given_variance(self, x: Array) -> Array:
        """(N,) variances of the residuals due to the given lengths and picking, without depth errors."""
        picked = np.zeros(len(self))
        ends, squared = self._ends(x), self._squared(x)
        across = (PICKING_PX * ends[:, :, 2] / (self.camera.fx * np.exp(x[2]))) ** 2
        picked[self.lengths] = across.sum(axis=1) / squared
        return np.asarray(self.sigma**2 + picked)

    def noise(self, x: Array, spread: ErrorModel, *, bent: bool = True) -> Array:
        """(N,) variances of the independent part of each residual: ``given_variance`` and the second-order term.

        Args:
            x: The unknowns.
            spread: The estimator's error model.
            bent: Whether to include the second-order term of the estimator's error. It is valid only near the
                solution: far from it, lengths close to zero would have unlimited variances.
        """
        variance = self.given_variance(x)
        return np.asarray(variance + self._bend(x, spread) if bent else variance)

    def by_point(self, x: Array) -> Array:
        """(N, P) derivative of each residual with respect to the log depth of each point; each row sums to 1."""
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
        """(N,) variances of the residuals: ``noise`` and the estimator's error."""
        own = np.full(len(self), spread.spread**2)
        own[: len(self.at_u)] *= self.factor[: len(self.at_u)] ** 2
        along = self._along(x) * self._ends_factor
        own[self.lengths] = (along**2).sum(axis=1) * spread.spread**2 + (
            2 * along[:, 0] * along[:, 1] * spread.smooth**2 * self._shared(spread)
        )
        if self.floor is not None:
            weights = self.floor.weights(x[0], x[1], float(np.exp(-x[2])))
            size = {"width": self.camera.width, "height": self.camera.height}
            factor = self.factor[len(self.factor) - len(weights) :]
            shared = spread.covariance(self.floor.pixels_px, calibrated=True, factor=factor, **size)
            own[-1] = weights @ shared @ weights
        return np.asarray(self.noise(x, spread, bent=bent) + own)

    def covariance(self, x: Array, spread: ErrorModel) -> Array:
        """(N, N) covariance of the residuals; its diagonal is ``variance``."""
        if not spread.smooth:
            return np.diag(self.variance(x, spread))
        size = {"width": self.camera.width, "height": self.camera.height}
        jacobian = self.by_point(x)
        own = spread.covariance(self.pixels_px, calibrated=True, factor=self.factor, **size)
        return np.asarray(np.diag(self.noise(x, spread)) + jacobian @ own @ jacobian.T)

    def apart_variance(self, spread: ErrorModel, end: int) -> Array:
        """(N,) variance of the log depth of one end that is not shared with the other; all of it for a distance."""
        own = np.full(len(self), spread.spread**2)
        own[: len(self.at_u)] *= self.factor[: len(self.at_u)] ** 2
        own[self.lengths] = self._apart(spread) * self._ends_factor[:, end] ** 2
        return own

    def _bend(self, x: Array, spread: ErrorModel) -> Array:
        """(N,) second-order contribution of the ends' errors to the variance of a log length.

        With errors a along and b across the length L, ``log L`` changes by ``a / L + (b^2 - a^2) / (2 L^2)``: a
        length that is short compared with the errors of its ends is overestimated, and constrains the scale only
        weakly.
        """
        ends, squared = self._ends(x), self._squared(x)
        between = ends[:, 0] - ends[:, 1]
        along = (ends * between[:, None]).sum(axis=-1) ** 2 / squared[:, None]
        across = (ends**2).sum(axis=-1) - along
        # Errors shared by both ends scale the length and have no second-order effect.
        own, factor = self._apart(spread), self._ends_factor**2
        a, b = (own * (part * factor).sum(axis=1) / squared for part in (along, across))
        added = np.zeros(len(self))
        added[self.lengths] = 0.5 * (a**2 + b**2) + 0.25 * (b - a) ** 2
        return added

    def _apart(self, spread: ErrorModel) -> Array:
        """(L,) variance of the log depth of one end of each length not shared with the other, without factors."""
        return spread.local**2 + spread.smooth**2 * (1 - self._shared(spread))

    @property
    def _ends_factor(self) -> Array:
        """(L, 2)."""
        start = len(self.at_u)
        return self.factor[start : start + 2 * len(self.ends_u)].reshape(-1, 2)

    def _shared(self, spread: ErrorModel) -> Array:
        """(L,) correlation of the smooth error at the two ends of each length."""
        start = len(self.at_u)
        ends_px = self.pixels_px[start : start + 2 * len(self.ends_u)].reshape(-1, 2, 2)
        apart = np.linalg.norm(ends_px[:, 0] - ends_px[:, 1], axis=-1)
        return np.asarray(np.exp(-apart / np.hypot(self.camera.width, self.camera.height) / spread.reach))

    def _along(self, x: Array) -> Array:
        """(L, 2) derivative of each log length with respect to the log depth of its ends."""
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


def explicit_of(
    values: Values,
    constraints: Sequence[Constraint],
    spread: ErrorModel,
    levelling: Levelling | None = None,
    levelled_as: tuple[float, float] = (1.0, 0.0),
) -> Explicit:
    """Looks up the estimator's values, and its own errors, at the positions of the constraints.

    Args:
        values: The estimator's.
        constraints: What is known.
        spread: The estimator's error model.
        levelling: Of the estimator's depth in metres, for a camera height above the floor that it finds.
        levelled_as: Scale and shift that brought the estimator's values to these metres.

    Raises:
        CalibrationError: A position lies outside the photo or has no depth; no floor; two camera heights.
    """
    at = [one for one in constraints if isinstance(one, DistanceAt)]
    lengths = [one for one in constraints if isinstance(one, LengthBetween)]
    for one in constraints:
        if isinstance(one, Rectangle):
            lengths.extend(one.sides)
    heights = [one for one in constraints if isinstance(one, CameraHeight)]
    if len(heights) > 1:
        raise CalibrationError(
            f"the camera height is given twice: {', '.join(one.text for one in heights)}; keep one of them"
        )
    flat = [pixel for one in lengths for pixel in (one.a_px, one.b_px)]
    camera, floor = values.camera, None
    if heights:
        unscaled = find_floor(values.value, values.valid, rays_of(camera))
        unscaled = unscaled if levelling is None else unscaled.levelled(levelling, *levelled_as)
        floor = replace(unscaled, plane=(unscaled.plane - np.array([0.0, 0.0, values.offset])) / values.unit)
    everything: list[DistanceAt | LengthBetween | CameraHeight] = [*at, *lengths, *heights]
    listed_px = [*(one.pixel_px for one in at), *flat, *(() if floor is None else floor.pixels_px)]
    pixels_px = np.array(listed_px, np.float64).reshape(-1, 2)
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
        pixels_px=pixels_px,
        camera=camera,
        factor=spread.factors(values.log_sigma, pixels_px),
    )
