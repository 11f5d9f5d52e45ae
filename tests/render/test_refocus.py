"""Shallow depth of field: the size of discs against optics, and no colour of the foreground in the background."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import CAMERA, with_box

from recon.errors import ExportError
from recon.file_info.colours import from_linear, to_linear
from recon.options import Options
from recon.render.picture import Look
from recon.render.refocus import FULL_FRAME_MM, Focus, aimed, aperture_m, depth_at, refocused, view_count
from recon.render.subject import Subject, subject_of_scene
from recon.scene import Scene
from recon.types import MetricDepth, Photo

WALL_M, BOX_M = 6.0, 2.0
ROWS, COLS = slice(30, 90), slice(100, 150)
DOT = (60, 45)
"""Row and column of a bright dot on the wall."""
Picture = NDArray[np.uint8]


def _subject(paint: Callable[[Picture], None]) -> Subject:
    """A wall, and a red box in front of it."""
    z_m = with_box(np.full((CAMERA.height, CAMERA.width), WALL_M, np.float32), ROWS, COLS, BOX_M)
    rgb = np.zeros((*z_m.shape, 3), np.uint8)
    paint(rgb)
    rgb[ROWS, COLS] = (255, 0, 0)
    depth = MetricDepth(z_m, np.ones(z_m.shape, bool))
    return subject_of_scene(
        Scene(Photo(rgb), CAMERA, depth, options=Options(level=False)), "mesh", (160, 120)
    )


def _dot(rgb: Picture) -> None:
    rgb[DOT[0] - 1 : DOT[0] + 2, DOT[1] - 1 : DOT[1] + 2] = 255


def _spread(picture: Picture) -> float:
    """Variance of the light around the dot along one axis, px^2."""
    light = to_linear(picture)[20:100, 5:85, 1]
    row, col = np.mgrid[20:100, 5:85]
    total = light.sum()
    return float(sum((light * (at - (light * at).sum() / total) ** 2).sum() for at in (row, col)) / total / 2)


@pytest.mark.parametrize("aperture", [0.06, 0.12])
def test_a_point_becomes_a_disc_of_the_size_that_optics_says(aperture: float) -> None:
    subject, look = _subject(_dot), Look(160, 120)
    focus = Focus(aperture, BOX_M)
    count = view_count(subject, look, focus)
    made = refocused(subject, look, subject.start, focus, count)
    sharp = refocused(subject, look, subject.start, Focus(1e-9, BOX_M), 1)
    disc_px = aperture * CAMERA.fx * (1 / BOX_M - 1 / WALL_M)
    assert focus.disc_px(WALL_M, CAMERA.fx) == pytest.approx(disc_px)
    # The variance of a disc of diameter d along one axis is d^2 / 16.
    assert _spread(made) - _spread(sharp) == pytest.approx(disc_px**2 / 16, rel=0.15)


def test_what_is_focused_stays_sharp_and_does_not_bleed_into_what_is_behind() -> None:
    def stripes(rgb: Picture) -> None:
        rgb[:, ::4, 2] = rgb[:, 1::4, 2] = 200

    subject, look = _subject(stripes), Look(160, 120)
    focus = Focus(0.12, BOX_M)
    made = refocused(subject, look, subject.start, focus, view_count(subject, look, focus)).astype(int)
    inside = made[ROWS.start + 2 : ROWS.stop - 2, COLS.start + 2 : COLS.stop - 2]
    assert (inside == (255, 0, 0)).all()
    around = np.ones(made.shape[:2], bool)
    around[ROWS.start - 2 : ROWS.stop + 2, COLS.start - 2 : COLS.stop + 2] = False
    around[:, 151:] = around[:, :9] = around[:9] = around[-9:] = False
    # The mesh's rim shares up to a pixel with the box: about 1 % of the light. A blurred picture has much of its red.
    sharp = refocused(subject, look, subject.start, Focus(1e-9, BOX_M), 1)
    blurred = from_linear(cv2.blur(to_linear(sharp), (9, 9)))
    assert made[around][:, 0].max() < 40 and blurred[around][:, 0].max() > 100
    # The stripes of the wall are blurred away.
    far = made[60, 30:80, 2]
    assert np.ptp(far) < 20


def test_focused_on_the_wall_the_wall_is_sharp_and_the_box_is_soft() -> None:
    subject, look = _subject(_dot), Look(160, 120)
    focus = Focus(0.12, depth_at(subject, (20, 60)))
    assert focus.distance_m == pytest.approx(WALL_M, rel=1e-4)
    made = refocused(subject, look, subject.start, focus, view_count(subject, look, focus))
    sharp = refocused(subject, look, subject.start, Focus(1e-9, WALL_M), 1)
    assert _spread(made) == pytest.approx(_spread(sharp), rel=0.05)
    edge = made[60, COLS.start - 6 : COLS.start + 6, 0].astype(int)
    assert (np.diff(edge) >= 0).all() and ((edge > 20) & (edge < 240)).sum() >= 5


def test_an_f_number_is_that_of_a_full_frame_lens() -> None:
    subject = _subject(_dot)
    # 200 px for a diagonal of 200 px: 43.27 mm.
    assert aperture_m(1.8, subject.start) == pytest.approx(FULL_FRAME_MM / 1.8 / 1000)
    aim = aimed(subject, depth_at(subject, (120, 60)))
    assert aim.start.distance_m == pytest.approx(BOX_M, rel=1e-4)
    np.testing.assert_allclose(aim.start.view_T_world, subject.start.view_T_world, atol=1e-9)


@pytest.mark.parametrize("place", [(-1.0, 5.0), (160.0, 5.0), (5.0, 120.0)])
def test_positions_outside_the_photo_are_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ExportError, match="outside the photo, which is 160 x 120 px"):
        depth_at(_subject(_dot), place)


def test_the_mean_is_that_of_light() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(1, -1, 1).repeat(3, axis=2)
    np.testing.assert_array_equal(from_linear(to_linear(grey)), grey)
    assert abs(int(from_linear((to_linear(np.uint8([0])) + to_linear(np.uint8([255]))) / 2)[0]) - 188) <= 1
    assert cv2.mean(grey)[0] == pytest.approx(127.5)
