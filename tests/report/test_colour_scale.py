"""Colours of depth and of differences, and pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from recon.report.colour_scale import UNKNOWN, depth_scale, difference_scale, span_of_all
from recon.report.page import Cell, table
from recon.report.pictures import jpeg_uri, png_uri, reduced, sampled


def test_depth_is_linear_in_its_logarithm_and_clipped() -> None:
    scale = depth_scale(1.0, 16.0, "turbo", "m")
    painted = scale.paint(np.array([[1.0, 4.0, 16.0, 0.5, 99.0, 3.0]]), np.array([[True] * 5 + [False]]))
    assert painted.tolist() == [[0, 127, 254, 0, 254, UNKNOWN]]
    assert dict((label, place) for place, label in scale.ticks)["2"] == pytest.approx(0.25)
    assert scale.palette.shape == (256, 3) and scale.palette[UNKNOWN].tolist() == [128, 128, 128]


@pytest.mark.parametrize(("largest", "limit"), [(0.0, "+2"), (0.07, "+10"), (0.3, "+50"), (7.0, "+100")])
def test_differences_end_at_a_round_number(largest: float, limit: str) -> None:
    scale = difference_scale(largest)
    assert scale.ticks[-1] == (pytest.approx(1), limit) and scale.ticks[2] == (0.5, "0")
    painted = scale.paint(np.array([[1.0, 9.0, 0.1]]), np.ones((1, 3), np.bool_))
    assert painted.tolist() == [[127, 254, 0]]


def test_one_span_for_all() -> None:
    low, high = np.linspace(1, 2, 1000), np.linspace(3, 8, 1000)
    assert span_of_all([low, high, np.zeros(0)]) == pytest.approx((1.01, 7.95), rel=1e-3)
    near, far = span_of_all([np.full(9, 2.0)])
    assert near < 2 < far


def test_samples_and_reductions_have_one_size() -> None:
    rgb = np.zeros((300, 401, 3), np.uint8)
    assert sampled(rgb, 100).shape == reduced(rgb, 100).shape == (75, 100, 3)
    values = np.arange(12).reshape(3, 4)
    assert sampled(values, 100) is not None and (sampled(values, 100) == values).all()
    assert sampled(np.zeros((1, 4000)), 100).shape == (1, 100)


def test_a_picture_in_a_page_is_exact() -> None:
    scale = depth_scale(1.0, 16.0, "viridis", "m")
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    kind, data = png_uri(indices, scale.palette).split(",", 1)
    assert kind == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    np.testing.assert_array_equal(np.asarray(picture), scale.palette[indices])
    assert jpeg_uri(np.zeros((4, 4, 3), np.uint8)).startswith("data:image/jpeg;base64,")


def test_a_row_fills_the_table() -> None:
    assert 'colspan="2"' in table(["a", "b", "c"], [[Cell("1"), Cell("<2>", span=2)]])
    with pytest.raises(ValueError, match="expected 3 columns, got 2"):
        table(["a", "b", "c"], [[Cell("1"), Cell("2")]])
