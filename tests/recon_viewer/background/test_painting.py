"""Painting in a thread: the newest state, and previews while sliders move; no display."""

import time

from viewer_scenes import room
from waiting import settled, until

from recon.options import Options
from recon_viewer.background.painting import Latest
from recon_viewer.controller import Controller
from recon_viewer.model import commands as c


def test_only_the_newest_request_is_painted() -> None:
    done: list[int] = []

    def slow(number: int) -> int:
        time.sleep(0.05)
        done.append(number)
        return number

    latest: Latest[int, int] = Latest(slow)
    for number in range(20):
        latest.ask(number)
    until(lambda: bool(done) and done[-1] == 19)
    until(lambda: latest.take() == 19)
    assert len(done) <= 3 and latest.idle
    latest.end()


def test_sliders_preview_then_settle() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    settled(controller)
    for edge in (0.01, 0.02, 0.03):
        controller.do(lambda state, edge=edge: c.set_options(state, edge=edge), coalesce="edge")  # type: ignore[misc]
    settled(controller)
    assert not controller.picture.preview and controller.history.can_undo
    controller.act("undo")
    layer = controller.state.layer
    assert layer is not None and layer.options.edge == Options().edge
    controller.close()


def test_a_drag_that_rests_is_one_step_until_it_is_let_go() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    settled(controller)

    def drag(*edges: float) -> None:
        for edge in edges:
            controller.do(lambda state, edge=edge: c.set_options(state, edge=edge), coalesce="edge")  # type: ignore[misc]
            settled(controller)

    drag(0.01, 0.02)
    controller.let_go()
    drag(0.05, 0.06)
    edges = []
    while controller.history.undo() and controller.state.layer is not None:
        edges.append(controller.state.layer.options.edge)
    assert edges == [0.02, Options().edge]
    controller.close()


def test_a_new_layer_is_shown_by_some_of_its_pixels_first() -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    assert controller.is_drawing

    def shown() -> bool:
        controller.tick()
        return bool(controller.picture.drawn)

    until(shown)
    assert controller.picture.preview and controller.is_drawing
    assert not settled(controller).picture.preview and not controller.is_drawing
    controller.close()
