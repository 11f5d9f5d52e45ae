"""Corrects the fit for the spatially correlated error of the estimator (kriging).

The estimator's log depth is off by ``Phi (x - x*) + e``: what the unknowns x correct (``Phi`` is the change of log
depth with them), and a field e of known covariance C, part of which is common to the whole photo or varies with depth
like a shift. The K residuals of the known lengths are, to first order,

    r = J (x - x*) + H e + noise,     S = H C H' + diag(noise)

with J their change with the unknowns and H that with the depth at the points. Least squares weighted by S, with the
prior covariance P of x, estimates x from r by ``A = (J' S^-1 J + P^-1)^-1 J' S^-1``. The remaining residuals predict
e, and the part of e that scale and shift can absorb over the photo is absorbed as well (universal and block kriging
of the mean of a field: Cressie, Statistics for Spatial Data, 1993, 3.2 and 3.4):

    x~ = x - M r,     M = A + Phi+ C H' S^-1 (I - J A)        (Phi+ over a lattice of the picture's pixels)

So a short length, whose ends are affected by the field more than by the common factor, hardly changes the scale. The
remaining error of log depth at pixels q is e - Phi M (H e + noise) + Phi (I - M J) (prior error), with covariance

    C - Phi B C_pq - (Phi B C_pq)' + Phi V Phi',     B = M H,  V = M S M' + (I - M J) P (I - M J)'

with C_pq between the points of the lengths and q. B and V are stored in the calibration (``anchors``,
``covariance``), so that later measurements get the correct interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.calibration.prior import Prior
from recon.calibration.problem import FAR, NEAR
from recon.calibration.residuals import Explicit
from recon.calibration.values import Array
from recon.error_model import ErrorModel
from recon.types import Intrinsics

_FAR_SHARE = 0.1


@dataclass(frozen=True)
class Picture:
    """Pixels over which the estimator's mean error is corrected."""

    pixels_px: Array
    """(G, 2)."""
    u: Array
    """(G,)."""
    factor: Array
    """(G,) multipliers of the estimator's error (``ErrorModel.factors``)."""

    def common_sigma(self, spread: ErrorModel, camera: Intrinsics) -> float:
        """Standard deviation of the estimator's mean error of log depth over the picture, before calibration."""
        size = {"width": camera.width, "height": camera.height}
        return spread.common_sigma(self.pixels_px, factor=self.factor, **size)

    def modes(self, x: Array, free: list[int]) -> Array:
        """(G, U) derivative of log depth with respect to the free unknowns; zero for the focal length."""
        inverse = x[FAR] + x[NEAR] * self.u
        # Limits the weight of very distant pixels, which a shift changes most.
        z_m = 1 / np.maximum(inverse, _FAR_SHARE * np.median(inverse))
        every = np.zeros((len(self.u), 4))
        every[:, NEAR], every[:, FAR] = -z_m * self.u, -z_m
        return every[:, free]


@dataclass(frozen=True)
class Gained:
    """The corrected unknowns and their covariance."""

    x: Array
    """(4,) the unknowns, corrected by the predicted mean of the field."""
    covariance: Array
    """(4, 4) ``V``."""
    anchors: Array
    """(4, P) ``B``: negated derivative of each unknown with respect to the error of log depth at each point."""
    common_sigma: float
    """Standard deviation of the remaining mean error of log depth over the photo."""


def gained(
    explicit: Explicit,
    used: NDArray[np.bool_],
    x: Array,
    free: list[int],
    *,
    spread: ErrorModel,
    prior: Prior | None,
    picture: Picture,
) -> Gained:
    """The best unknowns and their covariance, near the fit ``x``.

    Args:
        explicit: The known lengths.
        used: (N,) bool, the inliers.
        x: (4,) the weighted least-squares fit to the inliers.
        free: Indices of the unknowns that are fitted.
        spread: The estimator's error model.
        prior: The prior of the unknowns, or None.
        picture: The pixels with a depth.
    """
    size = {"width": explicit.camera.width, "height": explicit.camera.height}
    points = len(explicit.pixels_px)
    both = np.concatenate([explicit.pixels_px, picture.pixels_px])
    factor = np.concatenate([explicit.factor, picture.factor])
    own = spread.covariance(both, calibrated=True, factor=factor, **size)
    at, seen = slice(0, points), slice(points, None)
    h = explicit.by_point(x)[used]
    s = h @ own[at, at] @ h.T + np.diag(explicit.noise(x, spread)[used])
    j = _by_unknown(explicit, x, free)[used]
    before = np.zeros((len(free), len(free))) if prior is None else prior.covariance(x)[np.ix_(free, free)]
    solved = np.linalg.solve(s, np.concatenate([j, h @ own[at, seen]], axis=1))
    a = np.linalg.solve(j.T @ solved[:, : len(free)] + np.linalg.pinv(before), solved[:, : len(free)].T)
    modes = picture.modes(x, free)
    taken = np.linalg.pinv(modes)
    rest = np.eye(len(j)) - j @ a
    by_field = taken @ solved[:, len(free) :].T
    m = a + by_field @ rest
    left = np.eye(len(free)) - m @ j
    v = m @ s @ m.T + left @ before @ left.T
    b = m @ h
    # The remaining mean over the photo.
    mean = modes.mean(axis=0)
    cross = mean @ b @ own[at, seen].mean(axis=1)
    local = spread.local**2 * float(np.mean(picture.factor**2)) / len(picture.u)
    common = own[seen, seen].mean() - local - 2 * cross + mean @ v @ mean
    step = by_field @ explicit.residual(x)[used]
    moved = _moved(x, free, -step)
    # Errors of a scale are relative.
    grown = np.diag([moved[NEAR] / x[NEAR] if index == NEAR and FAR not in free else 1.0 for index in free])
    return Gained(
        x=moved,
        covariance=_filled(grown @ v @ grown, free),
        anchors=_rows(grown @ b, free),
        common_sigma=float(np.sqrt(max(common, 0.0))),
    )


def _by_unknown(explicit: Explicit, x: Array, free: list[int]) -> Array:
    """(N, U) derivative of the residuals with respect to the free unknowns, by central differences."""
    columns = []
    for index in free:
        step = np.zeros(4)
        step[index] = 1e-6 * max(abs(x[NEAR]), abs(x[FAR])) if index in (NEAR, FAR) else 1e-6
        moved = explicit.log_length(x + step) - explicit.log_length(x - step)
        columns.append(moved / (2 * step[index]))
    return np.stack(columns, axis=1)


def _moved(x: Array, free: list[int], step: Array) -> Array:
    moved = x.copy()
    for index, by in zip(free, step, strict=True):
        # A scale is multiplied by a factor, so that it stays positive.
        moved[index] = (
            moved[index] * np.exp(by / x[NEAR]) if index == NEAR and FAR not in free else moved[index] + by
        )
    return moved


def _filled(square: Array, free: list[int]) -> Array:
    full = np.zeros((4, 4))
    full[np.ix_(free, free)] = square
    return full


def _rows(rows: Array, free: list[int]) -> Array:
    full = np.zeros((4, rows.shape[1]))
    full[free] = rows
    return full
