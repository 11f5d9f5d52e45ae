"""The plot of the depth along a row and a column."""

import numpy as np
import pytest

from recon.types import MetricDepth
from recon_viewer.drawing.depth_slice import depth_slice

SIZE = (200, 80)
_ORANGE, _BLUE = (255, 176, 66), (96, 178, 255)


def _depth(z_m: np.ndarray, valid: np.ndarray | None = None) -> MetricDepth:
    z_m = z_m.astype(np.float32)
    return MetricDepth(z_m, np.ones(z_m.shape, np.bool_) if valid is None else valid)


def _places(picture: np.ndarray, rgb: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns below the text."""
    rows, columns = np.nonzero((picture[22:] == rgb).all(axis=2))
    return rows, columns


def test_a_row_that_leads_away_rises_and_a_constant_column_is_level() -> None:
    z_m = np.broadcast_to(np.linspace(1, 5, 100), (50, 100))
    picture = depth_slice(_depth(z_m), (50.0, 25.0), SIZE, 12, dark=True)
    assert picture.shape == (80, 200, 3) and picture.dtype == np.uint8
    rows, columns = _places(picture, _ORANGE)
    assert np.corrcoef(rows, columns)[0, 1] < -0.99
    rows, _ = _places(picture, _BLUE)
    # Half way between near and far.
    assert np.ptp(rows) <= 1 and abs(rows.mean() - 28) < 4


def test_unknown_depth_is_a_gap() -> None:
    valid = np.ones((50, 100), np.bool_)
    valid[:, 40:60] = False
    picture = depth_slice(_depth(np.full((50, 100), 2.0), valid), (10.0, 25.0), SIZE, 12, dark=True)
    _, columns = _places(picture, _ORANGE)
    # The column's slice is drawn over the row's where both are known.
    _, blue = _places(picture, _BLUE)
    assert not ((columns > 80) & (columns < 119)).any() and len(blue)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("pixel_px", [None, (0.0, 0.0), (99.99, 49.99), (100.0, 50.0)])
def test_nothing_known_and_the_corners_are_drawn(dark: bool, pixel_px: tuple[float, float] | None) -> None:
    unknown = _depth(np.full((50, 100), 2.0), np.zeros((50, 100), np.bool_))
    for depth in (None, unknown, _depth(np.full((50, 100), 2.0))):
        picture = depth_slice(depth, pixel_px, SIZE, 12, dark=dark)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 2
