"""What is said about a known length once its effect is drawn; no display."""

from typing import Any

from viewer_scenes import room
from waiting import settled

from recon_viewer.controller import Controller
from recon_viewer.drawing.frame import Painter
from recon_viewer.model import commands as c
from recon_viewer.model.state import Pick, State


def test_a_known_length_names_how_much_larger_the_scene_has_become() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    key = settled(controller).state.active
    assert key is not None
    controller.use("known length")
    for x in (40.5, 120.5):
        controller.pick(Pick(key, (x, 80.5), (0, 0, 1)))
    assert controller.rescaling.add_known("20 m")
    settled(controller)
    # The depth of the room is a measured one.
    assert "times as large" in controller.message and "undo" in controller.problems[0].text
    assert controller.problems[0].can_be_undone(controller.state)
    controller.view(dark=False)
    assert controller.problems[0].can_be_undone(controller.state)
    controller.do(lambda state: c.set_options(state, edge=0.03))
    assert not controller.problems[0].can_be_undone(controller.state), "undo would take back the wrong change"
    controller.close()


class _Lazy:
    """A painter that starts on nothing before it is asked for the result."""

    def __init__(self, painter: Painter) -> None:
        self._painter, self._asked = painter, []  # type: ignore[var-annotated]
        self.idle = True

    def ask(self, state: State, **how: Any) -> None:
        """Replaces what was asked before, as the real one does."""
        self._asked = [state]

    def take(self, now: State) -> Any:
        """Paints the newest request."""
        asked, self._asked = self._asked, []
        return self._painter.paint(asked[0]) if asked else None

    def end(self) -> None:
        """Nothing runs."""


def _with_size_not_yet_drawn() -> tuple[Controller, list[Pick]]:
    """A doubtful known length was stated, and nothing was painted since; and its ends."""
    controller = Controller()
    controller._painting.end()
    controller._painting = _Lazy(Painter())  # type: ignore[assignment]
    controller.add_scene(room(), "room")
    controller.tick()
    key = controller.state.active
    assert key is not None
    ends = [Pick(key, (x, 80.5), (0, 0, 1)) for x in (40.5, 120.5)]
    controller.use("known length")
    for end in ends:
        controller.pick(end)
    assert controller.rescaling.add_known("20 m") and controller.rescaling._waiting
    return controller, ends


def test_a_length_that_is_undone_before_it_is_drawn_keeps_no_scene() -> None:
    controller, _ = _with_size_not_yet_drawn()
    controller.act("undo")
    controller.tick()
    assert controller.rescaling._waiting is None and "times as large" not in controller.message
    controller.close()


def test_a_measurement_made_before_a_size_is_doubted_is_not_undone_for_it() -> None:
    controller, ends = _with_size_not_yet_drawn()
    controller.use("distance")
    for end in reversed(ends):
        controller.pick(end)
    controller.tick()
    assert not controller.problems[0].can_be_undone(controller.state)
    controller.close()
