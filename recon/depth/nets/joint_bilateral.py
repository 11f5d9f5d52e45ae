"""Joint bilateral upsampling (Kopf et al., "Joint Bilateral Upsampling", 2007): a coarse map at the photo's size.

Each pixel takes the mean of the coarse values around it, weighted by how near they are and how alike the photo's
colours are there.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.nets.joint_upsampling import LARGEST_PX, enlarge

Floats = NDArray[np.float32]

_RADIUS = 2
"""Of the neighbourhood, in coarse pixels."""
_NEAR = 1.0
"""Standard deviation of the distance, in coarse pixels."""
_ALIKE = 0.08
"""Standard deviation of the difference of colours (0 to 1)."""


def bilateral(coarse: Floats, rgb: NDArray[np.uint8], weight: Floats) -> Floats:
    """Returns the map at the photo's size, (H, W) float32.

    Args:
        coarse: (h, w) float32, log inverse depth of the same view.
        rgb: (H, W, 3) uint8 photo, larger than the map.
        weight: (h, w) from 0 to 1, how far each coarse pixel counts.
    """
    height, width = rgb.shape[:2]
    shrink = min(1.0, LARGEST_PX / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    photo = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    low = (coarse.shape[1], coarse.shape[0])
    colours = cv2.resize(photo, low, interpolation=cv2.INTER_AREA)
    across, down = (_places(n, m) for n, m in zip(size, low, strict=True))
    total = np.zeros(photo.shape[:2], np.float32)
    mean = np.zeros_like(total)
    for dy in range(-_RADIUS, _RADIUS + 1):
        for dx in range(-_RADIUS, _RADIUS + 1):
            row, column = np.floor(down).astype(np.intp) + dy, np.floor(across).astype(np.intp) + dx
            far = (row + 0.5 - down)[:, None] ** 2 + (column + 0.5 - across)[None] ** 2
            at = np.ix_(np.clip(row, 0, low[1] - 1), np.clip(column, 0, low[0] - 1))
            other = np.square(photo - colours[at]).sum(2)
            share = np.exp(-far / (2 * _NEAR**2) - other / (2 * _ALIKE**2)) * weight[at] + np.float32(1e-12)
            total += share
            mean += share * coarse[at]
    mean /= total
    return mean if shrink == 1 else enlarge(mean, width, height)


def _places(pixels: int, coarse: int) -> NDArray[np.float64]:
    """Position of each pixel's centre, in coarse pixels."""
    return np.asarray((np.arange(pixels) + 0.5) * (coarse / pixels), np.float64)
