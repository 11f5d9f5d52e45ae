"""The files that the web page offers, in readers that we did not write."""

import numpy as np
import pytest
import trimesh
from browser import browse
from other_readers import khronos
from synthetic import floor_and_wall

from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, MetricDepth, Photo

__all__ = ["browse", "khronos"]
pytestmark = pytest.mark.browser

CAMERA = Intrinsics(66.0, 60.0, 30.0, 26.0, 64, 48, "user")


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A floor and a wall; red grows to the right, green downwards."""
    z_m = floor_and_wall(CAMERA)
    v, u = np.mgrid[:48, :64]
    rgb = np.stack([3 * u + 20, 4 * v + 20, np.full_like(u, 90)], axis=-1).astype(np.uint8)
    photo, depth = Photo(rgb, path="rooms/my room.jpg"), MetricDepth(z_m, np.isfinite(z_m))
    return Scene(photo, CAMERA, depth, options=Options(level=False, fill=False))


@pytest.mark.parametrize("shape", ["mesh", "cloud"])
def test_downloads_are_the_scene_of_the_page(shape, scene, browse, khronos, tmp_path):
    page = scene.save(tmp_path / "a.html", shape=shape)
    steps = [["key", "d"], ["press", "#download [value='']"]]
    for suffix in ("glb", "ply"):
        steps += [["key", "d"], ["download", f"#download [value={suffix}]", str(tmp_path / f"a.{suffix}")]]
    result = browse(page, [*steps, ["texts", "#hint"]])
    assert result["errors"] == [] and result["problem"] is None
    assert result["results"] == ["my room.glb", "my room.ply", ["Saved as PLY"]]
    report = khronos(tmp_path / "a.glb")["issues"]
    assert (report["numErrors"], report["numWarnings"]) == (0, 0), report
    expected = scene.mesh().vertices if shape == "mesh" else scene.cloud().points
    expected = expected * (1, -1, -1)
    glb, ply = (
        trimesh.load(tmp_path / "a.glb", process=False),
        trimesh.load(tmp_path / "a.ply", process=False),
    )
    (geometry,) = glb.geometry.values()
    for made in (geometry, ply):
        # The page holds positions in steps of less than half a millimetre.
        assert np.asarray(made.vertices) == pytest.approx(expected, abs=5e-4)
    if shape == "mesh":
        assert np.array_equal(geometry.faces, scene.mesh().faces) and np.array_equal(
            ply.faces, geometry.faces
        )
        assert geometry.visual.material.baseColorTexture.size == (64, 48)
        # trimesh counts v from below.
        assert geometry.visual.uv[:, 0] == pytest.approx(scene.mesh().uv[:, 0], abs=1e-3)
        rgb = ply.visual.vertex_colors
    else:
        rgb = ply.colors
        # Linear, as glTF wants it.
        linear = np.asarray(geometry.colors)[:, :3] / 65535 if geometry.colors.dtype == np.uint16 else None
        assert linear is None or linear.max() < 1
    red = 3 * (expected[:, 0] / -expected[:, 2] * CAMERA.fx + CAMERA.cx) + 20
    # JPEG, and vertices on the outline between two pixels.
    assert np.median(np.abs(np.asarray(rgb)[:, 0] - red)) < 4


def test_a_set_length_scales_the_files(scene, browse, tmp_path):
    page = scene.save(tmp_path / "a.html")
    steps = [["key", "h"], ["wait", 100], ["photo"], ["key", "m"], ["click", 100, 180], ["click", 220, 180]]
    steps += [["texts", ".label"], ["key", "l"], ["type", "9 m"], ["key", "Enter"], ["key", "d"]]
    steps += [["download", "#download [value=glb]", str(tmp_path / "a.glb")], ["texts", "#hint"]]
    result = browse(page, steps)
    _, (label,), _, (said,) = result["results"]
    factor = 9 / float(label.split()[0])
    (geometry,) = trimesh.load(tmp_path / "a.glb").geometry.values()
    grown = np.ptp(np.asarray(geometry.vertices), axis=0) / np.ptp(scene.mesh().vertices, axis=0)
    assert grown == pytest.approx([factor] * 3, rel=0.01) and "scale" in said
