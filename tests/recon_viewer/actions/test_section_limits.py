"""Limits of the section come from sliders, actions and the view from above; no display."""

from collections.abc import Callable

import numpy as np
import pytest
from viewer_scenes import CEILING_M, FLOOR_M, hall, room
from waiting import settled

from recon.render.style import AHEAD, EVERYTHING, RIGHT, UP, Section
from recon.types import PointCloud
from recon_viewer.controller import Controller
from recon_viewer.model import commands as c

BOX = Section((-1.5, 1.0, FLOOR_M + 0.2), (2.0, 3.5, FLOOR_M + 1.5))


def test_the_view_from_above_hides_the_ceiling_until_another_view() -> None:
    controller = Controller()
    controller.add_scene(hall(), "hall")
    settled(controller)
    controller.section.look_from("top")
    below_m = pytest.approx(CEILING_M + FLOOR_M - 0.1, abs=0.05)
    assert controller.state.view.section.high[UP] == below_m
    assert "ceiling is hidden" in controller.message
    controller.section.look_from("fit")
    assert controller.state.view.section == EVERYTHING and not controller.message
    # One click hides it in every view, the next one shows it.
    for expected in (below_m, None):
        controller.act("cut-ceiling")
        assert controller.state.view.section.high[UP] == expected
    # The user's own section stays.
    own = EVERYTHING.limited(UP, "high", 1.0).limited(RIGHT, "low", -1.0)
    controller.section.limit(own, dragged=True)
    for name in ("top", "fit"):
        controller.section.look_from(name)
        assert controller.state.view.section == own
    controller.close()


def test_limits_in_one_photo_do_not_cut_another_one() -> None:
    controller, far = Controller(), EVERYTHING.limited(AHEAD, "low", 900.0)

    def left_by(change: Callable[[], object]) -> Section:
        controller.section.limit(far)
        change()
        return controller.state.view.section

    def select(key: int) -> None:
        controller.do(lambda state: c.activate(state, key))

    controller.add_scene(hall(), "hall")
    assert left_by(lambda: controller.add_scene(hall(), "the same with another network")) == far
    assert left_by(lambda: controller.add_scene(room(), "room")) == EVERYTHING
    first, second, last = (layer.key for layer in controller.state.layers)
    assert left_by(lambda: select(first)) == EVERYTHING and left_by(lambda: select(second)) == far
    assert left_by(lambda: select(last)) == EVERYTHING
    # Hiding it shows the first photo; undo shows it again.
    assert left_by(lambda: controller.do(lambda state: c.set_visible(state, last, False))) == EVERYTHING
    assert left_by(lambda: controller.act("undo")) == EVERYTHING
    select(first)
    settled(controller)
    controller.section.look_from("top")
    assert "ceiling is hidden" in controller.message
    select(last)
    assert controller.state.view.section == EVERYTHING and not controller.message
    # What was said since stays.
    for leave in (lambda: select(last), lambda: controller.section.look_from("fit")):
        select(first)
        settled(controller)
        controller.section.look_from("top")
        controller.say("opened room.jpg")
        leave()
        assert controller.state.view.section == EVERYTHING and controller.message == "opened room.jpg"
    controller.close()


def test_cropping_to_the_section_drops_the_same_from_files_and_can_be_undone() -> None:
    controller = Controller()
    controller.add_scene(hall(), "hall")
    settled(controller)
    controller.act("crop-section")
    assert "nothing to crop" in controller.message
    controller.section.limit(EVERYTHING.limited(AHEAD, "low", 900.0))
    settled(controller)
    controller.act("crop-section")
    assert "nothing of the active layer" in controller.message
    controller.section.limit(EVERYTHING.limited(AHEAD, "high", 2.0))
    settled(controller)
    controller.act("crop-section")
    settled(controller)
    scene = controller.scene
    assert scene is not None and controller.state.view.section == EVERYTHING
    assert scene.depth.z_m[scene.depth.valid].max() == pytest.approx(2.0, abs=0.02)
    controller.act("undo")
    settled(controller)
    assert controller.scene is not None and controller.scene.depth.valid.all()
    corner = PointCloud(np.eye(3, dtype=np.float32), np.zeros((3, 3), np.uint8))
    controller.do(lambda state: c.add_geometry(state, corner, name="corner.ply"))
    controller.section.limit(BOX)
    settled(controller)
    controller.act("crop-section")
    assert "with its photo" in controller.message
    controller.close()
