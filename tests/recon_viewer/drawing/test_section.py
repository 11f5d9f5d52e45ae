"""The section: what lies above a height is not drawn, and the view from above shows no ceiling."""

import numpy as np
import pytest
from viewer_scenes import CEILING_M, FLOOR_M, hall, room
from waiting import settled

from recon.render.style import SHOWN_AS
from recon_viewer.controller import Controller
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.section import ceiling_m
from recon_viewer.model import commands as c
from recon_viewer.model.state import State


@pytest.mark.parametrize("shown_as", SHOWN_AS)
@pytest.mark.parametrize("level", [True, False])
def test_nothing_is_drawn_above_the_section_and_everything_below(shown_as: str, level: bool) -> None:
    state = c.set_options(c.add_scene(State(), hall(), name="hall"), level=level)
    painter = Painter()
    whole = painter.paint(c.set_view(state, shown_as=shown_as))
    low, high = whole.upright_bounds
    height_m = float(low[1] + 0.6 * (high[1] - low[1]))
    cut = painter.paint(c.set_view(state, shown_as=shown_as, cut_above_m=height_m))
    ((before, after),) = zip(whole.drawn.values(), cut.drawn.values(), strict=True)
    upright = np.linalg.inv(whole.world_T_cam @ np.linalg.inv(whole.upright_T_cam))[1]
    heights = [drawn.points @ upright[:3] + upright[3] for drawn in (before, after)]
    assert heights[1].max() <= height_m + 1e-5 and len(after.points) == (heights[0] <= height_m).sum()
    if after.indices is not None:
        assert 0 < len(after.indices) < len(before.indices) and after.indices.max() < len(after.points)  # type: ignore[arg-type]
    # Measurements and files know nothing of it.
    assert cut.scenes[state.layers[0].key].depth is whole.scenes[state.layers[0].key].depth


def test_a_ceiling_is_recognised_and_open_air_is_not() -> None:
    picture = Painter().paint(c.add_scene(State(), hall(), name="hall"))
    assert picture.ceiling_m == pytest.approx(CEILING_M + FLOOR_M, abs=0.05)
    assert ceiling_m(room(), picture.upright_T_cam) is None


def test_the_view_from_above_hides_the_ceiling_until_another_view() -> None:
    controller = Controller()
    controller.add_scene(hall(), "hall")
    settled(controller)
    controller.look_from("top")
    assert controller.state.view.cut_above_m == pytest.approx(CEILING_M + FLOOR_M - 0.1, abs=0.05)
    assert "ceiling is hidden" in controller.message
    controller.look_from("fit")
    assert controller.state.view.cut_above_m is None and not controller.message
    # The user's own section stays.
    controller.cut_above(1.0)
    for name in ("top", "fit"):
        controller.look_from(name)
        assert controller.state.view.cut_above_m == 1.0
    # Heights of one scene mean nothing in the next.
    controller.act("close-layer")
    controller.add_scene(room(), "room")
    assert controller.state.view.cut_above_m is None
    controller.close()
