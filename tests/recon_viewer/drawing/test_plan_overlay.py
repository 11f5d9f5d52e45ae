"""The floor plan over the view from above."""

import numpy as np
import pytest
from viewer_scenes import hall, room

from recon.geometry.floor_plan import Plan, turn_to_walls
from recon.render.view_camera import preset
from recon.types import Mesh
from recon_viewer.controller import Controller
from recon_viewer.drawing.frame import Painter
from recon_viewer.drawing.plan_overlay import plan_overlay
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


@pytest.mark.parametrize(("askew_deg", "turned_deg"), [(20, 20), (-30, -30), (70, -20), (0, 0)])
def test_walls_are_upright_in_the_view_from_above(askew_deg: float, turned_deg: float) -> None:
    """In a world that is itself turned; the view turns the shorter way."""
    askew = np.radians(askew_deg)
    walls = np.array([[-3, -2], [3, -2], [3, 2], [-3, 2]]) @ [
        [np.cos(askew), np.sin(askew)],
        [-np.sin(askew), np.cos(askew)],
    ]
    world_T_upright = np.eye(4)
    world_T_upright[:3, :3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    overlay = plan_overlay(Plan((walls,), 1.2, True), turn_to_walls((walls,)), 2.5, world_T_upright, None)
    # Where the photo looks, in the world.
    ahead = world_T_upright[:3, :3] @ (0, 0, -1)
    cosine = float(np.dot(overlay.forward, ahead))
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) == pytest.approx(abs(turned_deg), abs=0.1)
    top = preset("top", np.full(3, -5.0), np.full(3, 5.0), size=(800, 600), forward=overlay.forward)
    seen = top.project(overlay.lines.points, 800, 600)[0]
    # Walls are in the view, except those that are far off, as behind a window.
    low, high = overlay.with_walls(np.full(3, -2.0), np.full(3, 2.0))
    assert (low >= -3).all() and (high <= 3).all() and low.min() < -2 and high.max() > 2
    for a, b in overlay.lines.ends:
        assert np.abs(seen[b] - seen[a]).min() < 0.5 and np.abs(seen[b] - seen[a]).max() > 100


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
            controller.section.look_from(name)
            shown.append(controller.state.view.plan)
        assert shown == [True, True, False, True, False]
    finally:
        controller.close()
