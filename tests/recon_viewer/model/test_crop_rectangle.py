"""Cropping by a rectangle of the view: what is seen in it stays, as one step that can be undone."""

import numpy as np
import pytest
from viewer_scenes import room

from recon.frames import gl_T_cam
from recon.render.view_camera import photo_camera, preset
from recon.scene import Scene
from recon_viewer.model import commands as c
from recon_viewer.model.crop_rectangle import outline, seen_inside
from recon_viewer.model.state import State

SIZE = (320.0, 240.0)


def through_the_photo(scene: Scene, a: tuple[float, float], b: tuple[float, float]) -> np.ndarray:
    return seen_inside(scene, gl_T_cam, photo_camera(scene.intrinsics, gl_T_cam, 3.0), SIZE, a, b)


def test_through_the_photos_camera_it_is_a_rectangle_of_the_photo() -> None:
    scene = room()  # 160 x 120 px, seen twice as large
    kept = through_the_photo(scene, (200.0, 100.0), (100.0, 40.0))
    wanted = np.zeros_like(kept)
    wanted[20:50, 50:100] = True
    assert (kept == wanted & scene.depth.valid).all()


def test_from_elsewhere_it_is_what_appears_inside() -> None:
    scene = room()
    view = preset("top", np.array([-3.0, -1.5, -6.0]), np.array([3.0, 2.0, 0.0]))
    left = seen_inside(scene, gl_T_cam, view, SIZE, (0, 0), (160.0, 240.0))
    right = seen_inside(scene, gl_T_cam, view, SIZE, (160.0, 0), (320.0, 240.0))
    assert left.any() and right.any() and not (left & right).any()
    # From above, what is left of the middle is left in the photo as well.
    assert np.flatnonzero(left.any(axis=0)).max() <= 80 <= np.flatnonzero(right.any(axis=0)).min() + 1


def test_what_is_behind_the_eye_is_never_kept() -> None:
    scene = room()
    ahead = photo_camera(scene.intrinsics, gl_T_cam, 3.0)
    away = ahead.look_around(np.pi, 0.0)
    assert through_the_photo(scene, (0, 0), SIZE).any()
    assert not seen_inside(scene, gl_T_cam, away, SIZE, (0, 0), SIZE).any()


def test_the_outline_appears_where_it_was_dragged() -> None:
    view = preset("fit", np.array([-3.0, -1.5, -6.0]), np.array([3.0, 2.0, 0.0]))
    seen, ahead = view.project(outline(view, SIZE, (30.0, 200.0), (250.0, 60.0)), *SIZE)
    assert (ahead > 0).all()
    assert seen == pytest.approx(np.array([(30, 200), (250, 200), (250, 60), (30, 60)]), abs=0.05)


def test_a_click_picks_nothing_with_this_tool() -> None:
    from recon_viewer.model.state import Pick

    state = c.set_tool(c.add_scene(State(), room(), name="room"), "rectangle")
    assert c.pick(state, Pick(1, (3.0, 3.0), (0, 0, 1))) is state
