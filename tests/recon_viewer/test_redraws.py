"""A window that nobody touches draws a few more frames, ever rarer, and then none."""

import numpy as np

from recon_viewer.ui.redraws import PULSE_S, Redraws, is_due


def _frames(seconds: float, *, untouched: bool) -> list[float]:
    """When frames are drawn after a touch, or while the mouse moves all the time; asked every 10 ms."""
    drawn_at, drawn = 0.0, []
    for now in np.arange(0.0, seconds, 0.01):
        if is_due(float(now) if untouched else 0.0, float(now) - drawn_at):
            drawn_at = float(now)
            drawn.append(drawn_at)
    return drawn


def test_frames_after_a_touch_become_rarer_and_end() -> None:
    drawn = _frames(60.0, untouched=True)
    assert drawn[0] <= PULSE_S + 0.011 and 5 <= len(drawn) <= 8 and drawn[-1] < 12
    assert (np.diff(np.diff(drawn)) > -0.011).all()


def test_frames_go_on_while_the_mouse_moves() -> None:
    assert len(_frames(12.0, untouched=False)) >= 28


def test_what_changes_or_moves_keeps_a_window_awake_that_can_be_seen() -> None:
    now, mouse, seen = [100.0], [(1, 1, 0)], [True]
    redraws = Redraws(lambda: mouse[0], lambda: seen[0], lambda: now[0])

    def drawn_within(seconds: float, *, changed: bool = False) -> int:
        count = 0
        for _ in range(round(10 * seconds)):
            now[0] += 0.1
            count += redraws.tick(changed)
        return count

    assert drawn_within(30.0) > 3 and drawn_within(10.0) == 0
    mouse[0] = 5, 5, 0
    assert drawn_within(2.0) > 1 and redraws.pointer == (5, 5, 0)
    drawn_within(30.0)
    assert drawn_within(2.0, changed=True) > 1
    seen[0] = False
    assert drawn_within(2.0, changed=True) == 0
