"""Prior of scale and shift from the estimator's error model.

A metric estimator's depth has an error of scale, whose logarithm is normal with the standard deviation ``scale`` of
its error model. If the shift of inverse depth is fitted too, its prior is normal with mean 0, and as wide as the
prior of the scale at the median depth of the scene.
"""

from dataclasses import dataclass

import numpy as np

from recon.calibration.values import Array, Values


@dataclass(frozen=True)
class Prior:
    """Normal priors of log scale and shift, in terms of the fit's unknowns."""

    scale_sigma: float
    """Standard deviation of the log scale, with mean 0."""
    shift_sigma: float
    """Standard deviation of the shift, 1/m, with mean 0; 0 if there is no shift."""
    offset: float
    """As in ``Values``: ``value = offset + unit * u``."""
    unit: float

    @classmethod
    def of(cls, values: Values, scale_sigma: float, *, shifted: bool) -> "Prior":
        """The prior for a metric estimator's inverse depth, 1/m."""
        middle = float(np.median(values.value[values.valid]))
        shift_sigma = scale_sigma * middle if shifted else 0.0
        return cls(scale_sigma, shift_sigma, values.offset, values.unit)

    def residual(self, x: Array) -> Array:
        """(1,) or (2,) deviations from the prior mean, in standard deviations."""
        residuals = [np.log(max(x[0], 1e-300) / self.unit) / self.scale_sigma]
        if self.shift_sigma:
            residuals.append((x[1] - x[0] * self.offset / self.unit) / self.shift_sigma)
        return np.array(residuals)

    def covariance(self, x: Array) -> Array:
        """(4, 4) of the unknowns, to first order at ``x``; zero for unknowns without a prior."""
        # near = unit * scale, and far = shift + offset * scale.
        by_scale_shift = np.zeros((4, 2))
        by_scale_shift[:2] = [[self.unit, 0.0], [self.offset if self.shift_sigma else 0.0, 1.0]]
        sigma = np.array([self.scale_sigma * x[0] / self.unit, self.shift_sigma])
        return np.asarray((by_scale_shift * sigma**2) @ by_scale_shift.T)
