from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded
from synthetic import CAMERA, floor_and_wall, with_box

import recon
from recon.errors import ExportError, SceneFileError
from recon.geometry.unproject import project
from recon.journal import Journal
from recon.options import Options
from recon.outputs.scene_files import outputs_from, save_all
from recon.provenance import ModelRecord, Provenance
from recon.scene import Scene
from recon.types import MetricDepth, Photo

BOX = (slice(30, 90), slice(50, 100))
RGB = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
JPEG = encoded(RGB, "JPEG")
SKY = np.zeros((120, 160), bool)
SKY[:10] = True


def scene_of(**options: object) -> Scene:
    valid = ~SKY
    valid[100:, :5] = False
    return Scene(
        photo=Photo(rgb=RGB, path="photo.jpg", jpeg_bytes=JPEG),
        intrinsics=CAMERA,
        depth=MetricDepth(z_m=with_box(floor_and_wall(), *BOX, 2.0), valid=valid, scale_interval=0.07),
        sky=SKY,
        options=Options(**options),  # type: ignore[arg-type]
        provenance=Provenance(generator="recon test", model=ModelRecord("fake")),
    )


def test_every_pixel_is_kept_or_dropped_for_one_reason() -> None:
    dropped = scene_of(max_depth=4.0).dropped
    assert dropped.kept + dropped.sky + dropped.unknown + dropped.too_far + dropped.flying == 120 * 160
    assert dropped.sky == SKY.sum() and dropped.unknown == 100 and dropped.too_far > 0


def test_cloud_points_project_to_their_own_pixels_and_colours() -> None:
    cloud = scene_of(stride=2).cloud()
    pixels = project(cloud.points, CAMERA)
    cols, rows = np.floor(pixels).astype(int).T
    assert np.abs(pixels - np.floor(pixels) - 0.5).max() < 1e-3
    assert np.array_equal(RGB[rows, cols], cloud.rgb)
    assert (rows % 2 == 0).all() and (cols % 2 == 0).all()


def test_normals_are_optional_units_that_face_the_camera() -> None:
    assert scene_of().cloud(normals=False).normals is None
    cloud = scene_of().cloud()
    assert cloud.normals is not None
    assert np.allclose(np.linalg.norm(cloud.normals, axis=1), 1, atol=1e-5)
    assert (np.einsum("ni,ni->n", cloud.normals, cloud.points) < 0).all()


def test_points_have_the_standard_deviation_of_their_pixels_if_asked() -> None:
    scene = scene_of(uncertainty=True, stride=2)
    assert scene.cloud().sigma_m is None, "the estimator predicts none"
    log_sigma = np.full((120, 160), 0.05, np.float32)
    depth = replace(scene.depth, log_sigma=log_sigma)
    scene = replace(scene, depth=depth)
    cloud = scene.cloud()
    assert np.allclose(cloud.sigma_m, 0.05 * cloud.points[:, 2], rtol=1e-6), "5 % of the distance"
    assert replace(scene, options=Options()).cloud().sigma_m is None


@pytest.mark.parametrize(
    ("names", "predicted", "warning"),
    [
        (["a.ply"], True, None),
        (["a.ply"], False, "fake predicts no standard deviation"),
        (["a.glb", "a.obj"], True, "only point clouds in .ply"),
    ],
)
def test_uncertainty_without_effect_is_said(
    names: list[str], predicted: bool, warning: str | None, tmp_path: Path
) -> None:
    scene = scene_of(uncertainty=True)
    if predicted:
        scene = replace(scene, depth=replace(scene.depth, log_sigma=np.full((120, 160), 0.05, np.float32)))
    journal = Journal()
    save_all(scene, outputs_from([tmp_path / name for name in names], None), journal, overwrite=False)
    warned = [each.message for each in journal.entries if "--uncertainty" in each.message]
    assert len(warned) == (warning is not None) and (warning is None or warning in warned[0])


def test_max_depth_drops_what_is_farther() -> None:
    assert scene_of().cloud().points[:, 2].max() > 4.0
    assert scene_of(max_depth=4.0).cloud().points[:, 2].max() <= 4.0


def test_a_kept_sky_is_behind_everything_and_within_max_depth() -> None:
    scene = scene_of(sky="keep")
    assert scene.backdrop_m is not None and scene.backdrop_m > 6.0
    assert len(scene.cloud().points) == len(scene_of().cloud().points) + SKY.sum()
    assert scene_of(sky="keep", max_depth=5.0).backdrop_m == 5.0
    assert scene_of().backdrop_m is None


def test_the_mesh_covers_the_photo_to_its_edge() -> None:
    scene = scene_of(sky="keep", edge=0.0)
    mesh = scene.mesh()
    assert mesh.uv is not None
    assert mesh.uv.min(axis=0).tolist() == [0, 0] and mesh.uv.max(axis=0).tolist() == [1, 1]
    pixels = project(mesh.vertices, CAMERA)
    assert np.abs(pixels - mesh.uv * [160, 120]).max() < 1e-3, "each vertex lies on the ray of its texel"


def test_the_mesh_has_no_triangle_between_box_and_wall() -> None:
    depths = scene_of().mesh()
    z = depths.vertices[:, 2][depths.faces]
    assert ((z.max(axis=1) - z.min(axis=1)) < 1.0).all()


@pytest.mark.parametrize("stride", [1, 3])
def test_other_options_leave_the_first_scene_as_it_was(stride: int) -> None:
    scene = scene_of()
    before = len(scene.cloud().points)
    other = scene.with_options(Options(stride=stride, max_depth=3.0))
    assert len(other.cloud().points) < before == len(scene.cloud().points)


def test_a_scene_file_holds_everything(tmp_path: Path) -> None:
    scene = scene_of(stride=2, max_depth=5.0, intrinsics=(200.0, 200.0, 80.0, 60.0))
    loaded = recon.load_scene(scene.save(tmp_path / "scene.npz"))
    assert np.array_equal(loaded.depth.z_m, scene.depth.z_m)
    assert np.array_equal(loaded.depth.valid, scene.depth.valid)
    assert np.array_equal(loaded.photo.rgb, RGB) and loaded.photo.jpeg_bytes == scene.photo.jpeg_bytes
    assert loaded.sky is not None and np.array_equal(loaded.sky, SKY)
    assert loaded.intrinsics == scene.intrinsics and loaded.options == scene.options
    assert loaded.provenance == scene.provenance and loaded.depth.scale_interval == 0.07
    assert np.array_equal(loaded.cloud().points, scene.cloud().points)


def test_a_scene_file_holds_the_network_s_own_errors_where_there_are_any(tmp_path: Path) -> None:
    scene = scene_of()
    scene.save(tmp_path / "without.npz")
    with np.load(tmp_path / "without.npz") as archive:
        assert "log_sigma" not in archive.files
    assert recon.load_scene(tmp_path / "without.npz").depth.log_sigma is None
    log_sigma = np.geomspace(1e-9, 0.7, scene.depth.z_m.size, dtype=np.float32).reshape(scene.depth.z_m.shape)
    mapped = replace(scene, depth=replace(scene.depth, log_sigma=log_sigma))
    mapped.save(tmp_path / "with.npz")
    with np.load(tmp_path / "with.npz") as archive:
        assert archive["log_sigma"].dtype == np.float16
    result = recon.load_scene(tmp_path / "with.npz").depth.log_sigma
    assert result is not None and result.dtype == np.float32
    assert result == pytest.approx(log_sigma, rel=1e-3, abs=1e-4)


def test_a_scene_file_holds_predicted_normals_where_there_are_any(tmp_path: Path) -> None:
    scene = scene_of()
    normals = np.random.default_rng(0).normal(size=(120, 160, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    path = replace(scene, depth=replace(scene.depth, normals=normals)).save(tmp_path / "scene.npz")
    result = recon.load_scene(path).depth.normals
    assert result is not None and result.dtype == np.float32
    assert np.abs(result - normals).max() < 5e-4
    with np.load(path) as archive:
        damaged = {**archive, "normals": np.zeros_like(archive["normals"])}
    np.savez(tmp_path / "damaged.npz", **damaged)
    with pytest.raises(SceneFileError, match="must be unit vectors"):
        recon.load_scene(tmp_path / "damaged.npz")


def test_a_scene_file_is_a_plain_numpy_archive(tmp_path: Path) -> None:
    scene_of().save(tmp_path / "scene.npz")
    with np.load(tmp_path / "scene.npz", allow_pickle=False) as archive:
        assert {"z_m", "valid", "sky", "rgb", "jpeg", "intrinsics", "metadata"} == set(archive.files)


def test_damaged_scene_files_are_refused(tmp_path: Path) -> None:
    path = scene_of().save(tmp_path / "scene.npz")
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:cut])
        with pytest.raises(SceneFileError, match=r"scene\.npz"):
            recon.load_scene(path)
    np.savez(path, something=np.ones(3))
    with pytest.raises(SceneFileError, match="not a scene"):
        recon.load_scene(path)
    with pytest.raises(SceneFileError, match="does not exist"):
        recon.load_scene(tmp_path / "none.npz")
    path.write_text("hello")
    with pytest.raises(SceneFileError, match=r"scene\.npz"):
        recon.load_scene(path)
    with pytest.raises(SceneFileError, match="read"):
        recon.load_scene(tmp_path)


def test_saving_replaces_nothing_unasked(tmp_path: Path) -> None:
    for name in ("scene.npz", "scene.ply", "scene.glb"):
        path = tmp_path / name
        path.write_bytes(b"precious")
        with pytest.raises(ExportError, match="overwrite"):
            scene_of().save(path)
        assert path.read_bytes() == b"precious"
    assert scene_of().save(tmp_path / "scene.ply", overwrite=True).stat().st_size > 1000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scene.glb", "scene.npz", "scene.ply"]


def test_an_empty_scene_says_what_to_change(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="max_depth"):
        scene_of(max_depth=0.1).save(tmp_path / "scene.ply")
    assert not list(tmp_path.iterdir())
