"""Joining generated photos by pycolmap's own poses."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from recon import join
from recon.constraints import LengthBetween
from recon.errors import CalibrationError, DepthFileError, ExportError, PhotoError
from recon.frames import gl_T_cam
from recon.join.find_poses import find_poses
from recon.join.posed_view import PosedView
from recon.journal import Journal
from recon.types import DepthEstimate, Intrinsics, Photo, RelativeDepth
from recon_cli.group import recon
from tools.sequences.walk import walk

pytest.importorskip("pycolmap")
FOV_DEG = 68


@pytest.fixture(scope="module")
def views() -> Sequence[PosedView]:
    return walk(2, width=480, height=360).views


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, views: Sequence[PosedView]) -> Path:
    """Two photos, one of another place, and their measured depth."""
    place = tmp_path_factory.mktemp("photos")
    (place / "depth").mkdir()
    for view in views:
        Image.fromarray(view.photo.rgb).save(place / str(view.photo.name))
        np.save(place / "depth" / f"{Path(str(view.photo.name)).stem}.npy", view.depth.z_m)
    noise = np.random.default_rng(0).integers(0, 255, (360, 480, 3), np.uint8)
    Image.fromarray(noise).save(place / "other.png")
    np.save(place / "depth" / "other.npy", np.full((360, 480), 2, np.float32))
    return place


@pytest.fixture(scope="module")
def joined(folder: Path) -> join.JoinedScene:
    return join.run(folder, depth=folder / "depth", fov=FOV_DEG, journal=Journal())


def test_photos_with_measured_depth_stand_where_they_were_taken(
    joined: join.JoinedScene, views: Sequence[PosedView]
) -> None:
    assert [view.photo.name for view in joined.views] == ["walk_000.png", "walk_001.png"]
    np.testing.assert_allclose(joined.views[0].world_T_cam, np.eye(4), atol=1e-12)
    expected = np.linalg.inv(views[0].world_T_cam) @ views[1].world_T_cam
    np.testing.assert_allclose(joined.views[1].world_T_cam, expected, atol=0.01)
    for view, truth in zip(joined.views, views, strict=True):
        assert np.median(view.depth.z_m / truth.depth.z_m) == pytest.approx(1, abs=0.01)
    assert 0.005 < (joined.scale_interval or 0) < 0.15


def test_distances_between_the_photos_are_true(joined: join.JoinedScene, views: Sequence[PosedView]) -> None:
    a_px, b_px = (120.5, 250.5), (350.5, 200.5)
    ends = []
    for view, (x, y) in zip(views, (a_px, b_px), strict=True):
        k, z = view.intrinsics, float(view.depth.z_m[int(y), int(x)])
        seen = np.array([(x - k.cx) / k.fx, (y - k.cy) / k.fy, 1.0]) * z
        ends.append(view.world_T_cam[:3, :3] @ seen + view.centre_m)
    found = join.distance(joined, ("walk_000.png", a_px), ("walk_001.png", b_px))
    true_m = float(np.linalg.norm(ends[1] - ends[0]))
    assert found.value == pytest.approx(true_m, rel=0.02)
    assert found.low is not None and found.high is not None
    assert found.low < true_m < found.high
    assert 0.005 < (found.high - found.low) / 2 / true_m < 0.2


def test_a_lens_that_is_known_to_have_no_distortion_makes_the_scale_surer(
    folder: Path, joined: join.JoinedScene
) -> None:
    photos = sorted(folder.glob("walk*.png"))
    focal_px = joined.views[0].intrinsics.fx
    options = {"depth": folder / "depth", "focal_px": focal_px, "distortion": (0.0, 0.0, 0.0, 0.0)}
    sure = join.run(photos, journal=Journal(), **options).scale_interval
    assert sure is not None and 0.005 < sure < min(0.07, 0.6 * (joined.scale_interval or 0))


def test_a_known_focal_length_is_kept(joined: join.JoinedScene, views: Sequence[PosedView]) -> None:
    for view in joined.views:
        assert view.intrinsics.fx == pytest.approx(views[0].intrinsics.fx)
        assert view.intrinsics.source == "user"


def test_a_photo_of_another_place_is_named_and_left_out(joined: join.JoinedScene) -> None:
    assert [(each.photo, each.reason) for each in joined.left_out] == [
        ("other.png", "it shares too few details with the other photos")
    ]


def test_the_cloud_has_the_points_of_all_views(joined: join.JoinedScene, tmp_path: Path) -> None:
    join.save(joined, tmp_path / "room.ply")
    import trimesh

    points = trimesh.load(tmp_path / "room.ply").vertices
    assert len(points) > 10_000
    assert np.abs(np.median(points[:, 2])) == pytest.approx(np.median(joined.views[0].depth.z_m), rel=0.2)
    with pytest.raises(ExportError, match="exists"):
        join.save(joined, tmp_path / "room.ply")


@pytest.mark.parametrize(
    ("key", "says"),
    [(7, r"no photo 7: the indices are 0 to 1"), (-1, "no photo -1"), ("z.png", "no photo z.png")],
)
def test_constraints_of_an_unknown_photo_are_an_error(folder: Path, key: int | str, says: str) -> None:
    photos = sorted(folder.glob("walk*.png"))
    with pytest.raises(PhotoError, match=says):
        join.run(photos, depth=folder / "depth", constraints={key: ()})


def test_what_is_no_constraint_is_an_error(folder: Path) -> None:
    with pytest.raises(TypeError, match=r"constraints must be a list of .*LengthBetween.* got 'a'"):
        join.run(sorted(folder.glob("walk*.png")), constraints={0: "a"})  # type: ignore[dict-item]


def test_a_folder_without_the_depth_of_a_photo_is_an_error_before_the_poses_are_sought(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("recon.join.join_photos.find_poses")
    photos = sorted(folder.glob("walk*.png"))
    with pytest.raises(DepthFileError, match=r"walk_000\.png has no depth file"):
        join.run(photos, depth=tmp_path, journal=Journal())
    with pytest.raises(ValueError, match="is no folder with a depth file for each photo"):
        join.run(photos, depth=photos[0], journal=Journal())


def test_photos_without_anything_in_common_are_an_error() -> None:
    photos = [Photo(np.full((120, 160, 3), level, np.uint8)) for level in (60, 200)]
    camera = Intrinsics.default(width=160, height=120)
    with pytest.raises(CalibrationError, match=r"fewer than two of the 2 photos .* overlap"):
        find_poses(photos, [camera, None], Journal())


def test_the_command_reports_what_it_did(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, joined: join.JoinedScene
) -> None:
    monkeypatch.setattr("recon.join.join_photos.join_photos", lambda *_, **__: joined)
    out = tmp_path / "room.ply"
    words = [
        "join",
        str(folder),
        "-o",
        str(out),
        "--as",
        "mesh",
        "--length",
        "walk_000.png:10,10:200,10=2m",
        "--json",
    ]
    result = CliRunner().invoke(recon, words, standalone_mode=False)
    values = json.loads(result.stdout)
    assert values["ok"], values["error"]
    assert values["photos"] == ["walk_000.png", "walk_001.png"]
    assert values["left_out"].keys() == {"other.png"}
    assert values["written"][0]["faces"] > 5000
    assert out.read_bytes()[:3] == b"ply"


def test_a_scene_file_is_exported_without_a_model(joined: join.JoinedScene, tmp_path: Path) -> None:
    join.save(joined, tmp_path / "room.npz")
    words = ["join", str(tmp_path / "room.npz"), "-o", str(tmp_path / "room.glb"), "--voxel", "0.1", "--json"]
    result = CliRunner().invoke(recon, words)
    values = json.loads(result.stdout)
    assert values["ok"], values["error"]
    assert values["photos"] == ["walk_000.png", "walk_001.png"]
    assert 1000 < values["written"][0]["faces"] < 20_000
    poses = CliRunner().invoke(recon, [*words[:3], str(tmp_path / "b.glb"), "--poses", "x"])
    assert (poses.exit_code, "no effect on a scene file" in poses.output) == (2, True)


@pytest.mark.parametrize(
    "words", [("--model", "preview"), ("--depth", "."), ("--every", "2"), ("--fov", "60")]
)
def test_options_of_depth_are_refused_with_a_scene_file(
    words: tuple[str, str], joined: join.JoinedScene, tmp_path: Path
) -> None:
    join.save(joined, tmp_path / "room.npz")
    out = tmp_path / "b.glb"
    result = CliRunner().invoke(recon, ["join", str(tmp_path / "room.npz"), "-o", str(out), *words])
    assert result.exit_code == 2 and not out.exists()
    assert f"{words[0]} has no effect on a scene file" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{a}", "-o", "{o}.ply"], 1, "two photos or more"),
        (["{a}", "{b}", "-o", "{o}.doc"], 1, "not a known format"),
        (["{a}", "{b}", "-o", "{o}.colmap", "--as", "mesh"], 1, "does not support a mesh"),
        (["no.npz", "-o", "{o}.glb"], 1, "no.npz does not exist"),
        (["{a}", "{b}", "-o", "{o}.ply", "--poses", "none.json"], 1, "does not exist"),
        (["{a}", "{b}", "-o", "{o}.ply", "--poses-unit", "0"], 2, "--poses-unit"),
        (["{a}", "{b}"], 2, "Missing option '-o'"),
        (["{a}", "{b}", "-o", "{o}.ply", "--length", "1,2:3,4=1m"], 2, "begin with the name of the photo"),
        (["{a}", "{b}", "-o", "{o}.ply", "--depth", "{a}"], 2, "no folder with a depth file"),
        (["{a}", "no.png", "-o", "{o}.ply"], 1, "no.png"),
    ],
)
def test_what_cannot_work_is_refused_before_the_slow_work(
    folder: Path, tmp_path: Path, words: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "recon.join.join_photos.find_poses", lambda *_, **__: pytest.fail("the slow work began")
    )
    names = {"a": folder / "walk_000.png", "b": folder / "walk_001.png", "o": tmp_path / "room"}
    result = CliRunner().invoke(recon, ["join", *(word.format(**names) for word in words)])
    assert (result.exit_code, message in result.output) == (code, True), result.output


def test_given_poses_in_metres_make_relative_depth_metric(
    folder: Path, views: Sequence[PosedView], tmp_path: Path
) -> None:
    class Relative:
        name, gives = "relative", "relative"

        def estimate(self, photo: Photo, *, focal_px: float | None, journal: Journal) -> DepthEstimate:
            truth = next(view for view in views if view.photo.name == photo.name).depth
            return DepthEstimate(RelativeDepth(1 / truth.z_m * 3 - 0.2, truth.valid), self.name)

    frames = [
        {"file_path": view.photo.name, "transform_matrix": (view.world_T_cam @ gl_T_cam).tolist()}
        for view in views
    ]
    (tmp_path / "transforms.json").write_text(json.dumps({"frames": frames}))
    files = [folder / str(view.photo.name) for view in views]
    scene = join.run(
        files,
        model=Relative(),
        fov=FOV_DEG,
        poses=tmp_path / "transforms.json",
        poses_unit_m=1,
        journal=Journal(),
    )
    assert scene.scale_interval == pytest.approx(0.02, abs=0.005)
    for view, truth in zip(scene.views, views, strict=True):
        assert np.median(np.abs(view.depth.z_m / truth.depth.z_m - 1)) < 0.01
    with pytest.raises(CalibrationError, match="nothing determines the scale"):
        join.run(files, model=Relative(), fov=FOV_DEG, poses=tmp_path / "transforms.json", journal=Journal())


def test_the_time_limit_of_many_photos_counts_the_pairs_that_are_matched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = []

    def refused(*_: object, file_bytes: int, **__: object) -> None:
        limits.append(file_bytes / 1e6)
        raise ValueError("refused")

    monkeypatch.setattr("recon.join.find_poses.run_limited", refused)
    photo = Photo(np.zeros((6, 8, 3), np.uint8))
    for count in (2, 100, 200):
        with pytest.raises(CalibrationError, match="refused"):
            find_poses([photo] * count, [None] * count, Journal())
    assert limits[0] == 2 * 60 + 10
    assert limits[2] == 2 * limits[1], "each photo is matched with a number of others that does not grow"


@pytest.mark.parametrize(("fov", "warns"), [(None, True), (FOV_DEG, False)])
def test_a_guessed_focal_length_is_reported(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fov: float | None, warns: bool
) -> None:
    """Two photos determine none, whoever finds the poses."""
    monkeypatch.setattr("recon.join.find_poses.run_limited", _two_poses)
    journal = Journal()
    with pytest.raises(CalibrationError, match="only 0 points"):
        join.run(sorted(folder.glob("walk*.png")), depth=folder / "depth", fov=fov, journal=journal)
    warned = [entry.topic for entry in journal.entries if entry.kind == "warning"]
    assert ("focal" in warned) == warns


def _two_poses(module: str, words: Sequence[object], **_: object) -> None:
    """As pycolmap's child, but without any point."""
    np.savez(
        Path(str(words[1])),
        names=np.array(["000000.png", "000001.png"]),
        world_T_cam=np.stack([np.eye(4)] * 2),
        params=np.array([[400.0, 400, 240, 180]] * 2),
        camera=np.array([1, 1]),
        points=np.zeros((0, 3)),
        image=np.zeros(0, np.int64),
        point=np.zeros(0, np.int64),
        px=np.zeros((0, 2)),
        z=np.zeros(0),
    )


def test_options_of_a_single_photo_and_positions_outside_are_refused(folder: Path) -> None:
    files = sorted(folder.glob("walk*.png"))
    length = LengthBetween((10, 10), (2000, 10), 1.0, 0.01)
    with pytest.raises(ValueError, match="length does not name its photo"):
        join.run(files, length=(length,), depth=folder / "depth", journal=Journal())
    with pytest.raises(ValueError, match="reference belongs to a single photo"):
        join.run(files, reference="depthpro", journal=Journal())
    with pytest.raises(CalibrationError, match="2000,10 lies outside the photo"):
        join.run(files, constraints={1: [length]}, depth=folder / "depth", journal=Journal())


def test_a_lens_is_undone_before_poses_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Photo] = []

    def poses(photos: Sequence[Photo], *_: object, **__: object) -> None:
        seen.extend(photos)
        raise CalibrationError("enough")

    monkeypatch.setattr("recon.join.join_photos.find_poses", poses)
    with pytest.raises(CalibrationError, match="enough"):
        join.run(
            sorted(folder.glob("walk*.png")), focal_px=356, distortion=(-0.2, 0, 0, 0), journal=Journal()
        )
    assert len(seen) == 2 and all(photo.original is not None for photo in seen)
