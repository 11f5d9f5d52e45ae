"""Boundary F1: the paper's equation pixel by pixel, a program of others, and edges whose score is known."""

import numpy as np
import pytest
from independent import moge

from recon.evaluate import boundary_f1
from recon.evaluate.metrics.boundary_f1 import THRESHOLDS

ALL = np.ones((40, 50), np.bool_)


def blocks(seed: int, blur: float = 0.0) -> np.ndarray:
    """(40, 50) m: rectangles at random depths before a slanted wall, perhaps with other edges."""
    rng = np.random.default_rng(seed)
    z_m = np.linspace(4, 8, 50)[None].repeat(40, 0)
    for _ in range(8):
        row, col = rng.integers(0, 34), rng.integers(0, 44)
        z_m[row : row + rng.integers(3, 15), col : col + rng.integers(3, 15)] = rng.uniform(1, 7)
    return (z_m * np.exp(rng.normal(0, blur, z_m.shape))).astype(np.float32)


def literal(z_m: np.ndarray, true_m: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Pooled, and by directions, with Python's loops."""
    height, width = z_m.shape
    ways = ((0, 1), (0, -1), (1, 0), (-1, 0))
    pooled, directions = [], []
    for threshold in THRESHOLDS:
        counts = np.zeros((4, 3))
        for k, (down, right) in enumerate(ways):
            for r in range(height):
                for c in range(width):
                    rr, cc = r + down, c + right
                    if not (0 <= rr < height and 0 <= cc < width and known[r, c] and known[rr, cc]):
                        continue
                    ours = float(z_m[rr, cc]) / float(z_m[r, c]) > threshold
                    theirs = float(true_m[rr, cc]) / float(true_m[r, c]) > threshold
                    counts[k] += ours and theirs, ours, theirs
        hits, estimated, true = counts.sum(axis=0)
        precision, recall = hits / estimated, hits / true
        pooled.append(2 * precision * recall / (precision + recall))
        precision = np.mean([h / max(e, 1) for h, e, _ in counts])
        recall = np.mean([h / max(t, 1) for h, _, t in counts])
        directions.append(2 * precision * recall / (precision + recall))
    weights = THRESHOLDS / THRESHOLDS.sum()
    return float(pooled @ weights), float(directions @ weights)


@pytest.mark.parametrize("seed", range(3))
def test_literal_loops_agree(seed: int) -> None:
    true_m, z_m = blocks(seed), blocks(seed, 0.05)
    known = np.random.default_rng(seed).random(ALL.shape) > 0.1
    result = boundary_f1(z_m, true_m, known)
    assert result is not None
    assert (result.pooled, result.directions) == pytest.approx(literal(z_m, true_m, known), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_another_program_agrees(seed: int) -> None:
    import torch

    true_m, z_m = blocks(seed), blocks(seed, 0.05)
    inner = ALL.copy()
    inner[[0, -1]] = inner[:, [0, -1]] = False  # it asks no outermost pixel
    result = boundary_f1(z_m, true_m, inner)
    theirs = moge().boundary_f1(*(torch.from_numpy(x) for x in (z_m, true_m, inner)), radius=1)
    assert result is not None
    # It weighs by t where the authors weigh by 1 + t.
    assert np.average(result.by_threshold, weights=THRESHOLDS - 1) == pytest.approx(theirs, abs=1e-6)


def test_the_same_edges_score_one_whatever_the_scale() -> None:
    true_m = blocks(0)
    result = boundary_f1(3 * true_m, true_m, ALL)
    assert result is not None and result.pooled == 1 and result.directions == 1


def test_no_edges_score_nothing() -> None:
    result = boundary_f1(np.full(ALL.shape, 2, np.float32), blocks(0), ALL)
    assert result is not None and result.pooled == 0 and result.directions == 0


def test_an_edge_the_wrong_way_round_is_none() -> None:
    true_m = np.where(np.arange(50) < 25, 1.0, 2.0)[None].repeat(40, 0).astype(np.float32)
    result = boundary_f1(1 / true_m, true_m, ALL)
    assert result is not None and result.pooled == 0


def test_half_of_the_edges_have_full_precision_and_half_the_recall() -> None:
    true_m, z_m = np.ones(ALL.shape, np.float32), np.ones(ALL.shape, np.float32)
    true_m[:, 20:], z_m[:20, 20:] = 2, 2
    # The step of the estimate's own lower border is not in the truth: 30 pairs of 50 estimated, 20 hits.
    result = boundary_f1(z_m, true_m, ALL)
    assert result is not None and result.pooled == pytest.approx(2 * 20 / (50 + 40))


def test_a_truth_without_boundaries_has_no_score() -> None:
    assert boundary_f1(blocks(0), np.ones(ALL.shape, np.float32), ALL) is None


def test_scattered_points_have_no_score() -> None:
    assert boundary_f1(blocks(0), blocks(1), np.random.default_rng(0).random(ALL.shape) < 0.2) is None


def test_maps_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="three maps"):
        boundary_f1(blocks(0), blocks(1)[:-1], ALL)
