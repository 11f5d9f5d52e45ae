"""True depth gives the true surfaces; errors of single views become smaller, and outliers disappear."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from recon.errors import ExportError
from recon.frames import apply
from recon.join.fusion.confirmed import without_contradicted
from recon.join.fusion.consistent import consistent, measured
from recon.join.fusion.fewer_faces import most_faces
from recon.join.fusion.fuse import fuse
from recon.join.fusion.layer import Layer, layer_of
from recon.join.fusion.neighbours import neighbours
from recon.options import Options
from recon.types import MetricDepth
from tools.sequences.noise import noisy

VOXEL_M = 0.04
OPTIONS = Options(voxel=VOXEL_M)


def layers_of(views) -> list[Layer]:
    return [layer_of(view, stride=1, edge=0.04) for view in views]


def scaled(view, factor):
    depth = view.depth
    return replace(view, depth=MetricDepth((depth.z_m * np.float32(factor)).astype(np.float32), depth.valid))


def with_patch(view, factor, rows=slice(20, 40), cols=slice(60, 90)):
    z_m = view.depth.z_m.copy()
    z_m[rows, cols] *= np.float32(factor)
    return replace(view, depth=MetricDepth(z_m, view.depth.valid))


def seen_by(layers) -> np.ndarray:
    return np.concatenate([layer.points_world for layer in layers])


@pytest.mark.parametrize("count", [1, 2, 4])
def test_true_depth_gives_the_true_surfaces(small_walk, count) -> None:
    pytest.importorskip("open3d")
    views = small_walk.views[:count]
    fused = fuse(views, OPTIONS)
    truth = seen_by(layers_of(views))
    for points in (fused.mesh.vertices, fused.cloud.points):
        assert small_walk.room.distance_m(points).mean() < 0.004
        assert np.quantile(small_walk.room.distance_m(points), 0.99) < VOXEL_M
        missed, _ = cKDTree(points).query(truth)
        assert (missed < 0.05).mean() > 0.97


def test_a_fused_mesh_has_no_more_faces_than_asked_for(small_walk) -> None:
    pytest.importorskip("open3d")
    views = small_walk.views[:2]
    whole = fuse(views, OPTIONS).mesh
    few = fuse(views, replace(OPTIONS, faces=3000)).mesh
    assert 2000 < len(few.faces) <= 3000 < len(whole.faces)
    assert small_walk.room.distance_m(few.vertices).mean() < 0.008
    assert len(few.rgb) == len(few.normals) == len(few.vertices)
    assert (few.rgb.mean(axis=0) / whole.rgb.mean(axis=0)).tolist() == pytest.approx([1, 1, 1], abs=0.15)


def test_a_fused_mesh_has_about_a_million_faces_at_most_unless_all_are_asked_for() -> None:
    assert most_faces(Options()) == 1_000_000
    assert most_faces(Options(full=True)) is None
    assert most_faces(Options(full=True, faces=500)) == 500


def test_views_are_compared_with_those_that_see_the_same(small_walk, monkeypatch) -> None:
    front = layers_of(small_walk.views[:3])
    turned = small_walk.views[3].world_T_cam @ np.diag([-1.0, 1, -1, 1])
    behind = layers_of([replace(small_walk.views[3], world_T_cam=turned)])
    assert neighbours([*front, *behind]) == [[1, 2], [0, 2], [0, 1], []]
    monkeypatch.setattr("recon.join.fusion.neighbours.MOST", 1)
    assert [len(each) for each in neighbours(front)] == [1, 1, 1]


def test_the_mesh_faces_the_cameras(small_walk) -> None:
    pytest.importorskip("open3d")
    mesh = fuse(small_walk.views, OPTIONS).mesh
    a, b, c = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    towards = small_walk.views[0].centre_m - (a + b + c) / 3
    assert (np.einsum("ij,ij->i", normals, towards) > 0).mean() > 0.97
    assert (np.einsum("ij,ij->i", mesh.normals[mesh.faces[:, 0]], normals) > 0).mean() > 0.99


def test_outlines_do_not_smear(small_walk) -> None:
    """A foreground box stands free: no face bridges it and the wall."""
    pytest.importorskip("open3d")
    mesh = fuse(small_walk.views, OPTIONS).mesh
    middles = mesh.vertices[mesh.faces].mean(axis=1)
    assert (small_walk.room.distance_m(middles) > 2 * VOXEL_M).mean() < 0.003


def test_density_of_the_cloud_is_even(true_views) -> None:
    cloud = fuse(true_views, OPTIONS).cloud
    cells, counts = np.unique(np.floor(cloud.points / VOXEL_M).astype(int), axis=0, return_counts=True)
    assert counts.max() <= 2
    assert len(cells) > 0.98 * len(cloud)
    assert np.allclose(np.linalg.norm(cloud.normals, axis=1), 1, atol=1e-4)


def test_scales_that_differ_become_one(true_views) -> None:
    drifted = [
        scaled(view, factor) for view, factor in zip(true_views, (1.03, 0.97, 1.02, 0.98), strict=True)
    ]
    before, after = measured(layers_of(drifted)), consistent(layers_of(drifted))
    assert np.median(before[0].log_sigma) > 0.02
    assert np.median(after[0].log_sigma) < 0.25 * np.median(before[0].log_sigma)


def test_depth_compared_at_fewer_pixels_moves_as_at_all_of_them(true_views, monkeypatch) -> None:
    rng = np.random.default_rng(2)
    views = [noisy(view, rng, scale=0.03) for view in true_views[:3]]
    moved = []
    for pixels in (1e9, 1.5):
        monkeypatch.setattr("recon.join.fusion.consistent._FINE", pixels)
        moved.append(consistent(layers_of(views)))
    for before, fine, coarse in zip(layers_of(views), *moved, strict=True):
        correction, same = (np.log(each.z_m / before.z_m)[before.keep] for each in (fine, coarse))
        assert correction.std() > 0.005
        assert np.abs(same - correction).mean() < 0.1 * np.abs(correction).mean()


def test_what_a_view_cannot_see_is_told_before_its_pixels_are_looked_at(true_views) -> None:
    layer = layer_of(true_views[0], stride=3, edge=0.04)
    points = np.random.default_rng(0).uniform(-6, 6, (20_000, 3)).astype(np.float32)
    may = layer.may_see(points, 0.3)
    corners = np.array(np.meshgrid(*[[-0.17, 0.17]] * 3), np.float32).reshape(3, -1).T
    sees = np.stack([layer.at(points + corner) >= 0 for corner in corners]).any(axis=0)
    assert sees.any() and not (sees & ~may).any()
    assert may.mean() < 0.35


def test_true_depth_stays_as_it_is(true_views) -> None:
    for before, after in zip(layers_of(true_views), consistent(layers_of(true_views)), strict=True):
        off = np.abs(after.z_m / before.z_m - 1)[before.keep]
        assert np.quantile(off, 0.95) < 2e-3


def test_a_view_s_own_errors_are_kept_where_it_predicts_them(true_views) -> None:
    depth = true_views[0].depth
    sure = replace(true_views[0], depth=replace(depth, log_sigma=np.full(depth.z_m.shape, 0.07, np.float32)))
    layers = measured(layers_of([sure, scaled(true_views[1], 1.03)]))
    assert np.allclose(layers[0].log_sigma, 0.07)
    assert not np.allclose(layers[1].log_sigma, 0.07)


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_what_the_others_contradict_is_dropped(true_views, factor) -> None:
    """Too near: they see through it. Too far: it sees through what they show."""
    views = [*true_views[:3], with_patch(true_views[3], factor)]
    cleaned = without_contradicted(measured(layers_of(views)), VOXEL_M)
    patch = np.zeros((120, 160), bool)
    patch[22:38, 62:88] = True
    assert cleaned[3].keep[patch].mean() < 0.05
    assert cleaned[3].keep[~patch].mean() > 0.9
    assert all(layer.keep.mean() > 0.95 for layer in cleaned[:3])


def test_what_only_one_view_sees_is_kept(true_views) -> None:
    (alone,) = without_contradicted(layers_of(true_views[:1]), VOXEL_M)
    assert (alone.keep == layers_of(true_views[:1])[0].keep).all()


def test_noisy_views_are_better_together(small_walk) -> None:
    pytest.importorskip("open3d")
    rng = np.random.default_rng(1)
    views = [noisy(view, rng, scale=0.02) for view in small_walk.views]
    distance_m = small_walk.room.distance_m
    single = np.mean([distance_m(layer.points_world).mean() for layer in layers_of(views)])
    fused = fuse(views, OPTIONS)
    assert distance_m(fused.cloud.points).mean() < 0.75 * single
    assert distance_m(fused.mesh.vertices).mean() < 0.65 * single


def test_a_surer_view_weighs_more(true_views) -> None:
    """The same view twice, 4 % apart: the mesh follows the one with the smaller predicted error."""
    pytest.importorskip("open3d")

    def with_sigma(view, sigma):
        return replace(
            view, depth=replace(view.depth, log_sigma=np.full(view.depth.z_m.shape, sigma, np.float32))
        )

    view = true_views[0]
    pair = [with_sigma(view, 0.01), with_sigma(scaled(view, 1.04), 0.04)]
    first = np.median(_depths(fuse(pair, OPTIONS).mesh.vertices, view))
    alone = np.median(_depths(fuse(pair[:1], OPTIONS).mesh.vertices, view))
    assert abs(first / alone - 1) < 0.01


def _depths(points, view):
    return apply(view.cam_T_world, points)[:, 2]


def test_voxels_that_are_too_small_are_refused(true_views) -> None:
    pytest.importorskip("open3d")
    with pytest.raises(ExportError, match=r"--voxel 0\.0005.*larger --voxel"):
        _ = fuse(true_views, Options(voxel=0.0005)).mesh


def test_a_voxel_size_that_nobody_asked_for_grows_with_the_scene(true_views, monkeypatch) -> None:
    pytest.importorskip("open3d")
    fine = fuse(true_views[:1]).mesh
    monkeypatch.setattr("recon.join.fusion.tsdf.MOST_BLOCKS", 200)
    fusion = fuse(true_views[:1])
    coarse = fusion.mesh
    assert fusion.mesh_voxel_m > 1.4 * fusion.voxel_m
    assert 0 < len(coarse.faces) < 0.7 * len(fine.faces)
    assert np.allclose(np.ptp(coarse.vertices, axis=0), np.ptp(fine.vertices, axis=0), atol=0.3)


def test_no_depth_gives_nothing(true_views) -> None:
    pytest.importorskip("open3d")
    depth = true_views[0].depth
    empty = replace(true_views[0], depth=MetricDepth(depth.z_m, np.zeros_like(depth.valid)))
    fused = fuse([empty, empty], OPTIONS)
    assert not len(fused.cloud)
    assert not len(fused.mesh.faces)
    with pytest.raises(ValueError, match="at least one view"):
        fuse([])


def test_sky_and_distance_are_left_out(true_views) -> None:
    view = true_views[0]
    sky = np.zeros((120, 160), bool)
    sky[:60] = True
    half = fuse([replace(view, sky=sky)], OPTIONS).cloud
    assert len(half) < 0.7 * len(fuse([view], OPTIONS).cloud)
    near = fuse([view], Options(voxel=VOXEL_M, max_depth=3.0)).cloud
    assert _depths(near.points, view).max() <= 3.01
