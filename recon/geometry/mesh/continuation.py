"""How far a surface may go on beyond the pixel where it was seen last."""

import numpy as np
from numpy.typing import NDArray

_LARGEST_CHANGE = 0.5
"""Of inverse depth, as share of itself: then a steep surface ends at twice its distance, and not at infinity or
behind the camera. A floor's changes by less from pixel to pixel, up to one pixel below the horizon."""


def limited(inverse: NDArray[np.floating], own: NDArray[np.floating] | np.float32) -> NDArray[np.float32]:
    """Inverse depth of a surface that was continued, 1/m, brought near to that of the pixel that it goes on from.

    Args:
        inverse: (N,) where the surface's slope leads.
        own: (N,) or one: of the pixel.
    """
    low, high = np.float32(1 - _LARGEST_CHANGE) * own, np.float32(1 + _LARGEST_CHANGE) * own
    return np.asarray(np.clip(inverse, low, high), np.float32)
