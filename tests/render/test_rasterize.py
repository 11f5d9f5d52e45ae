"""Which triangle or point is nearest at each pixel centre: held against arithmetic on every pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from recon.render.rasterize import (
    Projected,
    draw_points,
    draw_triangles,
    empty,
    index_of,
    inverse_of,
)

WIDTH, HEIGHT = 37, 23


def _seen(
    xy: NDArray[np.float64], inverse: NDArray[np.float64], faces: NDArray[np.int64] | None
) -> Projected:
    x, y = xy.astype(np.float32).T
    values = np.zeros((len(xy), 1), np.float32)
    corners = None if faces is None else np.ascontiguousarray(faces.T, np.intp)
    return Projected(
        np.ascontiguousarray(x), np.ascontiguousarray(y), inverse.astype(np.float32), values, corners
    )


def _triangles(seed: int, count: int, spread: float) -> Projected:
    rng = np.random.default_rng(seed)
    middle = rng.uniform((-10, -10), (WIDTH + 10, HEIGHT + 10), (count, 1, 2))
    xy = (middle + rng.normal(0, spread, (count, 3, 2))).reshape(-1, 2)
    return _seen(xy, rng.uniform(0.1, 2, 3 * count), np.arange(3 * count).reshape(-1, 3))


def _by_hand(seen: Projected) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Per triangle and pixel: how far inside the centre lies, px, negative outside; and the inverse depth there."""
    assert seen.corners is not None
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    px, py, inverse = (
        values[seen.corners].astype(np.float64)[..., None, None]
        for values in (seen.x_px, seen.y_px, seen.inverse_m)
    )
    area = (px[1] - px[0]) * (py[2] - py[0]) - (px[2] - px[0]) * (py[1] - py[0])
    inside, depth = np.full((px.shape[1], HEIGHT, WIDTH), np.inf), np.zeros((px.shape[1], HEIGHT, WIDTH))
    for k in range(3):
        a, b = (k + 1) % 3, (k + 2) % 3
        twice = ((px[a] - x) * (py[b] - y) - (px[b] - x) * (py[a] - y)) * np.sign(area)
        inside = np.minimum(inside, twice / np.hypot(px[a] - px[b], py[a] - py[b]))
        depth += twice / np.abs(area) * inverse[k]
    return inside, depth


@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.4, 2.0, 9.0, 60.0]))
@settings(max_examples=60)
def test_a_centre_shows_the_nearest_triangle_that_holds_it(seed: int, spread: float) -> None:
    seen = _triangles(seed, 12, spread)
    entries = empty(width=WIDTH, height=HEIGHT)
    draw_triangles(entries, seen)
    inside, depth = _by_hand(seen)
    sure, possible = inside > 0.01, inside > -0.01
    assert (entries[sure.any(axis=0)] != 0).all()
    assert (entries[~possible.any(axis=0)] == 0).all()
    nearest = np.where(sure, depth, 0).max(axis=0)
    farthest_allowed = np.where(possible, depth, 0).max(axis=0)
    shown = inverse_of(entries)
    assert (shown >= nearest - 0.02).all() and (shown <= farthest_allowed + 0.02).all()
    row, col = np.nonzero(entries)
    assert possible[index_of(entries)[row, col], row, col].all()


def test_neighbouring_triangles_leave_no_crack() -> None:
    rng = np.random.default_rng(1)
    for scale in (0.3, 1.0, 4.0):
        count = round(2 * WIDTH * HEIGHT / scale**2)
        xy = rng.uniform((-8, -8), (WIDTH + 8, HEIGHT + 8), (max(count, 60), 2)).astype(np.float32)
        # Corners of the picture and centres of pixels, where rounding decides.
        xy[:30] = np.floor(xy[:30]) + 0.5
        xy = np.concatenate([xy, [[-9, -9], [WIDTH + 9, -9], [-9, HEIGHT + 9], [WIDTH + 9, HEIGHT + 9]]])
        seen = _seen(xy, np.ones(len(xy)), Delaunay(xy).simplices)
        entries = empty(width=WIDTH, height=HEIGHT)
        draw_triangles(entries, seen)
        assert (entries != 0).all()


def test_a_grid_that_meets_pixel_centres_leaves_no_crack() -> None:
    x, y = np.meshgrid(np.arange(WIDTH + 1) - 0.5, np.arange(HEIGHT + 1) - 0.5)
    at = np.arange(x.size).reshape(x.shape)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    seen = _seen(np.stack([x.ravel(), y.ravel()], 1), np.ones(x.size), faces)
    entries = empty(width=WIDTH, height=HEIGHT)
    draw_triangles(entries, seen)
    assert (entries[:-1, :-1] != 0).all()


def test_chosen_triangles_alone_are_drawn_under_their_own_numbers() -> None:
    seen = _triangles(3, 40, 5.0)
    every, some = empty(width=WIDTH, height=HEIGHT), empty(width=WIDTH, height=HEIGHT)
    draw_triangles(every, seen)
    chosen = np.unique(index_of(every[every != 0]))
    draw_triangles(some, seen, chosen)
    np.testing.assert_array_equal(some, every)
    draw_triangles(nothing := empty(width=WIDTH, height=HEIGHT), seen, chosen[:0])
    assert not nothing.any()


@given(
    size=st.sampled_from([1.0, 1.5, 2.0, 3.0, 5.0, 8.0]),
    x=st.floats(-12, WIDTH + 12, width=32),
    y=st.floats(-12, HEIGHT + 12, width=32),
)
@settings(max_examples=150)
def test_a_point_is_a_square_of_its_size(size: float, x: float, y: float) -> None:
    entries = empty(width=WIDTH, height=HEIGHT)
    draw_points(entries, _seen(np.array([[x, y]]), np.ones(1), None), size)
    col, row = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    away = np.maximum(np.abs(col - x), np.abs(row - y))
    # Large points stand on whole pixels.
    slack = 0.01 if size <= 4 else 0.51
    assert (entries[away < size / 2 - slack] != 0).all()
    assert (entries[away > size / 2 + slack] == 0).all()


@pytest.mark.parametrize("size", [1.0, 3.0, 7.0])
def test_of_two_points_the_nearer_one_is_seen(size: float) -> None:
    entries = empty(width=WIDTH, height=HEIGHT)
    draw_points(entries, _seen(np.full((2, 2), 9.5), np.array([0.5, 2.0]), None), size)
    assert index_of(entries)[9, 9] == 1 and inverse_of(entries)[9, 9] == 2.0
