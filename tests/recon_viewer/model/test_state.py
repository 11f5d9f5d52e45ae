"""Commands, history, layers: pure functions on frozen values."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from viewer_scenes import room

from recon.constraints import LengthBetween
from recon.types import PointCloud
from recon_viewer.model import commands as c
from recon_viewer.model.history import MOST_STEPS, History
from recon_viewer.model.state import Box, Layer, Pick, State


def opened() -> State:
    return c.add_scene(State(), room(), name="room")


def picks(state: State, count: int) -> list[Pick]:
    assert state.active is not None
    return [Pick(state.active, (10.0 + 20 * k, 60.0), (0.0, 0.0, 1.0)) for k in range(count)]


def test_the_logic_needs_no_open3d() -> None:
    program = (
        "import sys, recon_viewer.controller, recon_viewer.ui.shortcuts, recon.render.view_camera, "
        "recon_viewer.model.picking, recon_viewer.background.web_page; "
        "sys.exit('open3d' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_measurement_ends_with_its_last_pick() -> None:
    for tool, count in (("distance", 2), ("angle", 3), ("height", 1)):
        state = c.set_tool(opened(), tool)  # type: ignore[arg-type]
        for picked in picks(state, count):
            assert not state.measured
            state = c.pick(state, picked)
        assert [one.tool for one in state.measured] == [tool] and not state.pending


def test_a_known_length_starts_with_the_length_that_was_measured_last() -> None:
    state = c.set_tool(opened(), "distance")
    ends = tuple(picks(state, 2))
    for end in ends:
        state = c.pick(state, end)
    asked = c.set_tool(state, "known length")
    assert asked.pending == ends
    # Another length starts with one more click; without a photo, or after a height, there is nothing to start with.
    other = replace(ends[0], pixel_px=(9.5, 9.5))
    assert c.pick(asked, other).pending == (other,)
    assert (
        not c.set_tool(state, "known distance").pending and not c.set_tool(opened(), "known length").pending
    )
    pointed = replace(state.measured[0], picks=(ends[0], replace(ends[1], pixel_px=None)))
    assert not c.set_tool(replace(state, measured=(pointed,)), "known length").pending
    high = replace(state.measured[0], tool="height")
    assert not c.set_tool(replace(state, measured=(high,)), "known length").pending


def test_a_polyline_ends_on_request_and_needs_two_points() -> None:
    state = c.set_tool(opened(), "polyline")
    one, two, three = picks(state, 3)
    assert not c.finish(c.pick(state, one)).measured
    state = c.pick(c.pick(c.pick(state, one), two), three)
    assert len(c.finish(state).measured[0].picks) == 3


def test_a_measurement_keeps_to_one_layer() -> None:
    state = c.add_scene(opened(), room(1), name="other")
    first, second = (layer.key for layer in state.layers)
    state = c.pick(c.set_tool(state, "distance"), Pick(first, (1, 1), (0, 0, 1)))
    with pytest.raises(c.RefusedError, match="one layer"):
        c.pick(state, Pick(second, (1, 1), (0, 0, 1)))


def test_closing_a_layer_takes_its_measurements_along() -> None:
    state = c.set_tool(opened(), "height")
    state = c.pick(state, picks(state, 1)[0])
    assert state.active is not None
    closed = c.remove_layer(state, state.active)
    assert not closed.layers and not closed.measured and closed.active is None


def test_what_makes_no_sense_is_refused_in_a_sentence() -> None:
    import numpy as np

    with pytest.raises(c.RefusedError, match="open a photo"):
        c.set_options(State(), edge=0.1)
    cloud = PointCloud(np.zeros((3, 3), np.float32), np.zeros((3, 3), np.uint8))
    points = c.add_geometry(State(), cloud, name="points.ply")
    with pytest.raises(c.RefusedError, match="without photo and depth"):
        c.set_options(points, edge=0.1)
    with pytest.raises(c.RefusedError, match="edge"):
        c.set_options(opened(), edge=7.0)
    with pytest.raises(c.RefusedError, match="focal length"):
        c.set_focal(opened(), -3.0)
    with pytest.raises(c.RefusedError, match="not opened from a photo"):
        c.run_again_options(opened().layer or Layer(0, ""))
    with pytest.raises(ValueError, match="low must be below high"):
        Box((0, 0, 0), (1, 0, 1))


def test_a_length_that_is_given_again_replaces_the_first() -> None:
    first = LengthBetween((10.0, 60.0), (50.0, 60.0), 2.0, 0.02)
    right = replace(first, a_px=first.b_px, b_px=first.a_px, length_m=1.2)
    other = replace(first, b_px=(90.0, 60.0))
    state = c.use_known(c.add_known(c.add_known(opened(), first), other), first, used=False)
    layer = c.add_known(state, right).layer
    assert layer is not None and layer.known == (other, right) and not layer.unused


def test_a_known_length_goes_into_the_options_of_another_run() -> None:
    from dataclasses import replace
    from pathlib import Path

    length = LengthBetween((10.123, 60), (50, 60), 2.0, 0.02)
    state = c.add_known(opened(), length)
    layer = state.layer
    assert layer is not None
    options = c.run_again_options(replace(layer, source=Path("room.png"), focal_px=99.0), model="preview")
    assert options.length == (length,)
    assert options.focal_px == 99.0 and options.model == "preview"


def test_undo_and_redo_are_inverse_and_leave_the_view_alone() -> None:
    history = History(opened())
    start = history.now
    history.do(c.set_options(history.now, edge=0.1))
    history.show(c.set_view(history.now, dark=False))
    history.show(c.pick(c.set_tool(history.now, "distance"), picks(start, 1)[0]))
    assert history.undo() and not history.now.view.dark and not history.now.pending
    assert history.now.layers == start.layers and not history.undo()
    assert history.redo() and history.now.layer is not None and history.now.layer.options.edge == 0.1
    assert not history.redo()


def test_dragging_a_slider_is_one_step() -> None:
    history = History(opened())
    for edge in (0.01, 0.02, 0.03):
        history.do(c.set_options(history.now, edge=edge), coalesce="edge")
    history.settle()
    history.do(c.set_options(history.now, edge=0.05), coalesce="edge")
    assert history.undo() and history.now.layer is not None and history.now.layer.options.edge == 0.03
    assert history.undo() and history.now.layer is not None and history.now.layer.options.edge == 0.04
    assert not history.can_undo


def test_after_another_view_a_slider_is_dragged_anew() -> None:
    history = History(opened())
    history.do(c.set_options(history.now, edge=0.01), coalesce="edge")
    history.show(c.set_view(history.now, dark=False))
    history.do(c.set_options(history.now, edge=0.05), coalesce="edge")
    assert history.undo() and history.now.layer is not None and history.now.layer.options.edge == 0.01


@given(st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=40))
def test_any_mix_of_steps_follows_a_plain_list(words: list[str]) -> None:
    history, states, at = History(), [0], 0
    marks = {id(history.now): 0}
    keep = [history.now]
    for number, word in enumerate(words, start=1):
        if word == "do":
            state = State()
            keep.append(state)
            marks[id(state)] = number
            history.do(state)
            states = [*states[: at + 1], number][-MOST_STEPS - 1 :]
            at = len(states) - 1
        elif word == "undo":
            assert history.undo() == (at > 0)
            at = max(at - 1, 0)
        else:
            assert history.redo() == (at < len(states) - 1)
            at = min(at + 1, len(states) - 1)
        assert history.can_undo == (at > 0) and history.can_redo == (at < len(states) - 1)


def test_closed_photos_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    scene_bytes = 160 * 120 * (3 + 4 + 1)
    monkeypatch.setattr("recon_viewer.model.history.MOST_HELD_BYTES", int(2.5 * scene_bytes))
    history = History()
    for number in range(20):
        history.do(c.add_scene(history.now, room(number), name=f"{number}"))
        assert history.now.active is not None
        history.do(c.remove_layer(history.now, history.now.active))
    names = []
    while history.undo():
        names += [layer.name for layer in history.now.layers]
    assert names == ["19", "18"]


def test_the_last_step_can_be_undone_however_large_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon_viewer.model.history.MOST_HELD_BYTES", 1)
    state = opened()
    history = History(state)
    assert state.active is not None
    history.do(c.remove_layer(state, state.active))
    assert history.undo() and history.now.layers


def test_steps_on_one_photo_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon_viewer.model.history.MOST_HELD_BYTES", 1)
    history = History(opened())
    for edge in range(1, 50):
        history.do(c.set_options(history.now, edge=edge / 1000))
    steps = 0
    while history.undo():
        steps += 1
    assert steps == 49
