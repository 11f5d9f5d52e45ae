"""Scale and shift of each frame's depth, held steady over a window of the clip.

Neighbouring frames are compared at tracked points; the changes add up to a path of scale and shift. Each frame is
moved to the mean of that path over the window around it: jitter goes, and the mean log scale of a window stays what
the model estimated, so that nothing drifts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.statistics import SIGMA_PER_MEDIAN
from recon.types import BoolMap, FloatMap

BEHIND = 15
"""Frames of the window before a frame; ``steadier.ahead_of`` gives those after it. A window that reaches back much
farther than ahead would turn small errors of the tracked motion into an error of scale."""
_ROUNDS = 8
_PRIOR = 0.05
"""Weight of "no shift" over that of all points: at one distance, only the scale can be told."""
_NARROWEST = 1e-3
"""Smallest spread of residuals, of log depth."""
_FARTHEST = 5.0
"""Farther points, over the median depth, count as this far: their depth is the least certain."""
_LARGEST_SHIFT = 0.1
"""Of inverse depth between two frames, over that of the median."""
_LARGEST_GAIN = 2.0
"""No depth changes by a larger factor."""
_FEWEST = 30


@dataclass(frozen=True)
class ScaleShift:
    """Inverse depth of a frame becomes ``scale * inverse + shift_per_m``."""

    scale: float = 1.0
    shift_per_m: float = 0.0

    def gain(self, z_m: FloatMap) -> FloatMap:
        """What the depth is multiplied by, of the shape of ``z_m``."""
        inverse = np.clip(
            self.scale + self.shift_per_m * z_m, self.scale / _LARGEST_GAIN, _LARGEST_GAIN * self.scale
        )
        return (1 / inverse).astype(np.float32)


def change(log_now: FloatMap, log_expected: FloatMap, usable: BoolMap) -> NDArray[np.float64] | None:
    """What changed between two frames: ``log_now - log_expected = a - log(1 + b * z)`` at static points.

    This is ``1 / z_now = exp(-a) * (1 / z + b)``, fitted in log depth by iteratively reweighted Gauss-Newton
    steps with Tukey's weights.

    Args:
        log_now: (h, w) log depth of a frame.
        log_expected: (h, w) the depth z that its static points have by the frame before.
        usable: (h, w) where both are known.

    Returns:
        (a, b in 1/m); None if too few points are known.
    """
    residual = (log_now - log_expected)[usable].astype(np.float64)
    if len(residual) < _FEWEST:
        return None
    before = log_expected[usable].astype(np.float64)
    middle = float(np.median(before))
    far = np.minimum(np.exp(before - middle), _FARTHEST)
    a, b = float(np.median(residual)), 0.0
    for _ in range(_ROUNDS):
        left = residual - a + np.log1p(b * far)
        spread = max(SIGMA_PER_MEDIAN * float(np.median(np.abs(left))), _NARROWEST)
        weight = np.clip(1 - (left / (4.685 * spread)) ** 2, 0, None) ** 2
        slopes = np.stack([np.ones_like(far), -far / (1 + b * far)])
        normal = (slopes * weight) @ slopes.T
        normal[1, 1] += _PRIOR * weight.sum()
        a, b = np.array([a, b]) + np.linalg.solve(
            normal, (slopes * weight) @ left - [0, _PRIOR * weight.sum() * b]
        )
        b = float(np.clip(b, -_LARGEST_SHIFT, _LARGEST_SHIFT))
    return np.array([a, b * np.exp(-middle)])


def held(path: Sequence[NDArray[np.float64]], at: int) -> ScaleShift:
    """What moves a frame to the mean of the path.

    Args:
        path: (a, b) of ``change``, added up, of the frames of the window.
        at: The frame's place in it.
    """
    a, b = np.mean(path, axis=0) - path[at]
    scale = float(np.exp(-a))
    return ScaleShift(scale, scale * float(b))
