"""The evaluation: rivals that have not seen the pair, means that count one room once, a table that says all."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip(
    "open3d", reason="the ray caster needs Open3D and its system libraries", exc_type=ImportError
)

from recon.depth.nets.preview import NetworkConfig, PreviewNet
from tools.preview.evaluate import (
    learning_curve,
    mean_rows,
    measure_pairs,
    picture,
    predict,
    row_mean_prior,
    spread_rows,
)
from tools.preview.pairs import Pair

SMALL = NetworkConfig(widths=(8, 16, 16, 32), blocks=(1, 1, 1), attention_blocks=1, heads=2)


def _pair(name: str, curve: np.ndarray, place: str = "indoor") -> Pair:
    depth = np.repeat(curve[:, None], 48, 1).astype(np.float32)
    return Pair(name, np.full((len(curve), 48, 3), 90, np.uint8), depth, 0.8, place)


def _net() -> PreviewNet:
    torch.manual_seed(0)
    return PreviewNet(SMALL).eval()


def test_the_row_rival_has_not_seen_the_pair_nor_frames_of_its_room() -> None:
    slope, flat = np.linspace(4, 1, 66), np.full(66, 2.0)
    pairs = [
        _pair("a", slope),
        _pair("7scenes_1", flat),
        _pair("7scenes_2", flat),
        _pair("s", flat, "outdoor"),
    ]
    np.testing.assert_allclose(row_mean_prior(pairs, 0), 1, rtol=1e-6)  # the flat ones only
    curve = row_mean_prior(pairs, 1)  # of "a" alone: the other frame of the room does not help
    assert np.all(np.diff(curve) > 0)


def test_rows_without_truth_are_filled() -> None:
    slope = np.linspace(4, 1, 66)
    slope[:20] = 0  # unknown
    curve = row_mean_prior([_pair("a", slope), _pair("b", slope)], 0)
    assert np.isfinite(curve).all() and curve[0] == curve[9]


def test_a_row_curve_fills_the_picture() -> None:
    spread = spread_rows(np.array([1.0, 3.0]), 4, 5)
    np.testing.assert_allclose(spread[:, 0], [1.0, 1.5, 2.5, 3.0])
    assert (spread == spread[:, :1]).all()


def test_one_room_counts_once() -> None:
    def row(name: str, aligned: float, place: str = "indoor") -> dict[str, object]:
        return {"name": name, "place": place, "aligned": aligned, "focal_error": None}

    rows = [row("a", 0.1), *(row(f"7scenes_{k}", 0.4) for k in range(9)), row("kitti_1", 0.3, "outdoor")]
    means = {str(m["name"]): m for m in mean_rows(rows)}
    indoors = next(m for name, m in means.items() if "indoors" in name)
    assert indoors["aligned"] == pytest.approx(0.25) and indoors["focal_error"] is None
    assert next(m for name, m in means.items() if "street" in name)["aligned"] == pytest.approx(0.3)


def test_every_pair_is_measured_and_shown() -> None:
    pairs = [_pair("a", np.linspace(4, 1, 66)), _pair("b", np.linspace(5, 2, 66))]
    prior = {"rows": [0.0, 1.0], "log_canonical_inverse_depth": [-1.5, -0.2]}
    rows = measure_pairs(_net(), pairs, prior, 3072)
    assert [r["name"] for r in rows] == ["a", "b"]
    for key in ("aligned", "metric", "prior_aligned", "real_rows_aligned", "flat_aligned"):
        assert all(np.isfinite(float(str(r[key]))) for r in rows)
    assert picture(_net(), pairs, 3072).shape == (192, 2 * 3 * 256, 3)


def test_predictions_have_the_photos_size() -> None:
    log_c, sky, focal = predict(_net(), np.full((50, 70, 3), 90, np.uint8), 3072)
    assert log_c.shape == sky.shape == (50, 70) and focal > 0
    assert sky.min() >= 0 and sky.max() <= 1


def test_the_learning_curve_tells_first_and_last(tmp_path: Path) -> None:
    assert learning_curve(tmp_path) == "No validation yet."
    errors = {"all": {"aligned": 0.4, "metric_known_focal": 0.6, "sky_iou": 0.7, "focal_error": 0.2}}
    lines = [json.dumps({"samples": 1000 * k, "pixels": 6144, "errors": errors}) for k in range(1, 41)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    table = learning_curve(tmp_path).splitlines()
    assert table[2].startswith("| 1,000 at 6144 px | 0.400") and table[-1].startswith("| 40,000")
    assert len(table) <= 16
