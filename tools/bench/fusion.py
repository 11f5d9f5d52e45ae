"""Fused geometry against the truth: ``python -m tools.bench.fusion [--real] [COUNT ...]``.

A generated room (``tools.sequences``) with its true surfaces, or with --real the 7-Scenes frames of ../shared with
their measured depth. Depth is taken as it is, and with errors as a network has them (``tools.sequences.noise``).
Accuracy is the mean distance of the result's points to the true surface, completeness that of the true points, as
far as the photos show them, to the result; the F-score is at 5 cm.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from recon.evaluate.metrics.cloud_distance import NEAR_M
from recon.geometry.voxel_grid import thin
from recon.join.fusion.fuse import fuse
from recon.join.fusion.layer import layer_of
from recon.join.fusion.resolution import stride_for, voxel_size_m
from recon.join.posed_view import PosedView
from recon.types import Intrinsics, MetricDepth, Photo, PointCloud
from tools.sequences.noise import noisy
from tools.sequences.walk import walk

Points = NDArray[np.float32]
_EDGE = 0.04
_REAL = Path(__file__).parents[3] / "shared" / "data" / "rgbd"


def frames() -> tuple[PosedView, ...]:
    """The 20 frames of 7-Scenes, with measured depth and true poses."""
    views = []
    for _, pair in sorted(json.loads((_REAL / "pairs.json").read_text()).items()):
        if pair.get("world_T_cam") is None:
            continue
        rgb = np.asarray(Image.open(_REAL / pair["rgb"]).convert("RGB"))
        stored = np.asarray(Image.open(_REAL / pair["depth"]))
        z_m = stored.astype(np.float32) / np.float32(pair["depth_units_per_metre"])
        fx, fy, cx, cy = pair["K_fx_fy_cx_cy"]
        camera = Intrinsics(fx, fy, cx, cy, rgb.shape[1], rgb.shape[0])
        depth = MetricDepth(z_m, stored > 0)
        views.append(
            PosedView(Photo(rgb, path=pair["rgb"]), camera, _orthonormal(pair["world_T_cam"]), depth)
        )
    return tuple(views)


def _orthonormal(matrix: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """The nearest rigid transform: the file's rotations are rounded."""
    pose = np.array(matrix, np.float64)
    u, _, vt = np.linalg.svd(pose[:3, :3])
    pose[:3, :3] = u @ vt
    return pose


def some(views: Sequence[PosedView], count: int) -> list[PosedView]:
    """So many, neighbours of each other where they are few."""
    return list(views[:count]) if count > 2 else [views[0], views[3]]


def row(
    name: str, points: Points, distance_m: Callable[[Points], NDArray], truth: Points, seconds: float
) -> str:
    """A line of the table."""
    off_m = distance_m(points)
    missed_m, _ = cKDTree(points).query(truth)
    precision, recall = np.mean(off_m < NEAR_M), np.mean(missed_m < NEAR_M)
    fscore = 2 * precision * recall / (precision + recall)
    numbers = (100 * off_m.mean(), 100 * np.quantile(off_m, 0.9), 100 * missed_m.mean(), fscore, seconds)
    return f"| {name} | {' | '.join(f'{number:.2f}' for number in numbers)} |"


def table(views: Sequence[PosedView], exact: Sequence[PosedView], distance_m: Callable | None) -> None:
    """Before fusion, the cloud, and the mesh; ``distance_m`` of points to the truth, None: to the exact depth."""
    truth = np.concatenate([layer_of(view, stride=2, edge=_EDGE).points_world for view in exact])
    voxel_m = voxel_size_m(views)
    if distance_m is None:
        tree = cKDTree(truth)
        distance_m = lambda points: tree.query(points)[0]  # noqa: E731
    some_truth = truth[:: max(1, len(truth) // 50_000)]
    raw = np.concatenate(
        [layer_of(view, stride=stride_for(view, voxel_m), edge=_EDGE).points_world for view in views]
    )
    raw = thin(PointCloud(raw, np.zeros(raw.shape, np.uint8)), voxel_m).points
    print(row("before", raw, distance_m, some_truth, 0))
    start = time.process_time()
    fused = fuse(views)
    cloud = fused.cloud.points
    print(row("cloud", cloud, distance_m, some_truth, time.process_time() - start))
    start = time.process_time()
    mesh = fused.mesh.vertices
    print(row("mesh", mesh, distance_m, some_truth, time.process_time() - start))


def main() -> None:
    """Prints a table for each number of photos, exact and noisy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[2, 5, 20])
    parser.add_argument("--real", action="store_true", help="7-Scenes instead of a generated room")
    parser.add_argument("--size", type=int, nargs=2, default=[320, 240], metavar=("W", "H"))
    given = parser.parse_args()
    room = None if given.real else walk(max(given.counts), seed=3, width=given.size[0], height=given.size[1])
    everything = frames() if room is None else room.views
    for count in given.counts:
        exact = some(everything, count)
        for errors in ("exact", "noisy"):
            rng = np.random.default_rng(5)
            views = exact if errors == "exact" else [noisy(view, rng, scale=0.01) for view in exact]
            print(f"\n{count} photos, {errors} depth, voxels of {1000 * voxel_size_m(views):.0f} mm\n")
            print(
                "| | accuracy cm | 90 % cm | completeness cm | F at 5 cm | CPU s |\n|---|---|---|---|---|---|"
            )
            table(views, exact, None if room is None else room.room.distance_m)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nPeak memory {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
