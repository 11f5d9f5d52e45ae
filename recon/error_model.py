"""Error model of an estimator: a Gaussian model of the error of log depth, with three parts.

The logarithm of estimated over true depth is modelled as ``scale + smooth(pixel) + local(pixel)``: a factor common to
the whole photo (removed by a calibration), a field that varies slowly over the photo with an exponential covariance
(a variogram model: Cressie, Statistics for Spatial Data, 1993, 2.3), and a residual that is independent from pixel to
pixel. Points near each other share the smooth part, so the distance between them is more certain than the depth of
either.

An estimator may predict its error at each pixel: a map ``s`` of standard deviations of log depth
(``MetricDepth.log_sigma``). The smooth and the local part are then multiplied by ``s(p) / typical_sigma``, so that
the covariance between the pixels p and q is

    scale^2 + (s(p) s(q) / typical_sigma^2) (smooth^2 exp(-|p - q| / reach) + local^2 [p = q])

The common factor is not multiplied: the map says where in the photo the estimator is unsure, and a factor that is the
same everywhere shows in no pixel more than in others. Smooth and local have the same multiplier, since the map is
trained on the error of single pixels, which does not separate the two. A product of multipliers, and not a function
of both pixels, keeps the correlation and with it a positive semi-definite matrix (Cressie, 1993, 2.3: a field with a
proportional standard deviation).
"""

from dataclasses import asdict, dataclass
from math import hypot, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = ("scale", "smooth", "reach", "local")
_LARGEST = 100.0
"""A log depth that is off by more leaves no number."""


@dataclass(frozen=True)
class ErrorModel:
    """Standard deviations of log depth: 0.05 is 5 % of the distance."""

    estimator: str
    """The estimator's name."""
    scale: float
    """Standard deviation of the factor common to a photo, before calibration."""
    smooth: float
    """Standard deviation of the smooth part."""
    reach: float
    """Distance at which the correlation of the smooth part falls to 1/e, as a fraction of the photo's diagonal."""
    local: float
    """Standard deviation of the independent part."""
    photos: int
    """Number of photos it was fitted on."""
    source: str
    """Description of these photos."""
    typical_sigma: float | None = None
    """The estimator's own standard deviation of log depth at a pixel whose error has the standard deviations
    ``smooth`` and ``local``; None if these were measured without the map, whose variance is then added."""

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if not 0 <= value <= _LARGEST:
                raise ValueError(f"{name} must be between 0 and {_LARGEST:g}, got {value:g}")
        if self.reach <= 0:
            raise ValueError(f"reach must be positive, got {self.reach}")
        if self.typical_sigma is not None and not (isfinite(self.typical_sigma) and self.typical_sigma > 0):
            raise ValueError(f"typical_sigma must be positive, got {self.typical_sigma}")

    @property
    def spread(self) -> float:
        """Standard deviation of the log depth of one pixel after calibration."""
        return hypot(self.smooth, self.local)

    def factors(
        self, log_sigma: NDArray[np.float32] | None, pixels_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(N,) multipliers of the smooth and the local part; 1 for an estimator that predicts no error.

        Where this model was measured without the map, as for a model that is augmented only now, the map's variance
        is added.

        Args:
            log_sigma: (H, W) the estimator's standard deviation of log depth, or None.
            pixels_px: (N, 2) positions (x, y), px.
        """
        if log_sigma is None or (self.typical_sigma is None and not self.spread):
            return np.ones(len(pixels_px))
        height, width = log_sigma.shape
        columns = np.clip(np.floor(pixels_px[:, 0]), 0, width - 1).astype(np.intp)
        rows = np.clip(np.floor(pixels_px[:, 1]), 0, height - 1).astype(np.intp)
        sigma = log_sigma[rows, columns].astype(np.float64)
        typical = self.typical_sigma
        factor = np.hypot(1, sigma / self.spread) if typical is None else sigma / typical
        # Next to a pixel without depth the map may have no meaning.
        return np.where(np.isfinite(sigma) & (sigma > 0), factor, 1.0)

    def common_sigma(
        self,
        pixels_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        factor: NDArray[np.float64] | float = 1.0,
    ) -> float:
        """Standard deviation of the mean error of log depth over some pixels, before calibration.

        It combines the common factor and the mean of the smooth part (Krige's relation: Journel and Huijbregts,
        Mining Geostatistics, 1978, II.C).

        Args:
            pixels_px: (N, 2) positions (x, y), px, spread over the picture (``lattice``).
            width: Of the picture, px.
            height: Of the picture, px.
            factor: (N,) multipliers (``factors``).
        """
        whole = self.covariance(pixels_px, width=width, height=height, calibrated=False, factor=factor)
        # The local part averages out over many pixels.
        own = self.local**2 * float(np.mean(np.square(factor))) / len(pixels_px)
        return float(np.sqrt(max(whole.mean() - own, 0.0)))

    def covariance(
        self,
        pixels_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        calibrated: bool,
        factor: NDArray[np.float64] | float = 1.0,
    ) -> NDArray[np.float64]:
        """Covariance of the errors of log depth at some pixels.

        Args:
            pixels_px: (N, 2) positions (x, y), px.
            width: Of the picture, px.
            height: Of the picture, px.
            calibrated: Whether the common factor was fitted; its error is then part of the calibration's.
            factor: (N,) multipliers of the smooth and the local part (``factors``).

        Returns:
            (N, N) float64, positive semi-definite.
        """
        size = {"width": width, "height": height}
        shared = self.between(pixels_px, pixels_px, one_factor=factor, other_factor=factor, **size)
        own = self.local**2 * np.eye(len(pixels_px)) * np.square(factor)
        return np.asarray(shared + own + (0.0 if calibrated else self.scale**2))

    def between(
        self,
        one_px: NDArray[np.float64],
        other_px: NDArray[np.float64],
        *,
        width: int,
        height: int,
        one_factor: NDArray[np.float64] | float = 1.0,
        other_factor: NDArray[np.float64] | float = 1.0,
    ) -> NDArray[np.float64]:
        """Covariance of the smooth part between two lists of pixels, (N, M); arguments as ``covariance``."""
        apart = np.linalg.norm(one_px[:, None] - other_px[None], axis=-1) / hypot(width, height)
        alike = self.smooth**2 * np.exp(-apart / self.reach)
        return np.asarray(alike * np.reshape(one_factor, (-1, 1)) * np.reshape(other_factor, (1, -1)))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``typical_sigma`` only if there is one."""
        values = asdict(self)
        if self.typical_sigma is None:
            del values["typical_sigma"]
        return values
