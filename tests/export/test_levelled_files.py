"""What ``--level`` does to a scene's files."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner
from numpy.typing import NDArray
from synthetic import plane

from recon.export.registry import formats
from recon.geometry.gravity import SURE_CONFIDENCE
from recon.geometry.unproject import rays_of
from recon.journal import Journal
from recon.options import Options
from recon.scene import Scene
from recon.stage_reports import report_depth, report_levelling
from recon.types import Intrinsics, MetricDepth, Photo
from recon_cli.group import recon

CAMERA = Intrinsics.from_focal(200.0, width=160, height=120, source="user")
PITCH_DEG = -20.0


def scene_of(**options: object) -> Scene:
    """A floor 1.5 m below a camera that looks 20 degrees down, and a wall 6 m away."""
    rays = rays_of(CAMERA)
    c, s = np.cos(np.radians(PITCH_DEG)), np.sin(np.radians(PITCH_DEG))
    z_m = np.minimum(plane((0, c, -s), 1.5, rays), plane((0, s, c), 6.0, rays))
    return Scene(
        photo=Photo(rgb=np.full((120, 160, 3), 128, np.uint8)),
        intrinsics=CAMERA,
        depth=MetricDepth(z_m=z_m, valid=np.ones_like(z_m, bool)),
        options=Options(**options),  # type: ignore[arg-type]
    )


def flat_scene() -> Scene:
    z_m = np.full((120, 160), 2.0, np.float32)
    return Scene(
        photo=Photo(rgb=np.full((120, 160, 3), 128, np.uint8)),
        intrinsics=CAMERA,
        depth=MetricDepth(z_m=z_m, valid=np.ones_like(z_m, bool)),
        options=Options(level=True),
    )


def glb_document(path: Path) -> dict:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def points_of(path: Path) -> NDArray[np.float64]:
    return np.asarray(trimesh.load(path).vertices, dtype=np.float64)


@pytest.mark.parametrize("axes, up", [("y-up", 1), ("z-up", 2)])
def test_the_floor_of_the_file_is_at_height_zero(tmp_path: Path, axes: str, up: int) -> None:
    height = points_of(scene_of(level=True, axes=axes).save(tmp_path / "scene.ply"))[:, up]
    assert np.abs(np.sort(height)[:5000]).max() < 0.01 and height.max() > 0.5
    slanted = points_of(scene_of(axes=axes).save(tmp_path / "slanted.ply"))[:, up]
    assert slanted.min() < -0.5


def test_the_comment_says_where_the_camera_is(tmp_path: Path) -> None:
    header = scene_of(level=True).save(tmp_path / "scene.ply").read_bytes()[:2000].decode("ascii", "replace")
    assert "levelled, the camera is at 0 1.5" in header and "at the origin" not in header
    assert "levelling.pitch_deg -20" in header and "levelling.confidence" in header


def test_the_glb_s_camera_moves_with_the_scene(tmp_path: Path) -> None:
    level = scene_of(level=True).save(tmp_path / "level.glb")
    plain = scene_of(level=False).save(tmp_path / "plain.glb")
    node = next(n for n in glb_document(level)["nodes"] if "camera" in n)
    level_T_camera = np.array(node["matrix"]).reshape(4, 4).T
    assert level_T_camera[:3, 3] == pytest.approx([0, 1.5, 0], abs=0.01)
    assert level_T_camera[3].tolist() == [0, 0, 0, 1]
    moved = trimesh.transform_points(points_of_mesh(plain), level_T_camera)
    assert np.allclose(points_of_mesh(level), moved, atol=1e-5), "seen from the camera nothing has changed"
    assert all("matrix" not in n for n in glb_document(plain)["nodes"])
    assert glb_document(level)["asset"]["extras"]["levelling"]["applied"] is True


def points_of_mesh(path: Path) -> NDArray[np.float64]:
    (geometry,) = trimesh.load(path).geometry.values()
    return np.asarray(geometry.vertices, dtype=np.float64)


def test_a_scene_without_gravity_is_written_unchanged(tmp_path: Path) -> None:
    scene = flat_scene()
    levelling = scene.levelling("mesh")
    assert levelling is not None and not levelling.trusted
    plain = scene.with_options(Options()).save(tmp_path / "plain.ply")
    left = scene.save(tmp_path / "left.ply")
    assert np.array_equal(points_of(left), points_of(plain))
    assert b"levelling.applied false" in left.read_bytes()[:2000]


def test_the_command_says_what_it_did_or_could_not_do(tmp_path: Path) -> None:
    scene_of(level=True).save(tmp_path / "scene.npz")
    flat_scene().save(tmp_path / "flat.npz")
    run = CliRunner().invoke(
        recon, ["export", str(tmp_path / "scene.npz"), "-o", str(tmp_path / "a.glb"), "--json"]
    )
    values = next(each["values"] for each in json.loads(run.stdout)["entries"] if each["topic"] == "level")
    assert values["pitch_deg"] == pytest.approx(PITCH_DEG, abs=0.1)
    assert values["camera_height_m"] == pytest.approx(1.5, abs=0.01)
    run = CliRunner().invoke(
        recon, ["export", str(tmp_path / "flat.npz"), "-o", str(tmp_path / "b.glb"), "--json"]
    )
    assert run.exit_code == 0
    assert any("not levelled" in warning for warning in json.loads(run.stdout)["warnings"])
    arguments = ["export", str(tmp_path / "scene.npz"), "-o", str(tmp_path / "c.glb"), "--no-level", "--json"]
    run = CliRunner().invoke(recon, arguments)
    assert "level" not in {each["topic"] for each in json.loads(run.stdout)["entries"]}


def test_opencv_axes_cannot_be_levelled() -> None:
    with pytest.raises(ValueError, match="axes y-up or z-up"):
        Options(level=True, axes="opencv")


def test_by_default_meshes_and_pages_stand_upright_and_other_clouds_keep_the_camera_s_frame() -> None:
    scene = scene_of()
    for suffix, shape, upright in (
        (".glb", "mesh", True),
        (".glb", "cloud", True),
        (".html", "cloud", True),
        (".ply", "mesh", True),
        (".ply", "cloud", False),
        (".pcd", "cloud", False),
        (".las", "cloud", False),
        (".colmap", "cloud", False),
    ):
        level_T_gl = scene.content(formats()[suffix], shape).level_T_gl
        assert (level_T_gl is not None) == upright, f"{suffix}, {shape}"
        forced = scene.with_options(Options(level=True)).content(formats()[suffix], shape).level_T_gl
        assert forced is not None
        assert level_T_gl is None or np.array_equal(level_T_gl, forced)
    for kept in (Options(level=False), Options(axes="opencv")):
        assert scene.with_options(kept).content(formats()[".ply"], "mesh").level_T_gl is None


def test_by_default_a_scene_whose_gravity_is_not_sure_keeps_the_camera_s_frame() -> None:
    scene = flat_scene().with_options(Options())
    assert scene.levelling("mesh") is None
    doubtful = replace(scene_of().gravity, confidence=SURE_CONFIDENCE - 0.01)
    scene = scene_of()
    scene.__dict__["gravity"] = doubtful
    assert doubtful.trusted and scene.levelling("mesh") is None
    assert scene.with_options(Options(level=True)).levelling("mesh") is doubtful


def messages_of(scene: Scene, *suffixes: str) -> str:
    journal = Journal()
    report_levelling(scene, [(formats()[s].shapes[0], formats()[s].fixed_axes) for s in suffixes], journal)
    return journal.entries[0].message if journal.entries else ""


def test_the_output_says_by_how_much_it_turned_the_scene_and_how_not_to() -> None:
    assert messages_of(scene_of(), ".glb") == (
        "turned upright by 20.0°; the camera is 1.50 m above the floor; --no-level keeps the camera's frame"
    )
    journal = Journal()
    report_levelling(scene_of(), [("mesh", None)], journal)
    assert journal.entries[1].kind == "detail" and "pitch -20.0°, roll +0.0°" in journal.entries[1].message
    assert messages_of(scene_of(), ".glb", ".ply").endswith(
        "--no-level keeps the camera's frame, as point clouds do"
    )
    assert messages_of(scene_of(), ".ply").startswith("point clouds keep the camera's frame; --level")
    assert messages_of(flat_scene().with_options(Options()), ".glb").startswith(
        "the scene keeps the camera's frame"
    )
    assert messages_of(scene_of(level=False), ".glb") == ""


def test_lengths_are_reported_with_the_digits_that_the_scale_leaves() -> None:
    scene = scene_of()
    rough = replace(scene, depth=replace(scene.depth, scale_interval=1.4))
    assert "is 1.5 m above the floor" in messages_of(rough, ".glb")
    journal = Journal()
    report_depth(rough, journal)
    assert journal.entries[0].message.startswith("2.4 m to ") and "2.4 m to 6.1 m" in repr(rough)
