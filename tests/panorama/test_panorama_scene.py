"""A panorama of a box becomes the box: by views of random scale, and by measured range."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from box_panorama import HIGH_M, LOW_M, TrueViews, range_to_box, room, sphere_of
from click.testing import CliRunner
from PIL import Image

import recon
from recon.calibration.error_models import assumed_error_model
from recon.constraints import CameraHeight, Constraint, DistanceAt, LengthBetween, Rectangle
from recon.errors import CalibrationError, DepthFileError, ExportError, PhotoError
from recon.journal import Journal
from recon.options import Options
from recon.panorama import joint_scale
from recon.panorama.panorama_scene import PanoramaScene
from recon.panorama.pipeline import reconstruct_panorama
from recon.panorama.sphere import Sphere
from recon.panorama.views import cube, cut_views
from recon.photo.read import read_photo
from recon.types import Mesh, PanoramaFrame, Photo
from recon_cli.group import recon as command

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:G="http://ns.google.com/photos/1.0/panorama/" {}/></rdf:RDF></x:xmpmeta>'
)
SPHERE = sphere_of()
PHOTO, RANGE_M = room(SPHERE)
FACTORS = [1.3, 0.8, 1.1, 0.9, 1.2, 0.7]


def by_views(options: Options | None = None, **view: object) -> tuple[PanoramaScene, Journal]:
    journal = Journal()
    estimator = TrueViews(**view)  # type: ignore[arg-type]
    return reconstruct_panorama(PHOTO, options or Options(), journal, estimator=estimator), journal


def measured(folder: Path, factor: float = 1.0, *constraints: Constraint) -> PanoramaScene:
    np.save(folder / "range.npy", factor * RANGE_M)
    options = Options(depth=folder / "range.npy")
    return reconstruct_panorama(PHOTO, options, Journal(), constraints=constraints)


def is_on_a_wall(points: np.ndarray, factor: float = 1.0) -> np.ndarray:
    """Whether each point lies on the box, within 2 % of its range."""
    points = points.astype(float) / factor
    away = np.linalg.norm(points, axis=1)
    return np.abs(away / range_to_box(points / away[:, None]) - 1) < 0.02


def test_what_is_no_constraint_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"constraints must be a list of .* got \['a'\]"):
        recon.panorama.run(PHOTO, constraints=["a"])  # type: ignore[list-item]


def test_views_of_different_scale_become_one_and_the_mean_of_their_logs_is_kept() -> None:
    scene, journal = by_views(factors=FACTORS.__getitem__)
    mean = np.exp(np.mean(np.log(FACTORS)))
    error = scene.depth.z_m / (mean * RANGE_M) - 1
    assert scene.depth.valid.all() and np.abs(error).max() < 0.05 and np.abs(error).mean() < 0.005
    (entry,) = [each for each in journal.entries if each.topic == "scale"]
    assert entry.values["step_before"] > 0.4 and entry.values["step_after"] < 0.01
    assert scene.provenance.more["panorama"]["projection"] == "equirectangular"


def test_views_that_bend_become_one_without_a_seam() -> None:
    bends = [(0.15, 0.1), (-0.1, 0.2), (0.2, -0.1), (-0.15, 0.1), (0.0, -0.2), (0.1, 0.1)]
    scene, journal = by_views(bends=bends)
    (entry,) = [each for each in journal.entries if each.topic == "scale"]
    assert entry.values["step_before"] > 0.15 and entry.values["step_after"] < 0.02
    error = np.log(scene.depth.z_m / RANGE_M)
    # With one factor for each view, 0.063.
    assert np.abs(error - np.median(error)).mean() < 0.01


def test_the_mesh_is_the_box_closed_and_seen_from_inside(tmp_path: Path) -> None:
    mesh = measured(tmp_path).mesh()
    assert is_on_a_wall(mesh.vertices).mean() > 0.98
    a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(float) for k in range(3))
    # Each triangle covers a solid angle (van Oosterom and Strackee, 1983); together, all of it, once.
    la, lb, lc = (np.linalg.norm(each, axis=1) for each in (a, b, c))
    triple = np.einsum("ij,ij->i", a, np.cross(b, c))
    dots = [np.einsum("ij,ij->i", p, q) for p, q in ((a, b), (b, c), (c, a))]
    angle = 2 * np.arctan2(triple, la * lb * lc + dots[0] * lc + dots[1] * la + dots[2] * lb)
    assert np.abs(angle.sum()) == pytest.approx(4 * np.pi, rel=0.002)
    assert (angle * np.sign(angle.sum()) > -1e-6).mean() > 0.999
    normal = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", normal, a) < 0).mean() > 0.99  # counter-clockwise as the camera sees them
    assert mesh.normals is not None and mesh.uv is not None
    facing = np.einsum("ij,ij->i", mesh.normals, mesh.vertices)
    assert (facing < 0).mean() > 0.99
    floor = is_on_a_wall(mesh.vertices) & (np.abs(mesh.vertices[:, 1] - HIGH_M[1]) < 1e-3)
    assert np.abs(mesh.normals[floor][:, 1] + 1).mean() < 0.02  # the floor's normal is up


def test_the_edges_of_the_picture_meet(tmp_path: Path) -> None:
    mesh = measured(tmp_path).mesh()
    assert mesh.uv is not None
    left, right = (mesh.vertices[mesh.uv[:, 0] == edge] for edge in (0, 1))
    apart = np.linalg.norm(left[:, None] - right[None], axis=-1).min(axis=1)
    assert np.percentile(apart, 99) < 1e-5
    top = mesh.vertices[mesh.uv[:, 1] == 0]
    assert np.ptp(top, axis=0).max() < 1e-5 and top[0, 1] == pytest.approx(LOW_M[1], rel=0.01)


def test_a_cloud_has_a_point_for_each_pixel_on_the_walls(tmp_path: Path) -> None:
    cloud = measured(tmp_path).cloud()
    assert len(cloud) > 0.97 * RANGE_M.size and is_on_a_wall(cloud.points).mean() > 0.999
    assert cloud.normals is not None
    np.testing.assert_allclose(np.linalg.norm(cloud.normals, axis=1), 1, atol=1e-5)


def test_sky_is_left_out() -> None:
    scene, _ = by_views(sky_above=True)
    assert scene.sky is not None and scene.sky[:20].all() and not scene.sky[64:].any()
    vertices = scene.mesh().vertices
    # What is at sin -0.5 and above is sky; a pixel is 1.4 degrees.
    assert (vertices[:, 1] / np.linalg.norm(vertices, axis=1)).min() > -0.54


def position(point: list[float]) -> tuple[float, float]:
    u, v = SPHERE.positions(np.array([point]))
    return float(u[0]), float(v[0])


CORNERS = tuple(position([x, y, HIGH_M[2]]) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)))


@pytest.mark.parametrize(
    "constraint",
    [
        CameraHeight(1.6, 0.01),
        DistanceAt(position([2.5, 0.3, 0.5]), float(np.linalg.norm([2.5, 0.3, 0.5])), 0.01),
        LengthBetween(position([2.5, 0, 1]), position([2.5, 0, -1]), 2.0, 0.01),
        Rectangle(CORNERS, 2, 2),  # type: ignore[arg-type]
    ],
    ids=["height", "at", "length", "rectangle"],
)
def test_known_measurements_calibrate_it(constraint: Constraint, tmp_path: Path) -> None:
    scene = measured(tmp_path, 1.25, constraint)
    assert np.median(scene.depth.z_m / RANGE_M) == pytest.approx(1, abs=0.02)
    assert scene.depth.scale_interval is not None and scene.depth.scale_interval < 0.1
    assert scene.provenance.calibration is not None and scene.provenance.calibration.has_constraints


def test_contradicting_measurements_and_one_that_is_off(tmp_path: Path) -> None:
    right, wrong = CameraHeight(1.6, 0.01), DistanceAt((128, 64), 8.0, 0.01)
    with pytest.raises(CalibrationError, match="contradict each other"):
        measured(tmp_path, 1.0, right, wrong)
    also = LengthBetween(position([2.5, 0, 1]), position([2.5, 0, -1]), 2.0, 0.01)
    scene = measured(tmp_path, 1.0, right, wrong, also)
    assert np.median(scene.depth.z_m / RANGE_M) == pytest.approx(1, abs=0.02)
    with pytest.raises(CalibrationError, match="outside the photo"):
        measured(tmp_path, 1.0, DistanceAt((900, 4), 2.0, 0.01))


def test_no_floor_no_height(tmp_path: Path) -> None:
    range_m = np.where(SPHERE.pixel_directions()[..., 1] > 0.1, np.nan, RANGE_M)
    np.save(tmp_path / "range.npy", range_m)
    options = Options(depth=tmp_path / "range.npy", camera_height=CameraHeight(1.6, 0.01))
    with pytest.raises(CalibrationError, match="needs a floor"):
        reconstruct_panorama(PHOTO, options, Journal())


def _shows(sphere: Sphere, turn: np.ndarray) -> bool:
    """Whether a view in that direction is one of those that are cut out."""
    views = cut_views(Photo(rgb=np.zeros((sphere.chart.height, sphere.chart.width, 3), np.uint8)), sphere)
    return any(np.array_equal(view.view_R_cam, turn) for view in views)


def test_a_part_of_a_cylinder_and_of_a_sphere(tmp_path: Path) -> None:
    for frame, width, height in (
        (PanoramaFrame("cylindrical", 400, 200, 60, 40), 260, 120),
        (PanoramaFrame("equirectangular", 400, 200, 100, 50), 200, 90),
    ):
        sphere = sphere_of(width, frame, height)
        photo, range_m = room(sphere)
        np.save(tmp_path / "range.npy", range_m)
        scene = reconstruct_panorama(photo, Options(depth=tmp_path / "range.npy"), Journal())
        assert is_on_a_wall(scene.mesh().vertices).mean() > 0.96
        shown = [turn for turn in cube() if _shows(sphere, turn)]
        by_view = reconstruct_panorama(photo, Options(), Journal(), estimator=TrueViews(turns=shown))
        assert by_view.depth.valid.mean() > 0.95
        error = np.abs(by_view.depth.z_m / range_m - 1)[by_view.depth.valid]
        assert error.mean() < 0.02


@pytest.mark.parametrize(
    "options",
    [{"fov": 60}, {"intrinsics": (1, 1, 1, 1)}, {"level": True}, {"relative_depth": "a.npy"}],
)
def test_options_of_a_perspective_camera_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(PhotoError, match="does not apply to a panorama"):
        reconstruct_panorama(PHOTO, Options(**options), Journal())  # type: ignore[arg-type]


def test_relative_depth_needs_a_reference_and_a_depth_map_the_panoramas_shape(tmp_path: Path) -> None:
    estimator = TrueViews()
    estimator.gives = "relative"
    with pytest.raises(CalibrationError, match="add --reference with a metric model"):
        reconstruct_panorama(PHOTO, Options(), Journal(), estimator=estimator)
    np.save(tmp_path / "range.npy", RANGE_M[:, :200])
    with pytest.raises(DepthFileError, match="aspect ratio"):
        reconstruct_panorama(PHOTO, Options(depth=tmp_path / "range.npy"), Journal())


def saved(folder: Path, properties: str = "") -> Path:
    path = folder / "room.jpg"
    xmp = XMP.format(properties).encode() if properties else b""
    Image.fromarray(PHOTO.rgb).save(path, quality=95, xmp=xmp)
    np.save(folder / "range.npy", RANGE_M)
    return path


FULL = 'G:ProjectionType="{}" G:FullPanoWidthPixels="{}" G:FullPanoHeightPixels="{}"'
CROP = ' G:CroppedAreaImageWidthPixels="{}" G:CroppedAreaImageHeightPixels="{}" G:CroppedAreaLeftPixels="{}"'


@pytest.mark.parametrize(
    ("properties", "frame"),
    [
        ('G:ProjectionType="equirectangular"', PanoramaFrame("equirectangular", 256, 128)),
        (FULL.format("equirectangular", 512, 256), PanoramaFrame("equirectangular", 256, 128)),
        (
            FULL.format("cylindrical", 1024, 512) + CROP.format(512, 256, 100),
            PanoramaFrame("cylindrical", 512, 256, 50, 0),
        ),
    ],
)
def test_gpano_metadata_is_followed_also_of_a_resized_copy(
    properties: str, frame: PanoramaFrame, tmp_path: Path
) -> None:
    assert read_photo(saved(tmp_path, properties), panoramas="accept").panorama == frame


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ('G:ProjectionType="cylindrical"', "lacks FullPanoWidthPixels"),
        ('G:ProjectionType="stereographic"', "stereographic panoramas are not supported"),
        (FULL.format("equirectangular", 512, 256) + CROP.format(512, 128, 0), "not the part of the panorama"),
        (
            FULL.format("equirectangular", 256, 128) + CROP.format(256, 128, 64),
            "not the part of the panorama",
        ),
        (FULL.format("equirectangular", 0, 0), "not positive"),
        (FULL.format("equirectangular", "many", 0), "not a number"),
    ],
)
def test_other_panoramas_are_refused_with_the_reason(properties: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=message):
        read_photo(saved(tmp_path, properties), panoramas="accept")


@pytest.mark.parametrize(
    ("full", "message"), [(1e30, "too little for views"), (1e7, "too little for views"), (7680, "12° x 6°")]
)
def test_a_part_too_small_for_views_costs_nothing(full: float, message: str) -> None:
    frame = PanoramaFrame("equirectangular", full, full / 2, full / 2, full / 4)
    photo = Photo(np.zeros((128, 256, 3), np.uint8), panorama=frame)
    with pytest.raises(PhotoError, match=message):
        cut_views(photo, Sphere.of(frame, width=256, height=128))


def test_without_metadata_a_panorama_is_two_to_one(tmp_path: Path) -> None:
    path = saved(tmp_path)
    assert read_photo(path, panoramas="accept").panorama is None
    assert read_photo(path, panoramas="assume").panorama == PanoramaFrame("equirectangular", 256, 128)
    Image.fromarray(PHOTO.rgb[:100]).save(path)
    with pytest.raises(PhotoError, match="twice as wide as high"):
        read_photo(path, panoramas="assume")


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(word) for word in words])
    return result.exit_code, " ".join(result.output.split())


def test_the_command_line_writes_what_can_hold_it(tmp_path: Path) -> None:
    path = saved(tmp_path, 'G:ProjectionType="equirectangular"')
    words = [path, "--depth", tmp_path / "range.npy"]
    outputs = [tmp_path / name for name in ("room.glb", "room.ply", "room.obj", "room.html")]
    code, output = run("build", *words, *(word for each in outputs for word in ("-o", each)))
    assert code == 0, output
    for each in outputs[:3]:
        code, output = run("info", each, "--json")
        assert code == 0, output
    text = outputs[3].read_text("utf-8")
    assert (
        '"centre_depth_m":0.01' in text
        and '"around":true' in text
        and "Focal length" not in text.split('"provenance"')[0]
    )
    code, output = run("depth", *words, "-o", tmp_path / "z.npy")
    assert code == 0, output
    np.testing.assert_allclose(np.load(tmp_path / "z.npy"), RANGE_M, rtol=1e-6)


def test_the_command_line_refuses_the_rest_in_one_sentence(tmp_path: Path) -> None:
    path = saved(tmp_path)
    words = ["--depth", tmp_path / "range.npy"]
    for name in ("room.npz", "room.colmap", "room.splat.ply", "room.spz"):
        code, output = run("build", path, "--panorama", *words, "-o", tmp_path / name)
        assert code == 1 and "cannot hold a panorama" in output, output
    code, output = run("depth", path, "--panorama", *words, "--report", tmp_path / "report")
    assert code == 1 and "for perspective photos" in output
    (tmp_path / "more").mkdir()
    saved(tmp_path / "more", 'G:ProjectionType="equirectangular"')
    code, output = run(
        "build", tmp_path / "more", "-o", tmp_path / "out", "--model", "preview", "--format", "ply"
    )
    assert code != 0 and "give it alone to recon build" in output
    code, output = run("build", path, "--panorama", *words, "-o", tmp_path / "a.glb", "--dry-run")
    assert code == 0 and "all around" in output and not (tmp_path / "a.glb").exists()


def test_python_runs_it_and_reconstruct_refuses_it(tmp_path: Path) -> None:
    np.save(tmp_path / "range.npy", RANGE_M)
    scene = recon.panorama.run(PHOTO.rgb, depth=tmp_path / "range.npy", camera_height=CameraHeight(1.6, 0.01))
    assert isinstance(scene.mesh(axes="y-up"), Mesh)
    scene.save(tmp_path / "room.glb")
    for measured_in in (
        lambda: recon.measure.distance(scene, (20, 60), (60, 60)),
        lambda: recon.measure.from_camera(scene, (20, 60)),
        lambda: recon.measure.area(scene, [(20, 60), (60, 60), (60, 80)]),
    ):
        with pytest.raises(recon.measure.MeasurementError, match="panorama cannot be measured in"):
            measured_in()
    with pytest.raises(recon.measure.MeasurementError):
        recon.measure.height_above_floor(scene, (20, 60))
    with pytest.raises(ExportError, match="cannot hold a panorama"):
        scene.save(tmp_path / "room.npz")
    with pytest.raises(ValueError, match="twice as many columns"):
        recon.panorama.run(PHOTO.rgb[:100])
    with pytest.raises(PhotoError, match=r"recon\.panorama\.run"):
        recon.reconstruct(PHOTO, model="preview")


def test_the_views_of_a_network_that_nobody_measured_may_bend_by_some_per_cent() -> None:
    view = cut_views(PHOTO, SPHERE)[0]
    error = replace(
        assumed_error_model("new"), smooth=joint_scale._ASSUMED_SMOOTH, reach=joint_scale._ASSUMED_REACH
    )
    middle, right = joint_scale.terms_at(
        view, np.array([[0.0, 0.0, 1.0], [0.99, 0.0, 1.0]]) @ view.view_R_cam
    )
    bend = right - middle
    assert 0.05 < np.sqrt(bend @ joint_scale._prior(view, error) @ bend) < 0.2
    # Next to each other, its errors are alike.
    near = joint_scale.terms_at(view, np.array([[0.2, 0.0, 1.0]]) @ view.view_R_cam)[0] - middle
    assert np.sqrt(near @ joint_scale._prior(view, error) @ near) < 0.04
