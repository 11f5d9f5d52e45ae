"""What the pointer shows over the view."""

from unittest.mock import Mock

import numpy as np
from viewer_scenes import room
from waiting import settled

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
