"""What the pointer shows over the view."""

from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from viewer_scenes import painted_room, room
from waiting import settled

from recon.render.style import EVERYTHING, UP
from recon.render.view_camera import photo_camera
from recon.types import MetricDepth, Photo
from recon_viewer.controller import Controller
from recon_viewer.model.picking import Hit
from recon_viewer.model.state import Pick
from recon_viewer.ui.hover_and_pick import Linking


def test_the_pointer_shows_the_length_so_far_and_else_the_distance() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    settled(controller)
    key = controller.state.active
    assert key is not None
    shown = Mock()
    linking = Linking(controller, shown, lambda: None)
    linking.photos = Mock()
    at = controller.picture.poses[key][:3, 3]
    shown.hit.return_value = (key, Hit(0, 2.0, tuple(np.add(at, (0, 0, 2.0))), (40.5, 80.5)))
    linking.hover_view(3, 4)
    assert shown.mark_hover.call_args.args[1] == "2.00 m away"
    controller.use("distance")
    cam_T_world = np.linalg.inv(controller.picture.poses[key])
    start = cam_T_world[:3, :3] @ np.add(at, (0, 1.5, 2.0)) + cam_T_world[:3, 3]
    controller.pick(Pick(key, (40.5, 80.5), tuple(start)))
    linking.hover_view(3, 4)
    assert shown.mark_hover.call_args.args[1] == "1.50 m long"
    controller.close()


def test_a_click_in_the_view_reaches_what_the_section_shows_and_one_in_the_photo_everything() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    controller.use("distance")
    scene = settled(controller).scene
    key = controller.state.active
    assert key is not None and scene is not None
    view = Mock()
    # The view of the photo's camera, a photo's pixel per pixel.
    view.camera = photo_camera(scene.intrinsics, controller.picture.world_T_cam, 3.0)
    view.size, view.widget.frame = (scene.photo.width, scene.photo.height), Mock(x=0, y=0)
    shown = controller.picture.drawn[key].points[0]
    view.hit.return_value = (key, Hit(0, 2.0, tuple(shown), (10.5, 110.5)))
    linking = Linking(controller, view, lambda: None)
    high, low = (80, 20), (80, 110)

    def clicked(at: tuple[int, int]) -> tuple[float, float] | None:
        linking.click_view(*at, False)
        (pick,) = controller.state.pending
        controller.cancel()
        return pick.pixel_px

    assert clicked(high) == pytest.approx((80.5, 20.5)) and clicked(low) == pytest.approx((80.5, 110.5))
    controller.section.limit(EVERYTHING.limited(UP, "high", 1.0))
    settled(controller)
    assert clicked(high) == (10.5, 110.5) and clicked(low) == pytest.approx((80.5, 110.5))
    linking.click_photo((80.5, 20.5))
    assert controller.state.pending[0].pixel_px == (80.5, 20.5)
    controller.close()


def test_a_mark_follows_to_scenes_of_one_photo_only() -> None:
    controller, small = Controller(), painted_room()
    rgb, depth = (np.repeat(np.repeat(each, 2, 0), 2, 1) for each in (small.photo.rgb, small.depth.z_m))
    camera = replace(
        small.intrinsics, width=320, height=240, fx=2 * small.intrinsics.fx, fy=2 * small.intrinsics.fy,
        cx=2 * small.intrinsics.cx, cy=2 * small.intrinsics.cy,
    )  # fmt: skip
    large = replace(
        small, photo=Photo(rgb), intrinsics=camera, depth=MetricDepth(depth, np.ones(depth.shape, bool))
    )
    for scene in (room(), large, small):
        controller.add_scene(scene, "a scene")
    settled(controller)
    other, twice, _ = (layer.key for layer in controller.state.layers)
    view = Mock()
    linking = Linking(controller, view, lambda: None)
    linking.photos = Mock()
    for key, marked in ((twice, (20.25, 40.25)), (other, None)):
        view.hit.return_value = (key, Hit(0, 2.0, (0.0, 0.0, -2.0), (40.5, 80.5)))
        linking.hover_view(3, 4)
        assert linking.photos.mark.call_args.args[0] == marked
        view.layers.has.side_effect = key.__eq__
        linking.hover_photo((20.25, 40.25))
        assert (view.mark_hover.call_args.args[0] is None) is (marked is None)
    controller.close()
