"""The ground behind the scene: plain, with a soft glow at half its height."""

import numpy as np
from numpy.typing import NDArray

from recon_viewer.drawing.guides import Palette


def backdrop(width: int, height: int, colours: Palette) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB: the ground's colour at top and bottom, lighter in the middle.

    Both ends have one colour because Open3D repeats the picture: the last row shows some of the first.
    """
    glow = np.sin(np.linspace(0, np.pi, max(height, 2)))[:height, None] ** 2
    ground, lighter = np.array(colours.ground, np.float64), np.array(colours.glow, np.float64)
    column = np.rint(ground + glow * (lighter - ground)).astype(np.uint8)
    return np.repeat(column[:, None], width, axis=1)
