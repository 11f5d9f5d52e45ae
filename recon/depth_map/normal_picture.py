"""Normals as colours."""

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap


def normal_picture(normals: NDArray[np.float32], valid: BoolMap) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 in the colours of normal maps (OpenGL's): red to the right, green up, blue to the viewer.

    Args:
        normals: (H, W, 3) unit vectors, cam frame.
        valid: (H, W) bool; grey elsewhere.
    """
    shown = np.where(valid[..., None], normals * np.array([1, -1, -1], np.float32), np.float32(0))
    return np.rint(127.5 + 127.5 * shown.clip(-1, 1)).astype(np.uint8)
