"""Renders with Open3D, which needs a Vulkan driver, as a reference for ``recon.render``."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.errors import ViewerError
from recon.render.drawable import Drawn
from recon.render.picture import Look
from recon.render.view_camera import ViewCamera

_PER_PROCESS = 50
_FINER = 2
"""Samples along each side of a pixel."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Redirects stdout and stderr at the file descriptor level, since the renderer prints to them."""
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


def pictures(drawn: Drawn, look: Look, places: Sequence[ViewCamera]) -> Iterator[NDArray[np.uint8]]:
    """Renders (H, W, 3) uint8 sRGB from each camera.

    Uses child processes for some frames each, since Open3D 0.20 leaks a few MB per rendered frame until its process
    ends.

    Raises:
        ViewerError: The renderer exited without an image.
    """
    context = multiprocessing.get_context("spawn")
    for start in range(0, len(places), _PER_PROCESS):
        ours, theirs = context.Pipe(duplex=False)
        some = places[start : start + _PER_PROCESS]
        child = context.Process(target=_render, args=(theirs, drawn, look, some), daemon=True)
        child.start()
        theirs.close()
        try:
            for _ in some:
                yield np.frombuffer(ours.recv_bytes(), np.uint8).reshape(look.height, look.width, 3)
        except EOFError as error:
            raise ViewerError(
                "Open3D's renderer exited unexpectedly: there is no Vulkan driver, or no memory"
            ) from error
        finally:
            ours.close()
            child.terminate()
            child.join()


def _render(to: Connection, drawn: Drawn, look: Look, places: Sequence[ViewCamera]) -> None:
    # Ctrl-C also reaches the parent, which terminates this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    renderer = _Offscreen(drawn, look)
    with suppress(BrokenPipeError):
        for place in places:
            to.send_bytes(renderer.picture(place).tobytes())


class _Offscreen:
    """Renders a scene repeatedly. Only one instance at a time, since Open3D does not support two."""

    def __init__(self, drawn: Drawn, look: Look) -> None:
        """Prepares the scene; aborts the process if there is no driver."""
        from open3d.visualization import rendering

        from recon_viewer.drawing import open3d_geometry

        self.look = look
        self._low, self._high = drawn.bounds
        with _quiet():
            self._renderer: Any = rendering.OffscreenRenderer(look.width * _FINER, look.height * _FINER)
        self._scene: Any = self._renderer.scene
        # Show colours unmodified; with post-processing, white becomes grey.
        self._scene.view.set_post_processing(False)
        self._scene.set_background(np.array(open3d_geometry.linear(look.background or (0, 0, 0)), np.float32))
        geometry = open3d_geometry.drawn_geometry(drawn)
        if geometry is not None:
            size_px = max(1.0, look.point_size_px * _FINER)
            made = open3d_geometry.material(drawn.kind, point_size_px=size_px, texture=drawn.texture)
            self._scene.add_geometry("scene", geometry, made)

    def picture(self, camera: ViewCamera) -> NDArray[np.uint8]:
        """Renders (H, W, 3) uint8 sRGB from a camera."""
        from open3d.visualization import rendering

        eye = np.array(camera.eye)
        reach = float(np.linalg.norm(np.maximum(np.abs(self._low - eye), np.abs(self._high - eye))))
        near, far = camera.clip_m(4 * reach)
        lens = camera.lens.fitted(self.look.width, self.look.height)
        self._scene.camera.look_at(camera.target, camera.eye, camera.axes[1])
        perspective = rendering.Camera.Projection.Perspective
        self._scene.camera.set_projection(perspective, *lens.frustum(near), near, far)
        large = np.asarray(self._renderer.render_to_image())[..., :3]
        tiles = large.reshape(self.look.height, _FINER, self.look.width, _FINER, 3)
        mean = tiles.astype(np.uint16).sum(axis=(1, 3)) / _FINER**2
        return np.rint(mean).astype(np.uint8)
