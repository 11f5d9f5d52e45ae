"""Colours of errors and differences: known values have known colours, and the legend says which."""

from dataclasses import replace

import numpy as np

from recon.depth_map.colormap import depth_table, difference_table
from recon.depth_map.error_picture import difference_picture, error_picture
from recon.depth_map.legend import UNKNOWN_RGB
from recon.types import MetricDepth

_SHAPE = (120, 160)


def _depth(z_m: float = 2.0, sigma: float | None = 0.01) -> MetricDepth:
    z = np.full(_SHAPE, z_m, np.float32)
    log_sigma = None if sigma is None else np.full(_SHAPE, sigma, np.float32)
    return MetricDepth(z, np.ones(_SHAPE, bool), None, log_sigma)


def test_the_sure_half_is_blue_and_the_unsure_one_red() -> None:
    depth = _depth()
    assert depth.log_sigma is not None
    depth.log_sigma[:, 80:] = 0.1
    made = error_picture(depth, in_metres=False)
    assert made is not None
    picture, legend = made
    # Spectral's ends: the first of the table is its far, blue one.
    assert picture[5, 5].tolist() == depth_table("Spectral_r")[0].tolist()
    assert picture[5, 155].tolist() == depth_table("Spectral_r")[-1].tolist()
    assert legend.shape[0] == _SHAPE[0]
    bar = legend[:, 20]
    red, blue = bar[15].astype(int), bar[105].astype(int)
    assert red[0] > red[2] and blue[2] > blue[0]


def test_metres_grow_with_depth_where_percents_do_not() -> None:
    depth = _depth()
    depth.z_m[:, 80:] = 8.0
    percent, metres = (error_picture(depth, in_metres=unit) for unit in (False, True))
    assert percent is not None and metres is not None
    assert (percent[0][:, 0] == percent[0][:, -1]).all()
    assert (metres[0][:, 0] != metres[0][:, -1]).any()


def test_unknown_errors_have_no_picture_and_unknown_pixels_are_grey() -> None:
    assert error_picture(_depth(sigma=None), in_metres=True) is None
    depth = _depth()
    depth.valid[0] = False
    made = error_picture(depth, in_metres=False)
    assert made is not None and (made[0][0] == UNKNOWN_RGB).all() and (made[0][1] != UNKNOWN_RGB).any()
    nothing = replace(depth, valid=np.zeros(_SHAPE, bool))
    assert error_picture(nothing, in_metres=False) is None


def test_a_difference_is_red_where_farther_blue_where_nearer_and_white_where_equal() -> None:
    here, there = _depth(), _depth()
    here.z_m[:, :40] += 0.1
    here.z_m[:, 120:] -= 0.1
    made = difference_picture(here, there)
    assert made is not None
    picture, _ = made
    table = difference_table()
    assert picture[9, 9].tolist() == table[-1].tolist()
    assert picture[9, 150].tolist() == table[0].tolist()
    assert picture[9, 80].min() > 240


def test_another_size_is_compared_at_its_nearest_pixels() -> None:
    here = _depth()
    here.z_m[:60] = 3.0
    small = MetricDepth(
        np.repeat(np.float32([[3.0], [2.0]]), 2, axis=1), np.array([[True, True], [True, False]])
    )
    made = difference_picture(here, small)
    assert made is not None
    assert made[0][:60].min() > 240 and (made[0][100, 150] == UNKNOWN_RGB).all()


def test_maps_without_a_common_pixel_have_no_difference() -> None:
    assert difference_picture(replace(_depth(), valid=np.zeros(_SHAPE, bool)), _depth()) is None
