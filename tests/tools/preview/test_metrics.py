"""Errors, the prior's curve, and the reader of real pairs."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools.preview.metrics import depth_errors
from tools.preview.pairs import read_pairs


def test_a_wrong_scale_is_only_a_metric_error() -> None:
    truth = np.random.default_rng(0).uniform(1, 5, (20, 30))
    errors = depth_errors(truth * 2, truth, np.ones(truth.shape, bool))
    assert (errors.metric, errors.aligned, errors.scale) == pytest.approx((1.0, 0.0, 0.5))


def test_only_valid_pixels_count() -> None:
    truth = np.full((4, 4), 2.0)
    guess = truth.copy()
    guess[0] = 99
    valid = np.ones((4, 4), bool)
    valid[0] = False
    assert depth_errors(guess, truth, valid).metric == 0
    with pytest.raises(ValueError, match="no valid pixel"):
        depth_errors(guess, truth, np.zeros((4, 4), bool))


def test_pairs_keep_gaps_and_the_focal_length(tmp_path: Path) -> None:
    rgb, depth = np.full((40, 80, 3), 90, np.uint8), np.full((20, 40), 2500, np.uint16)
    depth[:, :20] = 0
    cv2.imwrite(str(tmp_path / "a.png"), rgb)
    cv2.imwrite(str(tmp_path / "a.depth.png"), depth)
    entry = {"rgb": "a.png", "depth": "a.depth.png", "depth_units_per_metre": 1000.0, "scene": "indoor"}
    (tmp_path / "pairs.json").write_text(json.dumps({"a": entry | {"K_fx_fy_cx_cy": [60, 60, 40, 20]}}))
    (pair,) = read_pairs(tmp_path, longest=40)
    assert pair.rgb.shape == (20, 40, 3) and pair.focal_over_width == pytest.approx(0.75)
    assert set(np.unique(pair.depth_m)) == {0.0, 2.5}  # no mixture of a gap and a surface
    assert pair.valid.mean() == 0.5


def test_the_prior_is_the_median_of_what_is_not_sky() -> None:
    fit_prior = pytest.importorskip(
        "tools.preview.fit_prior", reason="Open3D's libraries", exc_type=ImportError
    )
    slope = np.linspace(-2, 0, 48)
    maps = np.repeat(np.tile(slope[None, :, None], (5, 1, 8)), 1, 0).astype(np.float32)
    maps[0] += 50  # one wild view of five does not move a median
    skies = np.zeros(maps.shape, bool)
    skies[1, :20] = True
    maps[1, :20] = 99
    curve = fit_prior.row_medians(maps, skies)
    v = np.linspace(0, 1, fit_prior.ROWS)
    np.testing.assert_allclose(curve, -2 + 2 * (v * 48 - 0.5) / 47, atol=0.01)
    with pytest.raises(ValueError, match="nothing but sky"):
        fit_prior.row_medians(maps, np.ones(maps.shape, bool))


def test_the_shipped_prior_is_a_sound_table() -> None:
    path = Path(__file__).parents[3] / "tools" / "preview" / "row_prior.json"
    table = json.loads(path.read_text())
    curve = np.array(table["log_canonical_inverse_depth"])
    assert len(table["rows"]) == len(curve) == 33
    assert table["rows"] == sorted(table["rows"]) and (table["rows"][0], table["rows"][-1]) == (0, 1)
    z = table["focal_over_width"] / np.exp(curve)
    assert z.min() > 1 and z.max() < 10  # metres of rooms and streets
    assert np.all(np.diff(curve[14:]) > 0)  # the ground comes nearer towards the bottom
