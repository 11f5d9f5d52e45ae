"""The floor plan over the view from above."""

import numpy as np
import pytest
from viewer_scenes import hall, room

from recon.types import Mesh
from recon_viewer.controller import Controller
from recon_viewer.drawing.frame import Painter
from recon_viewer.model import commands as c
from recon_viewer.model.state import State


@pytest.mark.parametrize("level", [True, False])
def test_the_wall_s_length_stands_above_everything(level: bool) -> None:
    state = c.set_options(c.add_scene(State(), hall(), name="hall"), level=level)
    picture = Painter().paint(c.set_view(state, plan=True))
    # 4 m away, seen under 90 degrees; pixel centres leave half a pixel at both ends.
    ((_, text),) = picture.plan.labels
    assert float(text.split()[0]) == pytest.approx(8.0, abs=0.03)
    points = picture.plan.lines.points
    assert np.ptp(points[:, 0]) == pytest.approx(8.0, abs=0.03)
    world_T_upright = picture.world_T_cam @ np.linalg.inv(picture.upright_T_cam)
    upright = (points - world_T_upright[:3, 3]) @ world_T_upright[:3, :3]
    assert upright[:, 1] == pytest.approx(picture.upright_bounds[1][1], abs=1e-3)
    assert upright[:, 2] == pytest.approx(-4.0, abs=0.03)


def test_without_a_plan_nothing_is_drawn() -> None:
    painter, state = Painter(), c.add_scene(State(), room(), name="room")
    assert not painter.paint(state).plan.labels
    # A file without a photo has no floor that is known.
    mesh = Mesh(
        np.eye(3, dtype=np.float32) + 1, np.array([[0, 1, 2]], np.int32), rgb=np.zeros((3, 3), np.uint8)
    )
    for each in (c.add_geometry(State(), mesh, name="a.ply"), State()):
        assert not painter.paint(c.set_view(each, plan=True)).plan.labels


def test_only_the_view_from_above_shows_it() -> None:
    controller = Controller()
    try:
        shown = []
        for name in ("top", "top", "front", "top", "photo-camera"):
            controller.look_from(name)
            shown.append(controller.state.view.plan)
        assert shown == [True, True, False, True, False]
    finally:
        controller.close()
