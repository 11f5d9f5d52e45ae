"""The projection of Open3D's camera, which Open3D itself replaces when it draws a widget at a new size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import rendering

from recon.render.view_camera import ViewCamera
from recon_viewer.model.crop_rectangle import Position

_NOT_DRAWN = 1.001
"""Of the width: tells the projection for a new size from the one that Open3D sets when it draws."""


class Projection:
    """Sets it, and notices when Open3D has set another one."""

    def __init__(self, scene: Any) -> None:
        """``scene``: an ``Open3DScene``."""
        self._scene = scene
        self._last: NDArray[np.float32] = np.zeros((4, 4), np.float32)
        """The projection that was set last."""
        self._drawn_size = self._awaited_size = (0.0, 0.0)
        """At which Open3D drew the widget last, and is to draw it, px."""

    def set(self, camera: ViewCamera, reach_m: float, width: float, height: float) -> None:
        """Sets pose and lens for an image of this size, px; ``reach_m``: to the farthest point of the scene."""
        near, far = camera.clip_m(4 * reach_m)
        lens = camera.lens.fitted(width, height)
        self._scene.camera.look_at(camera.target, camera.eye, camera.axes[1])
        perspective = rendering.Camera.Projection.Perspective
        self._scene.camera.set_projection(perspective, *lens.frustum(near), near, far)
        self._last = self._scene.camera.get_projection_matrix()

    def await_size(self, camera: ViewCamera, size: Position) -> None:
        """After ``set``: when Open3D first draws the widget at a new size, it sets a projection by the last angle of
        view; a frustum has none, and that frame would be empty."""
        if size == self._drawn_size:
            return
        drawn, (width, height) = self._scene.camera, size
        self._awaited_size = size
        angle = 2 * np.degrees(np.arctan(height / 2 / camera.lens.fitted(width, height).fy))
        vertical = rendering.Camera.FovType.Vertical
        drawn.set_projection(angle, _NOT_DRAWN * width / height, drawn.get_near(), drawn.get_far(), vertical)
        self._last = drawn.get_projection_matrix()

    def was_replaced(self) -> bool:
        """Whether Open3D has set its own, which it does when it draws at the new size."""
        if np.array_equal(self._scene.camera.get_projection_matrix(), self._last):
            return False
        self._drawn_size = self._awaited_size
        return True

    def forget_size(self) -> None:
        """After something was drawn at another size."""
        self._drawn_size = (0.0, 0.0)
