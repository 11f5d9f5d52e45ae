"""The ground behind the scene: plain, with a soft glow at half its height."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.guides import Palette, palette


def backdrop(width: int, height: int, colours: Palette) -> NDArray[np.uint8]:
    """(H, W, 3) sRGB: the ground's colour at top and bottom, lighter in the middle.

    Both ends have one colour because Open3D repeats the picture: the last row shows some of the first.
    """
    glow = np.sin(np.linspace(0, np.pi, max(height, 2)))[:height, None] ** 2
    ground, lighter = np.array(colours.ground, np.float64), np.array(colours.glow, np.float64)
    column = np.rint(ground + glow * (lighter - ground)).astype(np.uint8)
    return np.repeat(column[:, None], width, axis=1)


class Backdrop:
    """The ground of a view. Open3D fits the picture into it, with plain ground beside: it must have its shape."""

    def __init__(self, scene: Any) -> None:
        """``scene``: an ``Open3DScene``."""
        self._scene = scene
        self._shown: tuple[int, int, bool] | None = None

    def fit(self, width: int, height: int, *, dark: bool) -> None:
        """Draws it for a size, px, if it is not there already."""
        if self._shown == (width, height, dark):
            return
        self._shown = width, height, dark
        colours = palette(dark)
        picture = open3d_geometry.texture_image(backdrop(width, height, colours))
        self._scene.set_background(open3d_geometry.linear(colours.ground), picture)
