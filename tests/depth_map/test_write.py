"""Depth files: exact numbers for programs, and images with a correct legend."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from recon.depth_map.colormap import COLORMAPS, depth_picture, round_ticks
from recon.depth_map.normal_picture import normal_picture
from recon.depth_map.read import read_depth
from recon.depth_map.write import check_depth_output, write_depth
from recon.errors import DepthFileError, ExportError
from recon.types import MetricDepth

WIDTH, HEIGHT = 120, 90


@pytest.fixture
def depth() -> MetricDepth:
    """From 1 m at the left to 8 m at the right, even in its logarithm; a corner is not known."""
    ramp = np.geomspace(1, 8, WIDTH)
    z_m = np.tile(ramp, (HEIGHT, 1)).astype(np.float32)
    valid = np.ones((HEIGHT, WIDTH), bool)
    valid[:20, :30] = False
    return MetricDepth(z_m, valid)


@pytest.mark.parametrize("suffix", [".exr", ".npy", ".npz", ".tif", ".TIFF"])
def test_floats_come_back_exactly(suffix, depth, tmp_path):
    path = tmp_path / f"tiefe 1{suffix}"
    write_depth(path, depth)
    read = read_depth(path)
    assert np.array_equal(read.valid, depth.valid)
    assert np.array_equal(read.z_m[depth.valid], depth.z_m[depth.valid])


def test_npy_has_nan_where_nothing_is_known(depth, tmp_path):
    write_depth(tmp_path / "d.npy", depth)
    stored = np.load(tmp_path / "d.npy")
    assert stored.dtype == np.float32
    assert stored.shape == (HEIGHT, WIDTH)
    assert np.array_equal(np.isnan(stored), ~depth.valid)


def test_png_is_millimetres_of_16_bits(depth, tmp_path):
    written = write_depth(tmp_path / "d.png", depth)
    stored = np.asarray(Image.open(tmp_path / "d.png"))
    assert stored.dtype == np.uint16
    assert written.out_of_range == 0
    assert (stored[~depth.valid] == 0).all()
    error = np.abs(stored[depth.valid] / 1000 - depth.z_m[depth.valid])
    assert error.max() <= 0.0005 + 1e-6
    assert "metres = value * 0.001" in Image.open(tmp_path / "d.png").info["Description"]


def test_values_outside_16_bits_are_reported_and_not_clamped(tmp_path):
    z_m = np.array([[65.535, 65.5354, 65.536, 1000.0, 0.0004, 0.0006]], np.float32)
    written = write_depth(tmp_path / "d.png", MetricDepth(z_m, np.ones_like(z_m, dtype=bool)))
    assert np.asarray(Image.open(tmp_path / "d.png")).tolist() == [[65535, 65535, 0, 0, 0, 1]]
    assert written.out_of_range == 3


def test_another_unit(tmp_path):
    far = MetricDepth(np.array([[100.0, 1.0]], np.float32), np.ones((1, 2), bool))
    assert write_depth(tmp_path / "d.png", far, unit_m=0.01).out_of_range == 0
    assert np.asarray(Image.open(tmp_path / "d.png")).tolist() == [[10000, 100]]
    assert read_depth(tmp_path / "d.png", 0.01).z_m.tolist() == [[100, 1]]


def test_nothing_fits_or_nothing_is_known(tmp_path):
    far = MetricDepth(np.full((2, 2), 500, np.float32), np.ones((2, 2), bool))
    with pytest.raises(ExportError, match="--png-unit"):
        write_depth(tmp_path / "d.png", far)
    none = MetricDepth(np.ones((2, 2), np.float32), np.zeros((2, 2), bool))
    with pytest.raises(ExportError, match="no pixel"):
        write_depth(tmp_path / "d.npy", none)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "colormap", "words"),
    [
        ("d.bmp", None, r"\.exr.*\.npz"),
        ("d", None, "no suffix"),
        ("d.npy", "turbo", "colour map"),
        ("d.png", "rainbow", "Spectral_r"),
    ],
)
def test_what_cannot_be_is_refused_early(name, colormap, words, tmp_path):
    with pytest.raises(ExportError, match=words):
        check_depth_output(tmp_path / name, colormap)


def test_an_existing_file_is_kept_without_overwrite(depth, tmp_path):
    path = tmp_path / "d.npy"
    path.write_text("old")
    with pytest.raises(ExportError, match="--overwrite"):
        write_depth(path, depth)
    assert path.read_text() == "old"
    write_depth(path, depth, overwrite=True)
    assert np.load(path).shape == (HEIGHT, WIDTH)


# What matplotlib 3.11 gives for its entries 0, 128 and 255.
PUBLISHED = {
    "Spectral_r": [(94, 79, 162), (255, 254, 190), (158, 1, 66)],
    "viridis": [(68, 1, 84), (33, 145, 140), (253, 231, 37)],
    "plasma": [(13, 8, 135), (204, 71, 120), (240, 249, 33)],
    "magma": [(0, 0, 4), (183, 55, 121), (252, 253, 191)],
    "inferno": [(0, 0, 4), (188, 55, 84), (252, 255, 164)],
    "turbo": [(48, 18, 59), (164, 252, 60), (122, 4, 3)],
}


@pytest.mark.parametrize("colormap", COLORMAPS)
def test_colours_are_the_published_ones_even_in_log_depth(colormap):
    """Far, the geometric middle, and near."""
    column = np.repeat([100.0, 100.0 * 10 ** (-2 * 128 / 255), 1.0], 40).astype(np.float32)
    valid = np.ones((120, 1), bool)
    picture = depth_picture(MetricDepth(column[:, None], valid), colormap)
    assert np.abs(picture[[10, 60, 110], 0].astype(int) - PUBLISHED[colormap]).max() <= 1


def test_unknown_is_grey(depth):
    picture = depth_picture(depth, "turbo")
    assert (picture[:20, :30] == 128).all()
    assert (picture[:, :WIDTH] == 128).all(axis=2).sum() == np.count_nonzero(~depth.valid)


def test_the_legend_shows_the_colour_of_each_distance(depth):
    """The colour next to a tick is the colour of the pixels at that distance."""
    picture = depth_picture(depth, "viridis").astype(int)
    legend = picture[:, WIDTH:]
    column = legend[:, 16]
    for metres in (1.5, 2, 4, 6):
        pixel = picture[50, np.abs(depth.z_m[50] - metres).argmin()]
        assert np.abs(column - pixel).sum(axis=1).min() <= 12
    assert (legend[:5, -3:] == 255).all(), "paper around it"
    top, bottom = column[15], column[50]
    assert top.sum() < bottom.sum(), "far is dark, and at the top"


@pytest.mark.parametrize(("name", "colormap"), [("d.jpg", None), ("d.png", "Spectral_r")])
def test_a_picture_is_an_ordinary_one(name, colormap, depth, tmp_path):
    written = write_depth(tmp_path / name, depth, colormap=colormap)
    assert written.what == "colours by Spectral_r"
    picture = Image.open(tmp_path / name)
    assert (picture.mode, picture.height) == ("RGB", HEIGHT)
    assert picture.width > WIDTH


def test_a_picture_is_not_taken_for_depth(depth, tmp_path):
    write_depth(tmp_path / "d.png", depth, colormap="magma")
    with pytest.raises(DepthFileError, match="colour image"):
        read_depth(tmp_path / "d.png")


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (12, 12)])
def test_pictures_of_any_shape_and_a_flat_wall(shape):
    wall = MetricDepth(np.full(shape, 2.0, np.float32), np.ones(shape, bool))
    picture = depth_picture(wall, "turbo")
    assert picture.shape[0] == shape[0]
    assert len(np.unique(picture[:, : shape[1]].reshape(-1, 3), axis=0)) == 1


@given(st.floats(0.01, 1000), st.floats(1.1, 10_000), st.floats(0.01, 0.5))
def test_ticks_are_round_inside_and_apart(near, ratio, gap):
    far = near * ratio
    marks = round_ticks(near, far, smallest_gap=gap)
    assert len(marks) <= 9
    assert all(near <= mark <= far for mark in marks)
    assert all(float(f"{mark:.3g}") == mark for mark in marks), "at most three digits"
    places = np.log(marks) / np.log(ratio)
    assert (np.diff(places) >= gap - 1e-9).all()


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        (0.9, 8.2, [1, 2, 3, 4, 5, 6, 7, 8]),
        (2.13, 2.58, [2.15, 2.2, 2.25, 2.3, 2.35, 2.4, 2.45, 2.5, 2.55]),
        (0.8, 130, [1, 2, 3, 5, 10, 20, 30, 50, 100]),
    ],
)
def test_ticks_that_a_person_would_choose(near, far, expected):
    assert round_ticks(near, far, smallest_gap=0.05) == expected


def test_npz_holds_the_standard_deviation_in_metres_where_it_is_predicted(depth, tmp_path):
    write_depth(tmp_path / "d.npz", replace(depth, log_sigma=np.full_like(depth.z_m, 0.1)))
    with np.load(tmp_path / "d.npz") as stored:
        assert np.allclose(stored["sigma_m"][depth.valid], 0.1 * depth.z_m[depth.valid], rtol=1e-6)
        assert (stored["sigma_m"][~depth.valid] == 0).all()
    assert np.array_equal(read_depth(tmp_path / "d.npz").valid, depth.valid), "and is no second depth map"
    write_depth(tmp_path / "e.npz", depth)
    assert "sigma_m" not in np.load(tmp_path / "e.npz")


def test_npz_holds_the_normals_where_they_are_predicted(depth, tmp_path):
    normals = np.zeros((*depth.z_m.shape, 3), np.float32)
    normals[..., 1] = -1
    write_depth(tmp_path / "d.npz", replace(depth, normals=normals))
    with np.load(tmp_path / "d.npz") as stored:
        assert (stored["normals"][depth.valid] == (0, -1, 0)).all()
        assert (stored["normals"][~depth.valid] == 0).all()
    assert np.array_equal(read_depth(tmp_path / "d.npz").valid, depth.valid)


def test_a_floor_s_normal_is_green_and_a_wall_s_to_the_right_is_red():
    normals = np.array([[[0, -1, 0], [1, 0, 0], [0, 0, -1], [0, 0, -1]]], np.float32)
    valid = np.array([[True, True, True, False]])
    colours = [[128, 255, 128], [255, 128, 128], [128, 128, 255], [128, 128, 128]]
    assert normal_picture(normals, valid).tolist() == [colours]
