"""Limits the extrapolation of a surface beyond its last visible pixel."""

import numpy as np
from numpy.typing import NDArray

_LARGEST_CHANGE = 0.5
"""Largest relative change of inverse depth: a steep surface ends at twice its distance instead of at infinity or
behind the camera. A floor changes by less per pixel, up to one pixel below the horizon."""


def limited(inverse: NDArray[np.floating], own: NDArray[np.floating] | np.float32) -> NDArray[np.float32]:
    """Inverse depth of an extrapolated surface, 1/m, clipped to a range around that of its last visible pixel.

    Args:
        inverse: (N,) extrapolated along the surface's slope.
        own: (N,) or scalar: inverse depth of the last visible pixel.
    """
    low, high = np.float32(1 - _LARGEST_CHANGE) * own, np.float32(1 + _LARGEST_CHANGE) * own
    return np.asarray(np.clip(inverse, low, high), np.float32)
