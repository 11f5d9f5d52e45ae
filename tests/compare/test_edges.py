"""Depth boundaries of a step, and the window around them."""

import numpy as np
import pytest

from recon.compare.edges import boundaries, busiest_window


def test_the_near_side_of_a_step_is_marked() -> None:
    z = np.full((6, 8), 3.0, np.float32)
    z[2:4, 3:6] = 2.0
    marked = boundaries(z, np.ones(z.shape, np.bool_))
    assert marked[2:4, 3:6].sum() == 6 and marked.sum() == 6
    z[2:4, 3:6] = 2.8  # a step of 7 %
    assert not boundaries(z, np.ones(z.shape, np.bool_)).any()


def test_no_boundary_towards_unknown_depth() -> None:
    z = np.full((5, 5), 2.0, np.float32)
    z[:, 3] = 9.0
    valid = np.ones(z.shape, np.bool_)
    valid[:, 3] = False
    assert not boundaries(z, valid).any()


@pytest.mark.parametrize(("row", "column"), [(20, 30), (180, 250), (0, 0)])
def test_the_window_is_around_the_boundaries(row: int, column: int) -> None:
    mask = np.zeros((200, 300), np.bool_)
    mask[row : row + 10, column : column + 10] = True
    window = busiest_window([mask, np.zeros_like(mask)])
    assert window.cut(mask).sum() == 100 and window.width == window.height == 68


def test_a_picture_smaller_than_the_window() -> None:
    window = busiest_window([np.ones((10, 20), np.bool_)])
    assert (window.width, window.height) == (10, 10)
