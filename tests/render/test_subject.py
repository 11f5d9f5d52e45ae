"""From where a scene or a file is seen: through the photo's camera, that of the file, or one that fits the scene."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltf_files import Gltf
from numpy.typing import NDArray
from tilted_rooms import BACK, CAMERA, CEILING, FLOOR, SIDE, room

from recon.file_info import load_geometry
from recon.journal import Journal
from recon.options import Options
from recon.provenance import ModelRecord, Provenance
from recon.render.picture import Look, Renderer
from recon.render.subject import Subject, subject_of_file, subject_of_scene
from recon.scene import Scene
from recon.types import MetricDepth, Photo

MARK = (255, 0, 255)


def _scene(**options: Any) -> Scene:
    """A room in soft colours, seen by a camera that is pitched and rolled."""
    z_m = room([FLOOR, CEILING, BACK, SIDE], -12.0, 7.0)
    valid = np.isfinite(z_m)
    v, u = np.mgrid[0:240, 0:320]
    waves = [np.sin(u / 9 + k) + np.cos(v / (7 + k)) for k in range(3)]
    rgb = np.stack([128 + 45 * wave for wave in waves], axis=2).astype(np.uint8)
    depth = MetricDepth(np.where(valid, z_m, 1).astype(np.float32), valid)
    provenance = Provenance(model=ModelRecord("measured"))
    return Scene(Photo(rgb), CAMERA, depth, options=Options(**options), provenance=provenance)


def _seen(subject: Subject) -> NDArray[np.uint8]:
    width, height = subject.size
    look = Look(width, height, MARK, subject.footprint_px)
    return Renderer(subject.drawn, look, subject.start).picture(subject.start)


def _db(made: NDArray[np.uint8], scene: Scene) -> float:
    error = made.astype(float) - scene.photo.rgb
    # A rim of half a pixel has no geometry.
    return float(10 * np.log10(255**2 / max((error[2:-2, 2:-2] ** 2).mean(), 1e-9)))


@pytest.mark.parametrize("level", [False, True])
@pytest.mark.parametrize(
    ("name", "options", "least_db"),
    [
        ("a.npz", {}, 40),
        ("a.glb", {}, 30),
        ("a.obj", {}, 30),
        ("a.textured.ply", {}, 30),
        ("a.ply", {"edge": 0.0}, 60),
        ("a.ply", {"axes": "z-up", "edge": 0.0}, 60),
        ("a.ply", {"axes": "opencv", "stride": 2, "edge": 0.0}, 22),
        ("a.pcd", {"edge": 0.0}, 60),
    ],
)
def test_through_the_camera_of_the_file_it_is_the_photo(
    name: str, options: dict[str, Any], least_db: float, level: bool, tmp_path: Path
) -> None:
    level = level and options.get("axes") != "opencv"  # which has no up
    scene = _scene(level=level, **options)
    assert not level or scene.gravity.trusted
    path = scene.save(tmp_path / name)
    if name == "a.npz":
        subject = subject_of_scene(Scene.load(path), "mesh", (320, 240))
    else:
        subject = subject_of_file(path, "mesh", Journal())
    assert subject.size == (320, 240) and subject.footprint_px == options.get("stride", 1)
    assert _db(_seen(subject), scene) > least_db
    expected = subject_of_scene(scene, "mesh", (320, 240)).start
    np.testing.assert_allclose(subject.start.view_T_world, expected.view_T_world, atol=1e-5)
    assert subject.start.distance_m == pytest.approx(expected.distance_m, rel=0.05)


def test_a_mesh_has_no_more_detail_than_the_picture_unless_it_was_asked_for() -> None:
    every = len(subject_of_scene(_scene(), "mesh", (320, 240)).drawn.points)
    few = subject_of_scene(_scene(), "mesh", (80, 60))
    assert len(few.drawn.points) < every / 12 and few.footprint_px == 4
    assert len(subject_of_scene(_scene(full=True), "mesh", (80, 60)).drawn.points) == every
    assert subject_of_scene(_scene(stride=5), "mesh", (80, 60)).footprint_px == 5
    assert subject_of_scene(_scene(faces=500), "mesh", (80, 60)).drawn.texture is not None


def _gltf(tmp_path: Path, camera: dict[str, Any], node: dict[str, Any]) -> Path:
    made = Gltf()
    triangle = np.array([[-1, -1, -5], [1, -1, -5], [0, 1, -5]], np.float32)
    shown = made.node(mesh=made.mesh(triangle))
    made.tree["cameras"] = [camera]
    seen_from = made.node(camera=0, **node)
    return made.show(shown, seen_from).save(tmp_path / "a.glb")


def test_a_camera_of_another_program_has_its_field_of_view_and_aspect(tmp_path: Path) -> None:
    camera = {"type": "perspective", "perspective": {"yfov": 0.8, "aspectRatio": 0.5, "znear": 0.1}}
    # Scaled, as a node may be, and turned to look along -x.
    node = {
        "translation": [4, 0, -5],
        "rotation": [0, 0.7071067811865476, 0, 0.7071067811865476],
        "scale": [3, 3, 3],
    }
    subject = subject_of_file(_gltf(tmp_path, camera, node), "mesh", Journal())
    width, height = subject.size
    assert (width, height) == (640, 1280)
    assert subject.start.lens.height / subject.start.lens.fy / 2 == pytest.approx(np.tan(0.4))
    np.testing.assert_allclose(subject.start.eye, (4, 0, -5), atol=1e-9)
    np.testing.assert_allclose(subject.start.axes[2], (1, 0, 0), atol=1e-9)
    assert subject.start.distance_m == pytest.approx(4, abs=1.01)


@pytest.mark.parametrize(
    ("camera", "node", "note"),
    [
        ({"type": "perspective", "perspective": {"yfov": 0.8}}, {"translation": [0, 0, -50]}, None),
        ({"type": "orthographic", "orthographic": {"xmag": 1, "ymag": 1}}, {}, None),
        ({"type": "perspective", "perspective": {"yfov": 4.0}}, {}, None),
        ({"type": "perspective", "perspective": {"yfov": 0.8}}, {"scale": [0, 0, 0]}, None),
        ({"type": "perspective", "perspective": {"yfov": "wide"}}, {}, "its camera is damaged"),
        ({"type": "perspective", "perspective": {}}, {}, None),
    ],
)
def test_without_a_camera_that_sees_it_the_scene_is_fitted(
    camera: dict[str, Any], node: dict[str, Any], note: str | None, tmp_path: Path
) -> None:
    path = _gltf(tmp_path, camera, node)
    subject = subject_of_file(path, "mesh", Journal())
    notes = load_geometry(path).notes
    assert any(note in each for each in notes) if note else not notes
    place, ahead_m = subject.start.project(subject.drawn.points, *subject.size)
    assert (ahead_m > 0).all() and (place > 0).all() and (place < subject.size).all()
    assert np.ptp(place, axis=0).max() > 0.2 * max(subject.size)
    assert (_seen(subject) != MARK).any()
