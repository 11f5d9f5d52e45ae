"""The pages before the first scene: the places of their pictures."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from recon_viewer.drawing.guides import DARK, LIGHT

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")

from recon_viewer.ui.opening_page import page
from recon_viewer.ui.welcome import fitted
from recon_viewer.ui.what_opens import WhatOpens

RED = (255, 0, 0)


def _box(made: np.ndarray) -> tuple[int, int, int, int]:
    """x, y, width, height of what is red."""
    rows, cols = np.nonzero((made == RED).all(axis=2))
    return int(cols.min()), int(rows.min()), int(np.ptp(cols)) + 1, int(np.ptp(rows)) + 1


def test_the_picture_has_the_place_of_the_scene() -> None:
    photo = np.full((30, 40, 3), RED, np.uint8)
    made = page(photo, (600, 500), (100, 50, 400, 440), DARK)
    assert made.shape == (500, 600, 3) and _box(made) == (100, 120, 400, 300)
    assert (made[:, :100] == DARK.ground).all() and (made[:, 500:] == DARK.ground).all()


def test_all_of_it_is_seen_above_the_progress() -> None:
    wide, high = np.full((30, 40, 3), RED, np.uint8), np.full((40, 30, 3), RED, np.uint8)
    # The place reaches 60 px under the display.
    assert _box(page(wide, (600, 400), (100, 50, 400, 410), LIGHT)) == (100, 100, 400, 300)
    assert _box(page(high, (600, 400), (100, 50, 400, 410), LIGHT)) == (169, 50, 262, 350)
    assert (page(None, (600, 400), (100, 50, 400, 410), LIGHT)[:, :100] == LIGHT.ground).all()


@pytest.mark.parametrize(
    ("size", "place"),
    [((600, 1), (0, 80, 600, 300)), ((300, 80), (0, 80, 300, 3)), ((300, 200), (0, 60, 300, -20))],
)
def test_without_room_there_is_plain_ground(size: tuple[int, int], place: tuple[int, int, int, int]) -> None:
    made = page(np.full((30, 40, 3), RED, np.uint8), size, place, DARK)
    assert made.shape == (size[1], size[0], 3) and (made == DARK.ground).all()


def test_a_place_lower_than_the_picture_shows_all_of_it() -> None:
    assert _box(page(np.full((30, 40, 3), RED, np.uint8), (300, 200), (0, 60, 300, 3), DARK)) == (
        56,
        60,
        187,
        140,
    )


def test_a_row_of_tiles_fits_into_a_narrow_window() -> None:
    assert fitted((22.0, 15.0), 3, 80.0) == (22.0, 15.0)
    width, height = fitted((22.0, 15.0), 3, 56.5)
    assert 3 * width + 2 * 0.8 == pytest.approx(56.5) and height / width == pytest.approx(15 / 22)


def test_the_first_photo_is_followed_until_its_scene_is_drawn() -> None:
    """A second one never has the page."""
    seen = object()
    page, job = SimpleNamespace(seen=None), SimpleNamespace(seen=seen)
    controller: Any = SimpleNamespace(job=job, state=SimpleNamespace(layers=()))
    shown: list[Any] = []
    progress: Any = SimpleNamespace(
        widget=SimpleNamespace(visible=True), show=lambda what, small: shown.append((what, small))
    )
    opens = WhatOpens(controller, page, progress)  # type: ignore[arg-type]
    # Before the first tick, as with a photo of the command line.
    assert opens.is_first(shows_scene=False)
    assert opens.tick(shows_scene=False)[0] and page.seen is seen and shown[-1] == (job, False)
    controller.job, controller.state.layers = None, (1,)
    opens.tick(shows_scene=False)
    assert opens.is_first(shows_scene=False) and shown[-1] == (job, False)
    assert opens.tick(shows_scene=True)[0] and page.seen is None and shown[-1] == (None, True)
    controller.job = job
    opens.tick(shows_scene=True)
    assert not opens.is_first(shows_scene=True) and page.seen is None and shown[-1] == (job, True)


def test_after_cancelling_there_is_the_welcome_page() -> None:
    page: Any = SimpleNamespace(seen=None)
    controller: Any = SimpleNamespace(job=SimpleNamespace(seen=object()), state=SimpleNamespace(layers=()))
    progress: Any = SimpleNamespace(widget=SimpleNamespace(visible=True), show=lambda what, small: True)
    opens = WhatOpens(controller, page, progress)
    opens.tick(shows_scene=False)
    controller.job = None
    opens.tick(shows_scene=False)
    assert not opens.is_first(shows_scene=False) and page.seen is None
