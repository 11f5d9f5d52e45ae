"""Distances between clouds: other nearest-neighbour searches, a program of others, and moves of known length."""

import numpy as np
import pytest
from independent import euler

from recon.evaluate import cloud_errors
from recon.evaluate.metrics.cloud_distance import NEAR_SHARE


def clouds(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A bumpy surface 3 m away, and the same with errors of some centimetres; different points."""
    rng = np.random.default_rng(seed)

    def surface(count: int) -> np.ndarray:
        x, y = rng.uniform(-1, 1, (2, count))
        return np.stack([x, y, 3 + 0.3 * np.sin(3 * x) * np.cos(2 * y)], axis=1)

    result = surface(1500)
    return result + rng.normal(0, 0.04, result.shape), surface(2000)


@pytest.mark.parametrize("seed", range(3))
def test_open3d_agrees(seed: int) -> None:
    open3d = pytest.importorskip("open3d", reason="Open3D needs system libraries", exc_type=ImportError)
    points, true_points = clouds(seed)
    a, b = (open3d.geometry.PointCloud(open3d.utility.Vector3dVector(p)) for p in (points, true_points))
    off, missed = np.asarray(a.compute_point_cloud_distance(b)), np.asarray(b.compute_point_cloud_distance(a))
    result = cloud_errors(points, true_points)
    assert result.chamfer_m == pytest.approx((off.mean() + missed.mean()) / 2, abs=1e-9)
    precision, recall = np.mean(off < 0.05), np.mean(missed < 0.05)
    assert result.fscore_5cm == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-9)


def test_another_program_agrees() -> None:
    points, true_points = clouds(7)
    share_m = NEAR_SHARE * float(np.median(np.linalg.norm(true_points, axis=1)))
    theirs = euler("points3d_cloud").compute_cloud_distance_metrics(
        points, true_points, thresholds=(0.05, share_m)
    )
    result = cloud_errors(points, true_points)
    assert result.chamfer_m == pytest.approx(theirs["chamfer"]["distance"], abs=1e-6)
    scores = [each["f1"] for each in theirs["fscore"].values()]
    assert [result.fscore_5cm, result.fscore_5pct] == pytest.approx(scores, abs=1e-6)


def test_every_distance_tried_agrees() -> None:
    points, true_points = (cloud[:200] for cloud in clouds(3))
    apart = np.linalg.norm(points[:, None] - true_points[None], axis=2)
    result = cloud_errors(points, true_points)
    assert result.chamfer_m == pytest.approx(
        (apart.min(axis=1).mean() + apart.min(axis=0).mean()) / 2, abs=1e-12
    )


def test_the_distance_of_a_cloud_to_itself_is_zero() -> None:
    points, _ = clouds(0)
    assert vars(cloud_errors(points, points)) == {"chamfer_m": 0, "fscore_5cm": 1, "fscore_5pct": 1}


def test_a_wall_that_moves_is_as_far_as_it_moved() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(-1, 1, 40))
    wall = np.stack([x.ravel(), y.ravel(), np.full(x.size, 2.0)], axis=1)
    result = cloud_errors(wall + np.array([0, 0, 0.07]), wall)
    assert result.chamfer_m == pytest.approx(0.07) and result.fscore_5cm == 0
    assert result.fscore_5pct == 1  # 5 % of 2.2 m are 11 cm


def test_a_cloud_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="expected two non-empty clouds"):
        cloud_errors(np.zeros((0, 3)), np.ones((1, 3)))
