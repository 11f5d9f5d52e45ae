"""Distances between photos: against the truth, against second bundle adjustments, and what the interval counts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from recon.errors import SceneFileError
from recon.estimator_names import MEASURED
from recon.frames import apply
from recon.join import JoinedScene, distance, joined_file
from recon.join.bundle import bundle_of
from recon.join.bundle_covariance import pose_covariance
from recon.join.joint_errors import PLACE, TURN, in_frame
from recon.join.posed_view import PosedView
from recon.measure import Assumptions, MeasurementError
from recon.measure import distance as distance_in_one
from recon.provenance import ModelRecord, Provenance
from recon_cli.group import recon
from tools.bench.distance_coverage import Case, distances
from tools.sequences.adjusted import adjusted
from tools.sequences.walk import Walk, walk

A, B = (40.5, 70.5), (110.5, 60.5)
NOTHING = Assumptions(pixel_sigma_px=0.0, depth_sigma=1e-9)


@pytest.fixture(scope="module")
def scene(small_walk: Walk) -> JoinedScene:
    """Of exact depth at exact poses."""
    views = small_walk.views
    return JoinedScene(
        views,
        (Provenance(model=ModelRecord(MEASURED)),) * 4,
        errors=np.zeros((4, 10, 4, 10)),
        poses_counted=True,
    )


def with_error(scene: JoinedScene, photo: int, which: slice | int, sigma: float) -> JoinedScene:
    """The scene with one kind of error in one photo."""
    errors = np.zeros((4, 10, 4, 10))
    own = np.zeros(10)
    own[which] = 1
    errors[photo, :, photo] = np.diag(sigma**2 * own)
    return replace(scene, errors=errors)


def ends_m(scene: JoinedScene, a: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """The two points in the world."""
    found = distance(scene, (a, A), (b, B), NOTHING).details["points_world_m"]
    return np.array(found[0]), np.array(found[1])


def test_the_interval_contains_the_truth_as_often_as_it_says() -> None:
    pytest.importorskip("pycolmap")
    case = Case(5, fit_focal=True, noise_px=0.6, lens_sigma=0.02)
    drawn, bare = (list(distances(replace(case, stated=known), 8)) for known in (True, False))
    spread, spread_bare = (np.sqrt(np.mean([each.sigmas**2 for each in some])) for some in (drawn, bare))
    assert np.mean([each.inside for each in drawn]) >= 0.85
    assert 0.7 < spread < 1.3
    # The errors of the poses matter.
    assert spread_bare > 1.2 * spread


def test_exact_scenes_measure_true_distances(scene: JoinedScene, true_views: Sequence[PosedView]) -> None:
    for (k, px), point in zip(((0, A), (2, B)), ends_m(scene, 0, 2), strict=True):
        view, camera = true_views[k], true_views[k].intrinsics
        z = float(view.depth.z_m[int(px[1]), int(px[0])])
        seen = np.array([[(px[0] - camera.cx) / camera.fx * z, (px[1] - camera.cy) / camera.fy * z, z]])
        np.testing.assert_allclose(point, apply(view.world_T_cam, seen)[0], rtol=1e-5)
    found = distance(scene, ("walk_000.png", A), (2, B), NOTHING)
    assert found.value == pytest.approx(float(np.linalg.norm(np.subtract(*ends_m(scene, 0, 2)))))
    assert found.sigma == pytest.approx(0, abs=1e-6)
    assert found.details["photos"] == ["walk_000.png", "walk_002.png"]


def test_two_positions_in_one_photo_are_a_distance_in_this_photo(scene: JoinedScene) -> None:
    one = distance_in_one(scene.scene_of(1), A, B)
    shaken = with_error(with_error(scene, 1, TURN, 0.1), 1, PLACE, 0.5)
    found = distance(shaken, (1, A), (1, B))
    assert (found.value, found.sigma) == (pytest.approx(one.value), pytest.approx(one.sigma, rel=1e-6))


def test_errors_of_a_camera_move_what_it_shows(scene: JoinedScene) -> None:
    a, b = ends_m(scene, 0, 2)
    along = (b - a) / np.linalg.norm(b - a)
    moved = distance(with_error(scene, 2, PLACE, 0.02), (0, A), (2, B), NOTHING)
    assert moved.sigma == pytest.approx(0.02, rel=1e-4)
    arm = b - scene.views[2].centre_m
    turned = distance(with_error(scene, 2, TURN, 0.01), (0, A), (2, B), NOTHING)
    assert turned.sigma == pytest.approx(0.01 * np.linalg.norm(np.cross(arm, along)), rel=1e-4)
    assert "the errors of poses, focal length and lens in bundle adjustment" in turned.includes


def test_places_in_another_frame_keep_the_distances(scene: JoinedScene) -> None:
    errors = np.zeros((4, 10, 4, 10))
    errors[2, PLACE, 2, PLACE] = np.diag([1e-4, 4e-4, 9e-4])
    turn = scene.views[1].world_T_cam[:3, :3]
    frame_T_world = np.eye(4)
    frame_T_world[:3, :3] = turn
    views = tuple(replace(view, world_T_cam=frame_T_world @ view.world_T_cam) for view in scene.views)
    turned = replace(scene, views=views, errors=in_frame(errors, turn))
    before, after = (
        distance(each, (0, A), (2, B), NOTHING).sigma for each in (replace(scene, errors=errors), turned)
    )
    assert before == pytest.approx(after, rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "fit_focal", "sigma", "lens_sigma"),
    [({"focal": np.exp(0.01)}, False, 0.01, 0.0), ({"distortion": 0.01}, True, None, 0.01)],
    ids=["a kept focal length", "a lens of which nothing is known"],
)
def test_poses_move_as_a_second_adjustment_says(
    wrong: dict, fit_focal: bool, sigma: float | None, lens_sigma: float
) -> None:
    """Relative to the size of the path, which the covariance keeps."""
    pytest.importorskip("pycolmap")
    views = walk(3, width=160, height=120).views
    common = {"noise_px": 0.0, "fit_focal": fit_focal}
    gaps = []
    for each in ({}, wrong):
        arrays = adjusted(views, np.random.default_rng(1), **common, **each)
        first_T = np.linalg.inv(arrays["world_T_cam"][0]) @ arrays["world_T_cam"][2]
        centres = arrays["world_T_cam"][:, :3, 3]
        size = np.sqrt(((centres - centres.mean(axis=0)) ** 2).sum(axis=1).mean())
        gaps.append(first_T[:3, 3] / size)
        found = found if each else arrays  # noqa: F821
    covariance = pose_covariance(bundle_of(found, range(3), [sigma] * 3, lens_sigma=lens_sigma))
    assert covariance is not None
    # Of the place of the last camera in the frame of the first: its turn counts, too.
    first, last = found["world_T_cam"][0], found["world_T_cam"][2]
    gap = first[:3, :3].T @ (last[:3, 3] - first[:3, 3])
    across = np.array([[0, -gap[2], gap[1]], [gap[2], 0, -gap[0]], [-gap[1], gap[0], 0]])
    by = np.zeros((3, 3, 9))
    by[:, 0, :3], by[:, 0, 3:6], by[:, 2, 3:6] = -across, -first[:3, :3].T, first[:3, :3].T
    flat = by.reshape(3, -1)
    centres = found["world_T_cam"][:, :3, 3]
    size = np.sqrt(((centres - centres.mean(axis=0)) ** 2).sum(axis=1).mean())
    moved = gaps[1] - gaps[0]
    assert np.abs(moved).max() > 1e-4
    np.testing.assert_allclose(
        flat @ covariance.reshape(27, 27) @ flat.T / size**2,
        np.outer(moved, moved),
        rtol=0.2,
        atol=0.03 * (moved**2).max(),
    )


def test_what_the_source_of_the_poses_does_not_say_is_not_counted(scene: JoinedScene) -> None:
    given = replace(scene, poses_counted=False)
    found = distance(given, (0, A), (2, B))
    assert "the errors of poses, focal length and lens in bundle adjustment" in found.not_included
    without = distance(replace(scene, errors=None), (0, A), (2, B))
    assert without.low is None and without.unknown is not None and without.value == found.value
    # Joining again helps for one reason only.
    assert all(
        why in without.unknown for why in ("an older version joined them", "their fit left something open")
    )
    no_model = replace(scene, provenance=(Provenance(),) * 4)
    unknown = distance(no_model, (0, A), (2, B)).unknown
    assert unknown is not None and "--depth-sigma" in unknown


def test_wrong_ends_are_refused(scene: JoinedScene) -> None:
    with pytest.raises(MeasurementError, match=r"no photo b\.png in the scene: its photos are walk_000\.png"):
        distance(scene, ("b.png", A), (0, B))
    with pytest.raises(MeasurementError, match="two different positions"):
        distance(scene, ("walk_001.png", A), (1, A))
    with pytest.raises(MeasurementError, match="outside the photo"):
        distance(scene, (0, (500, 3)), (1, A))
    twice = replace(scene, views=(scene.views[0], *scene.views[:3]))
    with pytest.raises(MeasurementError, match="several photos are called"):
        distance(twice, ("walk_000.png", A), (2, B))
    assert distance(twice, (0, A), (2, B)).value > 0


@pytest.fixture(scope="module")
def saved(scene: JoinedScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "room.npz"
    joined_file.save(with_error(scene, 2, PLACE, 0.02), path)
    return path


def test_the_scene_file_keeps_the_errors(scene: JoinedScene, saved: Path, tmp_path: Path) -> None:
    again = joined_file.load(saved)
    assert again.poses_counted
    assert distance(again, (0, A), (2, B)) == distance(with_error(scene, 2, PLACE, 0.02), (0, A), (2, B))
    arrays = dict(np.load(saved))
    for wrong in (np.zeros((3, 10, 3, 10)), np.full((4, 10, 4, 10), np.nan), -arrays["errors"]):
        np.savez(tmp_path / "damaged.npz", **{**arrays, "errors": wrong})
        with pytest.raises(SceneFileError, match="its errors"):
            joined_file.load(tmp_path / "damaged.npz")
    del arrays["errors"]
    np.savez(tmp_path / "older.npz", **arrays)
    assert joined_file.load(tmp_path / "older.npz").errors is None


def test_the_command_measures_across_photos(scene: JoinedScene, saved: Path, tmp_path: Path) -> None:
    words = ["measure", str(saved), "--from", "walk_000.png:40.5,70.5", "--to", "walk_002.png:110.5,60.5"]
    expected = distance(with_error(scene, 2, PLACE, 0.02), (0, A), (2, B))
    done = CliRunner().invoke(recon, [*words, "--csv", str(tmp_path / "a.csv")])
    assert done.stdout.splitlines()[0] == (
        f"distance walk_000.png:40.5,70.5 to walk_002.png:110.5,60.5   {expected.text}"
    )
    assert "walk_000.png:40.5,70.5 to walk_002.png:110.5,60.5" in (tmp_path / "a.csv").read_text("utf-8-sig")
    (found,) = json.loads(CliRunner().invoke(recon, [*words, "--json"]).stdout)["measurements"]
    assert (found["low"], found["high"]) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert found["details"]["photos"] == ["walk_000.png", "walk_002.png"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--from", "40,70", "--to", "walk_002.png:110,60"], 2, "name the photo of each position"),
        (["--height", "40,70"], 2, "--height needs a scene of one photo"),
        (["--from", "x.png:40,70", "--to", "walk_002.png:110,60"], 1, "there is no photo x.png"),
        (["--from", "walk_000.png:40", "--to", "walk_002.png:110,60"], 2, "a position is X,Y"),
    ],
)
def test_wrong_words_are_refused(saved: Path, words: list[str], code: int, message: str) -> None:
    done = CliRunner().invoke(recon, ["measure", str(saved), *words])
    assert done.exit_code == code
    assert message in done.stderr


def test_a_scene_of_one_photo_has_no_names(scene: JoinedScene, tmp_path: Path) -> None:
    scene.scene_of(0).save(tmp_path / "one.npz")
    words = ["measure", str(tmp_path / "one.npz"), "--from", "a.png:40,70", "--to", "110,60"]
    done = CliRunner().invoke(recon, words)
    assert done.exit_code == 2
    assert "only a scene of several photos" in done.stderr
