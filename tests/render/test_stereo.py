"""Stereo pictures: parallax against f * ipd / z of a scene whose depth is known, and how two pictures become one."""

from dataclasses import replace
from math import inf

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import CAMERA, floor_and_wall, with_box

from recon.errors import ExportError
from recon.options import Options
from recon.render.picture import Look, pictures
from recon.render.stereo import Layout, Stereo, anaglyph, combined, stereo_for
from recon.render.subject import Subject, subject_of_scene
from recon.scene import Scene
from recon.types import MetricDepth, Photo

WALL_M, BOX_M, BOX = 6.0, 2.0, (slice(30, 70), slice(50, 110))
PATCHES = {WALL_M: (slice(5, 29), slice(56, 104)), BOX_M: (slice(36, 64), slice(62, 98))}
"""Windows in the middle picture that show one depth only, also for the two eyes."""


@pytest.fixture(scope="module")
def subject() -> Subject:
    """A box in front of a wall, with a pattern that is smooth enough to be found to a part of a pixel."""
    z_m = with_box(floor_and_wall(wall_m=WALL_M), *BOX, BOX_M)
    noise = np.random.default_rng(7).uniform(0, 255, (*z_m.shape, 3)).astype(np.float32)
    rgb = np.clip(3 * (cv2.GaussianBlur(noise, (0, 0), 1.5) - 128) + 128, 0, 255).astype(np.uint8)
    depth = MetricDepth(z_m, np.ones(z_m.shape, bool))
    return subject_of_scene(
        Scene(Photo(rgb), CAMERA, depth, options=Options(level=False)), "mesh", (160, 120)
    )


def _pair(subject: Subject, eyes: Stereo) -> list[NDArray[np.uint8]]:
    return list(pictures(subject.drawn, Look(*subject.size), eyes.eyes(subject.start)))


def _parallax_px(left: NDArray[np.uint8], right: NDArray[np.uint8], rows: slice, cols: slice) -> float:
    """Measured: where the window of the left picture is in the right one, to a part of a pixel."""
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float32) for each in (left, right)]
    scores = cv2.matchTemplate(grey[1][rows], grey[0][rows, cols], cv2.TM_CCOEFF_NORMED)[0]
    at = int(scores.argmax())
    before, best, after = scores[at - 1 : at + 2]
    return at + 0.5 * (before - after) / (before - 2 * best + after) - cols.start


@pytest.mark.parametrize(("ipd_m", "convergence_m"), [(0.063, inf), (0.063, 2.0), (0.2, 3.0), (0.1, 6.0)])
def test_parallax_is_that_of_true_depth(subject: Subject, ipd_m: float, convergence_m: float) -> None:
    eyes = stereo_for(subject, "sbs", ipd_m, convergence_m)
    left, right = _pair(subject, eyes)
    for depth_m, window in PATCHES.items():
        true_px = CAMERA.fx * ipd_m * (1 / convergence_m - 1 / depth_m)
        assert _parallax_px(left, right, *window) == pytest.approx(true_px, abs=0.1)
        assert eyes.parallax_px(depth_m, CAMERA.fx) == pytest.approx(true_px)


def test_by_default_the_nearest_has_no_parallax_and_nothing_is_in_front_of_the_screen(
    subject: Subject,
) -> None:
    eyes = stereo_for(subject, "sbs")
    assert eyes.ipd_m == 0.063 and eyes.convergence_m == pytest.approx(BOX_M, rel=0.01)
    assert eyes.range_m[1] == pytest.approx(WALL_M, rel=0.01)
    assert eyes.parallax_px(eyes.range_m[1], CAMERA.fx) > 0


def test_columns_that_one_eye_does_not_see_are_cropped_and_the_parallax_stays(subject: Subject) -> None:
    mark = (255, 0, 255)
    eyes = stereo_for(subject, "sbs", 0.2)
    cropped = eyes.cropped(subject)
    look = Look(*cropped.size, background=mark)
    left, right = pictures(cropped.drawn, look, eyes.eyes(cropped.start))
    full = pictures(subject.drawn, Look(*subject.size, background=mark), eyes.eyes(subject.start))
    for whole, part, side in zip(full, (left, right), (-1, 0), strict=True):
        # The wall fills the upper rows; at its side the eye sees past the photo's border.
        assert (whole[:20, side] == mark).all() and not (part[:20] == mark).all(axis=2).any()
    border = (subject.size[0] - cropped.size[0]) // 2
    rows, cols = PATCHES[WALL_M]
    found_px = _parallax_px(left, right, rows, slice(cols.start - border, cols.stop - border))
    assert found_px == pytest.approx(eyes.parallax_px(WALL_M, CAMERA.fx), abs=0.1)


@pytest.mark.parametrize(
    ("layout", "first", "size"), [("sbs", 10, (8, 4)), ("cross", 200, (8, 4)), ("tb", 10, (4, 8))]
)
def test_layouts(layout: Layout, first: int, size: tuple[int, int]) -> None:
    left, right = (np.full((4, 4, 3), value, np.uint8) for value in (10, 200))
    (made,) = combined(iter([left, right]), layout)
    assert (made[0, 0] == first).all() and (made[-1, -1] == 210 - first).all()
    assert made.shape == (size[1], size[0], 3) and Stereo(layout, 0.06, 2, (1, 2)).size(4, 4) == size


def test_glasses_separate_the_eyes_and_keep_greys() -> None:
    dark, bright = (np.full((2, 2, 3), value, np.uint8) for value in (0, 255))
    for value in (0, 60, 128, 255):
        grey = np.full((2, 2, 3), value, np.uint8)
        assert np.abs(anaglyph(grey, grey).astype(int) - grey).max() <= 2
    red, cyan = anaglyph(bright, dark)[0, 0], anaglyph(dark, bright)[0, 0]
    assert red[0] > 250 and red[1:].max() < 10
    assert cyan[0] < 10 and cyan[1:].min() > 250


def test_nothing_in_view_is_refused(subject: Subject) -> None:
    behind = replace(subject, drawn=replace(subject.drawn, points=-subject.drawn.points))
    with pytest.raises(ExportError, match="nothing is in view"):
        stereo_for(behind, "sbs")
