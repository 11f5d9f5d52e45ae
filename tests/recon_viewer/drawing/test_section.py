"""The section: what lies outside of a box is not drawn, and the view from above shows no ceiling."""

import numpy as np
import pytest
from viewer_scenes import CEILING_M, FLOOR_M, hall, room

from recon.render.style import AHEAD, EVERYTHING, RIGHT, SHOWN_AS, Section
from recon_viewer.drawing import walls_turn
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.guides import DARK
from recon_viewer.drawing.section import ceiling_m, turned_T_upright
from recon_viewer.model import commands as c
from recon_viewer.model.state import State

BOX = Section((-1.5, 1.0, FLOOR_M + 0.2), (2.0, 3.5, FLOOR_M + 1.5))


@pytest.mark.parametrize("shown_as", SHOWN_AS)
@pytest.mark.parametrize("level", [True, False])
def test_nothing_is_drawn_outside_of_the_section_and_everything_inside(shown_as: str, level: bool) -> None:
    state = c.set_options(c.add_scene(State(), hall(), name="hall"), level=level)
    painter = Painter()
    whole = painter.paint(c.set_view(state, shown_as=shown_as))
    assert whole.reach is not None
    low, high = whole.reach
    # With a part of the floor and of the wall: the middle of a hall is empty.
    low_m, high_m = low + (0.2, 0.3, -0.1) * (high - low), low + (0.7, 1.1, 0.6) * (high - low)
    box = Section(tuple(low_m.tolist()), tuple(high_m.tolist()))
    cut = painter.paint(c.set_view(state, shown_as=shown_as, section=box))
    ((before, after),) = zip(whole.drawn.values(), cut.drawn.values(), strict=True)
    # The hall's walls are along the photo's axes: no turn.
    section_T_world = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]) @ (
        whole.upright_T_cam @ np.linalg.inv(whole.world_T_cam)
    )
    at = [drawn.points @ section_T_world[:3, :3].T + section_T_world[:3, 3] for drawn in (before, after)]
    within = ((at[0] >= low_m) & (at[0] <= high_m)).all(axis=1)
    assert len(after.points) == pytest.approx(within.sum(), abs=5) and 0 < within.sum() < len(within)
    assert (at[1] >= low_m - 1e-3).all() and (at[1] <= high_m + 1e-3).all()
    if after.indices is not None:
        assert 0 < len(after.indices) < len(before.indices) and after.indices.max() < len(after.points)  # type: ignore[arg-type]
    # Measurements and files know nothing of it; nor do the sliders' ends.
    assert cut.scenes[state.layers[0].key].depth is whole.scenes[state.layers[0].key].depth
    assert cut.reach is not None and np.array_equal(cut.reach, whole.reach)
    outlined = {tuple(rgb) for rgb in cut.lines.rgb} - {tuple(rgb) for rgb in whole.lines.rgb}
    assert outlined == {DARK.section}


def test_a_box_is_turned_to_the_walls() -> None:
    turn = np.radians(30)
    # In a plan (x, y ahead), a wall along (cos, sin) of 30 degrees is across after a turn to the left by -30.
    along, ahead = (np.cos(turn), 0, -np.sin(turn), 1), (-np.sin(turn), 0, -np.cos(turn), 1)
    turned = turned_T_upright(-turn)
    assert turned @ along == pytest.approx((1, 0, 0, 1)) and turned @ ahead == pytest.approx((0, 0, -1, 1))


def test_a_section_that_is_dragged_is_drawn_with_few_triangles_then_with_all() -> None:
    state, painter = (
        c.set_view(c.add_scene(State(), hall(), name="hall"), shown_as="cloud", section=BOX),
        Painter(),
    )
    (key,) = (layer.key for layer in state.layers)
    few, full = painter.paint(state, few=True), painter.paint(state)
    assert key not in few.moving and few.drawn[key] is full.moving[key]
    assert full.drawn[key].kind == "points" and few.drawn[key].kind == "triangles"


def test_the_plan_ends_at_the_section() -> None:
    state, painter = c.set_view(c.add_scene(State(), hall(), name="hall"), plan=True), Painter()
    ((_, whole),) = painter.paint(state).plan.labels
    assert float(whole.split()[0]) == pytest.approx(8.0, abs=0.03)
    part = painter.paint(c.set_view(state, section=Section((-1.0, None, None), (2.0, None, None)))).plan
    assert not part.labels and np.ptp(part.lines.points[:, 0]) == pytest.approx(3.0, abs=1e-3)
    nothing = Section((None, None, None), (None, 3.5, None))
    assert not len(painter.paint(c.set_view(state, section=nothing)).plan.lines.points)


def test_limits_stay_where_they_are_when_the_plan_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    turn_rad = 0.1
    # The turn of the walls that is found without the plan is not exactly that of the plan.
    monkeypatch.setattr(walls_turn, "walls_turn_rad", lambda *_: turn_rad)
    state, painter = c.add_scene(State(), hall(), name="hall"), Painter()
    before = painter.paint(state)
    limited = c.set_view(state, plan=True, section=EVERYTHING.limited(RIGHT, "low", -1.0))
    after = painter.paint(limited)
    assert np.array_equal(before.section_T_world, after.section_T_world)
    # A slider's preview keeps them, too.
    assert np.array_equal(painter.paint(limited, preview=True).section_T_world, after.section_T_world)
    # The plan and the drawing end at one limit, and the view from above is along it.
    row = after.section_T_world[RIGHT]
    ends = [
        at @ row[:3] + row[3]
        for at in (after.plan.lines.points, *(one.points for one in after.drawn.values()))
    ]
    assert [float(end.min()) for end in ends] == pytest.approx([-1.0, -1.0], abs=0.02)
    assert np.dot(after.plan.forward, after.section_T_world[AHEAD, :3]) == pytest.approx(1.0)


def test_a_ceiling_is_recognised_and_open_air_is_not() -> None:
    picture = Painter().paint(c.add_scene(State(), hall(), name="hall"))
    assert picture.ceiling_m == pytest.approx(CEILING_M + FLOOR_M, abs=0.05)
    assert ceiling_m(room(), picture.upright_T_cam) is None
