"""When the window moves to a fresh process, and what goes with it."""

import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from viewer_scenes import room

from recon.render.view_camera import ViewCamera
from recon_viewer.background.hand_over import (
    AGAIN_S,
    FRESH_MB,
    MOST_GROWN_MB,
    Handed,
    HandOver,
    Shown,
    Successor,
    is_due,
    resident_mb,
)
from recon_viewer.controller import Controller
from recon_viewer.model.state import Layer, Measured, Pick, State

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the window stays in one process elsewhere")


class _Told:
    """A successor that says what the test wants."""

    def __init__(self) -> None:
        self.heard = ""
        self.sent: list[Handed | Shown] = []
        self.ended = False

    def send(self, what: Handed | Shown) -> None:
        """Keeps it."""
        self.heard = ""
        self.sent.append(what)

    def end(self) -> None:
        """Notes it."""
        self.ended = True


def _handed() -> Handed:
    controller = Controller()
    try:
        return controller.hand_over(ViewCamera(), (0, 0, 640, 480), {})
    finally:
        controller.close()


def _started(successor: _Told) -> HandOver:
    """At rest, with too much memory."""
    hand_over = HandOver(
        lambda: successor, resident=lambda: FRESH_MB + MOST_GROWN_MB + 1, in_software=lambda: True
    )
    assert not hand_over.tick(_handed)
    return hand_over


def test_a_process_is_replaced_when_it_has_grown_too_much() -> None:
    assert not is_due(FRESH_MB + MOST_GROWN_MB, FRESH_MB)
    assert is_due(FRESH_MB + MOST_GROWN_MB + 1, FRESH_MB)


@pytest.mark.parametrize(
    ("grown_mb", "in_software", "rests", "starts"),
    [(1, True, True, True), (1, True, False, False), (1, False, True, False), (-100, True, True, False)],
)
def test_a_successor_is_started_at_rest_and_only_for_a_software_driver(
    grown_mb: float, in_software: bool, rests: bool, starts: bool
) -> None:
    started: list[_Told] = []

    def start() -> _Told:
        started.append(_Told())
        return started[-1]

    memory_mb = FRESH_MB + MOST_GROWN_MB + grown_mb
    hand_over = HandOver(start, resident=lambda: memory_mb, in_software=lambda: in_software)
    for _ in range(3):
        assert not hand_over.tick(_handed if rests else None)
    assert len(started) == int(starts)


def test_a_successor_counts_from_what_its_first_frame_needs_however_late_its_first_rest() -> None:
    started: list[_Told] = []
    memory_mb = 2000.0
    hand_over = HandOver(
        lambda: started.append(_Told()), resident=lambda: memory_mb, in_software=lambda: True
    )
    hand_over.count_from_now()
    memory_mb += MOST_GROWN_MB
    hand_over.tick(_handed)
    assert not started
    memory_mb += 1
    # Somebody works without a pause, and at last pauses.
    hand_over.tick(None)
    assert not started
    hand_over.tick(_handed)
    assert len(started) == 1


@pytest.mark.parametrize(("memory_mb", "starts"), [(942.0, False), (1020.0, False), (1350.0, True)])
def test_a_large_photo_is_no_reason_to_replace_the_process(memory_mb: float, starts: bool) -> None:
    """As measured of 12 MP at rest, and after it was turned; and after a long look around."""
    photo = SimpleNamespace(width=4000, height=3000)
    layer = Layer(1, "large", base=SimpleNamespace(photo=photo))  # type: ignore[arg-type]
    handed, started = replace(_handed(), now=State(layers=(layer,))), list[_Told]()
    hand_over = HandOver(
        lambda: started.append(_Told()), resident=lambda: memory_mb, in_software=lambda: True
    )
    hand_over.tick(lambda: handed)
    assert bool(started) == starts


def test_this_window_closes_when_the_other_has_drawn_what_it_shows() -> None:
    successor, still = _Told(), _handed()
    hand_over = _started(successor)
    for word, sent in (("ready", still), ("painted", still.shown)):
        successor.heard = word
        assert not hand_over.tick(None) and not hand_over.tick(lambda: still)
        assert successor.sent[-1] is sent
    successor.heard = "drawn"
    assert hand_over.tick(lambda: still) and not successor.ended


def test_what_is_done_before_it_shows_is_sent_again() -> None:
    successor, first, second = _Told(), _handed(), _handed()
    hand_over = _started(successor)
    for handed in (first, second):
        successor.heard = "painted" if handed is second else "ready"
        hand_over.tick(lambda handed=handed: handed)
    assert successor.sent == [first, second]


def test_it_is_painted_while_somebody_works_and_shown_at_rest_by_the_newest_camera() -> None:
    successor, first, second = _Told(), _handed(), _handed()
    hand_over = _started(successor)
    turned = replace(second, shown=replace(second.shown, camera=ViewCamera().orbit(0.3, 0.1), message="x"))
    for handed in (first, second):
        successor.heard = "painted" if handed is second else "ready"
        assert not hand_over.tick(lambda handed=handed: handed, rests=False)
    assert successor.sent == [first, second]
    successor.heard = "painted"
    assert not hand_over.tick(lambda: turned, rests=False) and successor.sent == [first, second]
    assert not hand_over.tick(lambda: turned) and successor.sent == [first, second, turned.shown]
    successor.heard = "drawn"
    assert hand_over.tick(lambda: turned)


@pytest.mark.parametrize("later", [None, _handed])
def test_what_is_done_while_it_shows_stays_in_this_window(later: Callable[[], Handed] | None) -> None:
    successor, still = _Told(), _handed()
    hand_over = _started(successor)
    for word in ("ready", "painted"):
        successor.heard = word
        hand_over.tick(lambda: still)
    successor.heard = "drawn"
    assert not hand_over.tick(later)
    assert successor.ended and not hand_over.failed


@pytest.mark.parametrize("change", ["measure", "save", "move", "say", "orbit", "fold"])
def test_whatever_is_done_meanwhile_in_one_window_is_noticed(change: str) -> None:
    """The window goes on with the history that it has handed over."""
    controller, camera, frame, groups = Controller(), ViewCamera(), (0, 0, 640, 480), {"Show": True}
    try:
        controller.add_scene(room(), "room")
        key = controller.state.active
        assert key is not None
        before = controller.hand_over(camera, frame, groups)
        assert before.is_still(controller.hand_over(camera, frame, groups))
        pick = Pick(key, (80.0, 60.0), (0.0, 0.0, 2.0))
        if change == "measure":
            controller.do(lambda state: replace(state, measured=(Measured("height", (pick,)),)))
        elif change == "save":
            controller.mark_saved(*controller.state.layers)
        elif change == "say":
            controller.say("something else")
        elif change == "orbit":
            camera = camera.orbit(0.3, 0.1)
        elif change == "fold":
            groups = {"Show": False}
        else:
            frame = (5, 0, 640, 480)
        assert not before.is_still(controller.hand_over(camera, frame, groups))
    finally:
        controller.close()


def test_after_work_at_the_last_moment_it_is_tried_again_soon() -> None:
    successors, now_s = list[_Told](), 0.0

    def start() -> _Told:
        successors.append(_Told())
        return successors[-1]

    hand_over = HandOver(
        start,
        resident=lambda: FRESH_MB + MOST_GROWN_MB + 1,
        in_software=lambda: True,
        clock=lambda: now_s,
    )
    hand_over.tick(_handed)
    still = _handed()
    for word in ("ready", "painted"):
        successors[0].heard = word
        hand_over.tick(lambda: still)
    successors[0].heard = "drawn"
    assert not hand_over.tick(None)
    now_s = AGAIN_S - 0.1
    hand_over.tick(_handed)
    assert len(successors) == 1
    now_s = AGAIN_S
    hand_over.tick(_handed)
    assert len(successors) == 2


@on_linux
def test_a_process_that_does_not_start_is_reported_and_tried_again_only_after_as_much_growth() -> None:
    started: list[Successor] = []
    memory_mb = FRESH_MB + MOST_GROWN_MB + 1

    def start() -> Successor:
        started.append(Successor(os.dup(2), (sys.executable, "-c", "raise SystemExit(3)")))
        return started[-1]

    hand_over = HandOver(start, resident=lambda: memory_mb, in_software=lambda: True)
    hand_over.tick(_handed)
    while not hand_over.failed:
        assert not hand_over.tick(_handed)
    hand_over.failed = False
    for _ in range(3):
        hand_over.tick(_handed)
    assert len(started) == 1
    memory_mb += MOST_GROWN_MB + 1
    hand_over.tick(_handed)
    assert len(started) == 2
    hand_over.end()


@on_linux
def test_the_memory_of_this_process() -> None:
    """As the kernel's other file says: how much a process grows for an array depends on what it freed before."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    assert abs(resident_mb() - int(status["VmRSS"].split()[0]) / 1024) < 5


def test_everything_goes_along() -> None:
    """The scene, undo steps, unsaved work and the camera, through a pipe."""
    before, after = Controller(), Controller()
    try:
        before.add_scene(room(), "room")
        key = before.state.active
        assert key is not None
        pick = Pick(key, (80.0, 60.0), (0.0, 0.0, 2.0))
        before.do(lambda state: replace(state, measured=(Measured("distance", (pick, pick)),)))
        before.view(shown_as="wireframe")
        before.say("measured")
        camera = ViewCamera().orbit(0.3, 0.1)
        handed = pickle.loads(pickle.dumps(before.hand_over(camera, (7, 8, 640, 480), {})))
        after.resume(handed)
        assert after.idle and set(after.picture.drawn) == {key}
        assert after.state.view.shown_as == "wireframe" and handed.shown.message == "measured"
        assert after.unsaved == before.unsaved == "1 measurement"
        assert handed.shown.frame == (7, 8, 640, 480) and handed.shown.camera == camera
        assert after.act("undo") and after.unsaved is None and after.act("undo") and not after.state.layers
    finally:
        before.close()
        after.close()


def test_saved_work_stays_saved() -> None:
    before, after = Controller(), Controller()
    try:
        before.add_scene(room(), "room")
        before.act("close-layer")
        before.add_scene(room(), "room")
        key = before.state.active
        assert key is not None
        pick = Pick(key, (80.0, 60.0), (0.0, 0.0, 2.0))
        before.do(lambda state: replace(state, measured=(Measured("height", (pick,)),)))
        before.mark_saved(*before.state.measured)
        after.resume(pickle.loads(pickle.dumps(before.hand_over(ViewCamera(), (0, 0, 9, 9), {}))))
        assert before.unsaved is None and after.unsaved is None
    finally:
        before.close()
        after.close()
