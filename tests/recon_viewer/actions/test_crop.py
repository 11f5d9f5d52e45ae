"""Cropping to a rectangle of the view is one step that can be undone."""

from viewer_scenes import room
from waiting import settled

from recon.frames import gl_T_cam
from recon.render.view_camera import photo_camera
from recon_viewer.actions.crop import crop_to_rectangle
from recon_viewer.controller import Controller
from recon_viewer.model import commands as c

SIZE = (320.0, 240.0)


def test_it_cuts_once_more_and_comes_back_with_undo() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    scene = settled(controller).scene
    assert scene is not None
    camera, before = photo_camera(scene.intrinsics, gl_T_cam, 3.0), int(scene.depth.valid.sum())

    def known() -> int:
        now = settled(controller).scene
        assert now is not None
        return int(now.depth.valid.sum())

    controller.use("rectangle")
    crop_to_rectangle(controller, camera, SIZE, (0.0, 0.0), (160.0, 240.0))
    half = known()
    assert half < before and controller.state.tool == "look"
    crop_to_rectangle(controller, camera, SIZE, (80.0, 0.0), (320.0, 240.0))
    assert 0 < known() < half
    controller.act("undo")
    assert known() == half
    controller.do(lambda state: c.set_crop(state, None))
    assert known() == before
    crop_to_rectangle(controller, camera, SIZE, (500.0, 500.0), (600.0, 600.0))
    assert known() == before and controller.is_problem and "the rectangle is empty" in controller.message
    controller.close()
