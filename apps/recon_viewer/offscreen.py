"""Pictures of a scene without a window."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon_viewer.camera import ViewCamera
from recon_viewer.display import Drawn


@contextmanager
def _quiet() -> Iterator[None]:
    """The renderer tells of itself on stdout and stderr, below Python; stdout is the command's own."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere, kept = os.open(os.devnull, os.O_WRONLY), (os.dup(1), os.dup(2))
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for copy, stream in zip(kept, (1, 2), strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)


class Offscreen:
    """Renders one thing, as often as is wanted. Only one of these at a time: Open3D does not bear two."""

    def __init__(
        self,
        drawn: Drawn,
        *,
        width: int,
        height: int,
        finer: int = 2,
        background: tuple[int, int, int] = (0, 0, 0),
        point_size_px: float = 2.0,
    ) -> None:
        """Prepares the picture; ``probe.check_rendering`` comes before.

        Args:
            drawn: What to show.
            width: Of the pictures, px.
            height: The same.
            finer: Rendered so many times larger and averaged, so that outlines have no steps.
            background: sRGB.
            point_size_px: Of points, in px of the result.
        """
        from open3d.visualization import rendering

        from recon_viewer import adapter

        self.width, self.height, self.finer = width, height, finer
        self._low, self._high = drawn.bounds
        with _quiet():
            self._renderer: Any = rendering.OffscreenRenderer(width * finer, height * finer)
        self._scene: Any = self._renderer.scene
        # As they are: without this, white comes out grey.
        self._scene.view.set_post_processing(False)
        self._scene.set_background(np.array([*(value / 255 for value in background), 1.0], np.float32))
        geometry = adapter.drawn_geometry(drawn)
        if geometry is not None:
            made = adapter.material(drawn.kind, point_size_px=max(1.0, point_size_px * finer))
            self._scene.add_geometry("scene", geometry, made)

    def picture(self, camera: ViewCamera) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB from there."""
        from open3d.visualization import rendering

        eye = np.array(camera.eye)
        reach = float(np.linalg.norm(np.maximum(np.abs(self._low - eye), np.abs(self._high - eye))))
        near, far = camera.clip_m(4 * reach)
        lens = camera.lens.fitted(self.width, self.height)
        self._scene.camera.look_at(camera.target, camera.eye, camera.axes[1])
        perspective = rendering.Camera.Projection.Perspective
        self._scene.camera.set_projection(perspective, *lens.frustum(near), near, far)
        large = np.asarray(self._renderer.render_to_image())[..., :3]
        if self.finer == 1:
            return large.copy()
        tiles = large.reshape(self.height, self.finer, self.width, self.finer, 3)
        mean = tiles.astype(np.uint16).sum(axis=(1, 3)) / self.finer**2
        return np.rint(mean).astype(np.uint8)
