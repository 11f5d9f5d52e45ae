"""The swing after opening: back where it started, and over at the first touch."""

import numpy as np
import pytest

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

from recon.render.view_camera import ViewCamera
from recon_viewer.ui.glide import Glide, swung


class _View:
    def __init__(self) -> None:
        self.camera = ViewCamera(eye=(0.0, 1.0, 0.0), up=(0.1, 1.0, 0.0))

    def look(self, camera: ViewCamera) -> None:
        self.camera = camera


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _glide() -> tuple[Glide, _View, _Clock]:
    view, clock = _View(), _Clock()
    return Glide(view, clock), view, clock  # type: ignore[arg-type]


def test_it_goes_aside_around_the_target_and_comes_back_exactly() -> None:
    glide, view, clock = _glide()
    start = view.camera
    glide.arm()
    glide.start()
    clock.now = 2.0
    assert glide.tick()
    assert np.linalg.norm(np.subtract(view.camera.eye, start.eye)) > 0.3
    assert view.camera.distance_m == pytest.approx(start.distance_m)
    clock.now = 9.0
    assert glide.tick() and view.camera == start
    assert not glide.tick()


def test_a_touch_leaves_the_view_where_it_is() -> None:
    glide, view, clock = _glide()
    glide.arm()
    glide.start()
    clock.now = 1.0
    glide.tick()
    there = view.camera
    glide.stop()
    clock.now = 2.0
    assert not glide.tick() and view.camera is there


def test_a_view_that_something_else_moved_is_left_alone() -> None:
    glide, view, clock = _glide()
    glide.arm()
    glide.start()
    moved = swung(view.camera, 0.3)
    view.look(moved)
    clock.now = 1.0
    assert not glide.tick() and view.camera is moved


def test_it_starts_once_and_not_after_a_touch() -> None:
    glide, _, clock = _glide()
    glide.start()
    assert not glide.tick()
    glide.arm()
    glide.stop()
    glide.start()
    clock.now = 1.0
    assert not glide.tick()
