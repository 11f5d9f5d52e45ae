"""The section: what lies outside of a box is not drawn, and the view from above shows no ceiling."""

from collections.abc import Callable

import numpy as np
import pytest
from viewer_scenes import CEILING_M, FLOOR_M, hall, room
from waiting import settled

from recon.render.style import AHEAD, EVERYTHING, RIGHT, SHOWN_AS, UP, Section
from recon.types import PointCloud
from recon_viewer.controller import Controller
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


def test_the_view_from_above_hides_the_ceiling_until_another_view() -> None:
    controller = Controller()
    controller.add_scene(hall(), "hall")
    settled(controller)
    controller.look_from("top")
    below_m = pytest.approx(CEILING_M + FLOOR_M - 0.1, abs=0.05)
    assert controller.state.view.section.high[UP] == below_m
    assert "ceiling is hidden" in controller.message
    controller.look_from("fit")
    assert controller.state.view.section == EVERYTHING and not controller.message
    # One click hides it in every view, the next one shows it.
    for expected in (below_m, None):
        controller.act("cut-ceiling")
        assert controller.state.view.section.high[UP] == expected
    # The user's own section stays.
    own = EVERYTHING.limited(UP, "high", 1.0).limited(RIGHT, "low", -1.0)
    controller.section(own, dragged=True)
    for name in ("top", "fit"):
        controller.look_from(name)
        assert controller.state.view.section == own
    controller.close()


def test_limits_in_one_photo_do_not_cut_another_one() -> None:
    controller, far = Controller(), EVERYTHING.limited(AHEAD, "low", 900.0)

    def left_by(change: Callable[[], object]) -> Section:
        controller.section(far)
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
    controller.look_from("top")
    assert "ceiling is hidden" in controller.message
    select(last)
    assert controller.state.view.section == EVERYTHING and not controller.message
    controller.close()


def test_cropping_to_the_section_drops_the_same_from_files_and_can_be_undone() -> None:
    controller = Controller()
    controller.add_scene(hall(), "hall")
    settled(controller)
    controller.act("crop-section")
    assert "nothing to crop" in controller.message
    controller.section(EVERYTHING.limited(AHEAD, "low", 900.0))
    settled(controller)
    controller.act("crop-section")
    assert "nothing of the active layer" in controller.message
    controller.section(EVERYTHING.limited(AHEAD, "high", 2.0))
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
    controller.section(BOX)
    settled(controller)
    controller.act("crop-section")
    assert "with its photo" in controller.message
    controller.close()
