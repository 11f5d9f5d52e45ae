"""What is seen of a photo before its scene is there."""

import numpy as np

from recon.depth_map.colormap import depth_picture
from recon.types import MetricDepth, RelativeDepth
from recon_viewer.background.early_pictures import EARLY_PX, early_depth, early_photo


def test_pictures_of_a_large_photo_are_reduced_alike() -> None:
    valid = np.ones((2 * EARLY_PX - 10, EARLY_PX), np.bool_)
    depth = MetricDepth(np.full(valid.shape, 2.0, np.float32), valid)
    assert early_depth(depth, "viridis").shape == (EARLY_PX - 5, EARLY_PX // 2, 3)
    rgb = np.zeros((*valid.shape, 3), np.uint8)
    assert early_photo(rgb).shape == (EARLY_PX, round(EARLY_PX**2 / len(valid)), 3)


def test_relative_depth_has_the_colours_of_its_order() -> None:
    inverse = np.tile(np.linspace(-3, 7, 40, dtype=np.float32), (30, 1))
    valid = np.ones(inverse.shape, np.bool_)
    valid[:3] = False
    seen = early_depth(RelativeDepth(inverse, valid), "viridis")
    near = depth_picture(
        MetricDepth(np.tile(np.linspace(9, 1, 40, dtype=np.float32), (30, 1)), valid), "viridis"
    )
    assert (seen[:3] == 128).all() and np.array_equal(seen[3, [0, -1]], near[3, [0, 39]])
    # Each column is nearer than the one left of it, of which the largest inverse depths are too near to tell apart.
    table = [tuple(rgb) for rgb in seen[3].tolist()]
    assert len(set(table)) > 30


def test_depth_that_nobody_knows_is_grey() -> None:
    nothing = MetricDepth(np.zeros((4, 6), np.float32), np.zeros((4, 6), np.bool_))
    assert (early_depth(nothing, "viridis") == 128).all()
