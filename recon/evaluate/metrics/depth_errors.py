"""Standard per-pixel errors of depth.

The definitions are those of Eigen, Puhrsch and Fergus, "Depth Map Prediction from a Single Image using a Multi-Scale
Deep Network", NeurIPS 2014, section 4.1; log10 is from Saxena, Sun and Ng, "Make3D", PAMI 2009. Logarithms are
natural except log10. All are over the pixels where both depths are valid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DELTA = 1.25


@dataclass(frozen=True)
class DepthErrors:
    """Errors of one depth map; smaller is better, except for the deltas."""

    abs_rel: float
    """mean |z - t| / t."""
    sq_rel_m: float
    """mean (z - t)^2 / t, m."""
    rmse_m: float
    """sqrt mean (z - t)^2, m."""
    rmse_log: float
    """sqrt mean (log z - log t)^2."""
    log10: float
    """mean |log10 z - log10 t|."""
    delta1: float
    """Fraction of pixels with max(z / t, t / z) < 1.25."""
    delta2: float
    """The same with 1.25^2."""
    delta3: float
    """The same with 1.25^3."""
    si_log: float
    """Scale-invariant error: sqrt(mean d^2 - (mean d)^2) of d = log z - log t: the root of Eigen's equation 1 (lambda
    = 1, "RMSE (log, scale inv.)" of the paper's tables). KITTI's SILog is 100 times this."""


def depth_errors(z_m: Array, true_m: Array) -> DepthErrors:
    """Errors of an estimate.

    Args:
        z_m: (N,) estimated depth, m, positive.
        true_m: (N,) ground truth at the same pixels, m, positive.

    Raises:
        ValueError: The arrays are empty or differ in length.
    """
    z, t = _checked(z_m, true_m)
    apart = z - t
    log_ratio = np.log(z / t)
    worse = np.maximum(z / t, t / z)
    return DepthErrors(
        abs_rel=float(np.mean(np.abs(apart) / t)),
        sq_rel_m=float(np.mean(apart**2 / t)),
        rmse_m=float(np.sqrt(np.mean(apart**2))),
        rmse_log=float(np.sqrt(np.mean(log_ratio**2))),
        log10=float(np.mean(np.abs(log_ratio)) / np.log(10)),
        delta1=float(np.mean(worse < _DELTA)),
        delta2=float(np.mean(worse < _DELTA**2)),
        delta3=float(np.mean(worse < _DELTA**3)),
        # As a standard deviation: the difference of the two means would cancel digits.
        si_log=float(np.std(log_ratio)),
    )


def median_scale(z_m: Array, true_m: Array) -> float:
    """The median of the ratio of true to estimated depth.

    Unlike least squares, the median of the ratios is robust against a few far or wrong pixels (Zhou et al.,
    "Unsupervised Learning of Depth and Ego-Motion from Video", CVPR 2017, use the ratio of the medians, which differs
    little).
    """
    z, t = _checked(z_m, true_m)
    return float(np.median(t / z))


@dataclass(frozen=True)
class InverseFit:
    """``1 / t = scale * inverse + shift``."""

    scale: float
    """1/m per unit of the estimate."""
    shift: float
    """1/m."""
    farthest_m: float
    """Upper limit of the depth; also used for points that the fit puts behind the camera."""

    def depth_m(self, inverse: Array) -> Array:
        """Depth of an estimate's inverse depth, m."""
        return np.asarray(1 / np.maximum(self.scale * inverse + self.shift, 1 / self.farthest_m))


def fit_inverse(inverse: Array, true_m: Array) -> InverseFit:
    """Fits scale and shift of inverse depth by least squares in 1/m, the usual alignment of relative estimators.

    Ranftl et al., "Towards Robust Monocular Depth Estimation", PAMI 2022, section 4. Depth is limited to the farthest
    ground truth of the photo, also where the fitted inverse depth is zero or negative.

    Args:
        inverse: (N,) estimated inverse depth in any unit; 1/m for a metric estimator.
        true_m: (N,) true depth, m.
    """
    if inverse.shape != true_m.shape or inverse.ndim != 1 or not inverse.size:
        raise ValueError(f"expected two arrays (N,), got {inverse.shape} and {true_m.shape}")
    wanted = 1 / true_m.astype(np.float64)
    given = inverse.astype(np.float64)
    centred = given - given.mean()
    variance = float(np.mean(centred**2))
    # A constant estimate has no slope.
    flat = variance <= 1e-24 * float(np.mean(given**2))
    scale = 0.0 if flat else float(np.mean(centred * wanted) / variance)
    return InverseFit(scale, float(wanted.mean() - scale * given.mean()), float(true_m.max()))


def _checked(z_m: Array, true_m: Array) -> tuple[Array, Array]:
    if z_m.shape != true_m.shape or z_m.ndim != 1:
        raise ValueError(f"expected two arrays (N,), got {z_m.shape} and {true_m.shape}")
    if not z_m.size:
        raise ValueError("expected at least one pixel")
    z, t = z_m.astype(np.float64), true_m.astype(np.float64)
    if not (z.min() > 0 and t.min() > 0):
        raise ValueError("depths must be positive")
    return z, t
