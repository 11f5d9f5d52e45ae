"""The account of what a scene's scale rests on."""

from dataclasses import replace
from pathlib import Path

from viewer_scenes import WALL_M, room

from recon.constraints import CameraHeight, Constraint, LengthBetween, Rectangle
from recon.scene import Scene
from recon_viewer.model import commands
from recon_viewer.model.layer_scene import Adjuster
from recon_viewer.model.state import Layer, State
from recon_viewer.model.trust import trust_of


def _wall_m(pixels: float) -> float:
    return pixels / room().intrinsics.fx * WALL_M


def _opened(*known: Constraint) -> State:
    state = commands.add_scene(State(), room(), name="room")
    for one in known:
        state = commands.add_known(state, one)
    return state


def _made(state: State) -> tuple[Layer, Scene]:
    assert state.layer is not None
    return state.layer, Adjuster().scene_of(state.layer)


A = LengthBetween((30, 40), (130, 40), 1.1 * _wall_m(100), 0.02)
B = LengthBetween((30, 20), (130, 20), 1.1 * _wall_m(100), 0.06)
DOOR = Rectangle(((40, 20), (100, 20), (100, 50), (40, 50)), 1.1 * _wall_m(60), 1.1 * _wall_m(30))
WRONG = LengthBetween((60, 30), (120, 30), 3 * _wall_m(60), 0.02)


def test_each_known_size_has_its_fit_and_its_weight() -> None:
    trust = trust_of(*_made(_opened(A, B, DOOR)))
    assert [line.known for line in trust.lines] == [A, B, DOOR] and not trust.doubts
    weights = [float(line.fit.split("weight ")[1].rstrip(" %")) for line in trust.lines]
    assert abs(sum(weights) - 100) <= 1.5 and weights[0] > weights[1]
    assert all("% expected" in line.fit for line in trust.lines)
    assert "2 lengths and 1 rectangle" in trust.summary and "±" in trust.summary


def test_what_disagrees_is_named_and_can_be_left_out() -> None:
    state = _opened(A, B, DOOR, WRONG)
    wrong = trust_of(*_made(state))
    assert "rejected" in wrong.lines[3].fit and any("length" in doubt for doubt in wrong.doubts)
    assert not any("--length 60,30" in doubt for doubt in wrong.doubts)
    left = trust_of(*_made(commands.use_known(state, WRONG, False)))
    assert left.lines[3].fit == "left out" and not left.lines[3].used and not left.doubts
    back = trust_of(*_made(commands.use_known(commands.use_known(state, WRONG, False), WRONG, True)))
    assert back == wrong


def test_without_any_the_scene_is_as_it_was() -> None:
    state = commands.use_known(_opened(A), A, False)
    _, scene = _made(state)
    assert (scene.depth.z_m == room().depth.z_m).all()
    assert commands.remove_known(state, A).layer.known == ()  # type: ignore[union-attr]
    assert state.layer is not None and not state.layer.is_changed


def test_a_scene_made_with_known_sizes_tells_of_them() -> None:
    _, scene = _made(_opened(A, B))
    state = commands.add_scene(State(), scene, name="saved")
    trust = trust_of(*_made(state))
    assert [line.known for line in trust.lines] == [None, None] and "weight" in trust.lines[0].fit


def test_a_scene_without_a_calibration_says_what_it_is() -> None:
    trust = trust_of(*_made(_opened()))
    assert trust.lines == () and trust.summary.startswith("Scale of measured")


def test_run_again_gets_what_is_used() -> None:
    state = _opened(A, DOOR, CameraHeight(1.6, 0.02))
    state = commands.use_known(state, DOOR, False)
    assert state.layer is not None

    options = commands.run_again_options(replace(state.layer, source=Path("room.jpg")))
    assert (
        options.length == (A,)
        and options.rectangle == ()
        and options.camera_height == CameraHeight(1.6, 0.02)
    )
