"""Frames are linked by what their pictures show: still cameras, motion, cuts."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recon.video.links import GRID_PX, Link, Linker, grid_size

WIDTH, HEIGHT = 160, 120
Picture = NDArray[np.uint8]


def textured(seed: int, *, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A smooth random picture."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(128 + 35 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def link(before: Picture, now: Picture) -> Link | None:
    linker = Linker()
    assert linker.add(before) is None
    return linker.add(now)


def test_a_still_camera_with_noise_and_another_exposure() -> None:
    first, rng = textured(0), np.random.default_rng(1)
    second = np.clip(first + 6 + rng.normal(0, 2, first.shape), 0, 255).astype(np.uint8)
    found = link(first, second)
    assert found is not None and found.is_still
    assert not found.back_px.any() and found.agreed.mean() > 0.95


def test_what_moves_before_a_still_camera_is_not_the_same() -> None:
    first, second = textured(0), textured(0)
    thing = textured(5)[40:80, 40:70]
    first[40:80, 40:70], second[40:80, 50:80] = thing, thing
    found = link(first, second)
    assert found is not None and found.is_still
    assert found.agreed[45:75, 45:75].mean() < 0.5 < 0.95 < found.agreed[:30].mean()


@pytest.mark.parametrize(("x", "y"), [(4, 0), (-3, 2)])
def test_motion_is_where_each_pixel_was(x: int, y: int) -> None:
    whole = textured(2, width=WIDTH + 20, height=HEIGHT + 20)
    found = link(whole[10:-10, 10:-10], whole[10 + y : HEIGHT + 10 + y, 10 + x : WIDTH + 10 + x])
    assert found is not None and not found.is_still
    assert np.median(found.back_px, axis=(0, 1)) == pytest.approx((x, y), abs=0.2)
    assert found.agreed.mean() > 0.7


def test_cuts_and_changes_of_size_have_no_link() -> None:
    assert link(textured(0), textured(1)) is None
    assert link(textured(0), textured(0, width=WIDTH - 20)) is None
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert link(black, textured(0)) is None
    found = link(black, black)
    assert found is not None and found.is_still


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (40, 30)])
def test_small_frames(size: tuple[int, int]) -> None:
    width, height = size
    linker = Linker()
    assert linker.add(textured(0, width=width, height=height)) is None
    linker.add(textured(1, width=width, height=height))
    again = linker.add(textured(1, width=width, height=height))
    assert again is not None and not again.back_px.any()


def test_the_grid_has_the_shape_of_the_frame() -> None:
    assert grid_size(width=1920, height=1080) == (GRID_PX, 180)
    assert grid_size(width=200, height=100) == (200, 100) and grid_size(width=5000, height=1) == (GRID_PX, 1)


def test_a_slow_camera_is_not_a_still_one() -> None:
    whole = cv2.resize(textured(2), None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    linker, found = Linker(), []
    for k in range(20):  # an eighth of a pixel a frame
        moved = whole[: -8 * 8, k : 8 * (WIDTH - 8) + k]
        found.append(linker.add(cv2.resize(moved, (WIDTH - 8, HEIGHT - 8), interpolation=cv2.INTER_AREA)))
    assert all(each is not None and not each.is_still for each in found[8:])


def test_a_thing_with_more_outlines_than_the_rest_passes_before_a_still_camera() -> None:
    before = textured(1)
    before = cv2.GaussianBlur(before, (0, 0), 2.5)
    now, thing = before.copy(), np.random.default_rng(0).integers(0, 255, (HEIGHT, 90, 3), np.uint8)
    before[:, 20:110], now[:, 22:112] = thing, thing
    found = link(before, now)
    assert found is not None and found.is_still
