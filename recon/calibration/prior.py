"""What is known of scale and shift before anything is measured: the estimator's error model.

A metric estimator's depth is off by a common factor, whose logarithm is normal with the standard deviation ``scale``
of its error model. Where the shift of inverse depth is fitted, too, it is taken as normal about 0, so wide that at
the middle of the scene it moves depth by as much as the scale does.
"""

from dataclasses import dataclass

import numpy as np

from recon.calibration.values import Array, Values


@dataclass(frozen=True)
class Prior:
    """Normal distributions of log scale and of shift, in terms of the fit's unknowns."""

    scale_sigma: float
    """Of the logarithm of the scale, about 0."""
    shift_sigma: float
    """1/m, about 0; 0: there is no shift."""
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
        """(1,) or (2,) unknowns in standard deviations from what is expected."""
        found = [np.log(max(x[0], 1e-300) / self.unit) / self.scale_sigma]
        if self.shift_sigma:
            found.append((x[1] - x[0] * self.offset / self.unit) / self.shift_sigma)
        return np.array(found)

    def covariance(self, x: Array) -> Array:
        """(4, 4) of the unknowns, to first order about ``x``; zero where nothing is known before."""
        # near = unit * scale, and far = shift + offset * scale.
        by_scale_shift = np.zeros((4, 2))
        by_scale_shift[:2] = [[self.unit, 0.0], [self.offset if self.shift_sigma else 0.0, 1.0]]
        sigma = np.array([self.scale_sigma * x[0] / self.unit, self.shift_sigma])
        return np.asarray((by_scale_shift * sigma**2) @ by_scale_shift.T)
