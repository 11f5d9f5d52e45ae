"""What Blender shows: the importer's defaults for axes and lengths, and `recon blender` for the photo itself."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from recon.frames import apply, file_T_cam
from recon.scene import Scene
from recon_cli.group import recon

GOOD_DB = 40.0


@pytest.fixture(scope="session")
def rendered(bpy_python):
    """``rendered(file)``: the picture from the photo's camera, by the command, (H, W, 4) in 0 to 1."""

    def render(path: Path, *options: str) -> np.ndarray:
        picture = path.with_name(f"{path.name}.png")
        words = ["blender", str(path), "--blender", str(bpy_python), "--render", str(picture), *options]
        done = CliRunner().invoke(recon, words)
        assert done.exit_code == 0, done.output
        with Image.open(picture) as opened:
            return np.asarray(opened.convert("RGBA")) / 255

    return render


def agreement(picture: np.ndarray, scene: Scene) -> tuple[float, float]:
    """PSNR against the photo where there is geometry, dB, and the share of pixels with geometry."""
    covered = picture[..., 3] > 0.999
    error = picture[..., :3][covered] - scene.photo.rgb[covered] / 255
    return float(-10 * np.log10(max(np.mean(error**2), 1e-12))), float(covered.mean())


@pytest.mark.parametrize("name", ["a.glb", "a.usdz", "a.usdc", "a.obj", "a.textured.ply", "a.ply"])
def test_the_photo_s_camera_shows_the_photo(name, scene, rendered, tmp_path):
    """Principal point far off the centre, pixels that are not square."""
    full = replace(scene, options=replace(scene.options, stride=1)) if name == "a.ply" else scene
    full.save(tmp_path / name)
    psnr_db, covered = agreement(rendered(tmp_path / name), scene)
    assert psnr_db > GOOD_DB
    assert covered > 0.9 * scene.dropped.kept / scene.depth.valid.size


@pytest.mark.parametrize(
    ("name", "axes"),
    [("a.glb", "y-up"), ("a.usdz", "y-up"), ("a.textured.ply", "y-up"), ("a.textured.ply", "z-up")],
)
def test_a_levelled_scene_s_camera_too(name, axes, levelled, rendered, tmp_path):
    # As it is for the default, so that its gravity is not estimated again.
    same = axes == levelled.options.axes
    upright = levelled if same else replace(levelled, options=replace(levelled.options, axes=axes))
    upright.save(tmp_path / name)
    psnr_db, _ = agreement(rendered(tmp_path / name), levelled)
    assert psnr_db > GOOD_DB


def test_opencv_axes_are_upright_too(scene, rendered, tmp_path):
    turned = replace(scene, options=replace(scene.options, axes="opencv"))
    turned.save(tmp_path / "a.obj")
    psnr_db, _ = agreement(rendered(tmp_path / "a.obj"), scene)
    assert psnr_db > GOOD_DB


IMPORTED = ["a.glb", "a.usdz", "a.obj", "a.ply", "a.stl", "mesh.ply", "a.textured.ply"]


@pytest.fixture(scope="module")
def imported(scene, ask, bpy_python, tmp_path_factory):
    """For each file: the scene that it was saved from, and what one start of Blender finds in it.

    PLY and STL by --axes z-up, which Blender takes as they are.
    """
    folder, coarse = tmp_path_factory.mktemp("imported"), {}
    for name in IMPORTED:
        axes = "z-up" if name.endswith((".ply", ".stl")) else "y-up"
        coarse[name] = replace(scene, options=replace(scene.options, axes=axes, stride=6))
        coarse[name].save(folder / name, shape="mesh" if "mesh" in name else None)
    found = ask(bpy_python, "measure_in_blender.py", *(folder / name for name in IMPORTED))
    return {name: (coarse[name], seen) for name, seen in zip(IMPORTED, found, strict=True)}


@pytest.mark.parametrize("name", IMPORTED)
def test_a_metre_is_a_metre_and_up_is_up_with_the_importer_s_defaults(name, scene, imported):
    coarse, seen = imported[name]
    mesh, is_cloud = coarse.mesh(), name == "a.ply"
    points = coarse.cloud().points if is_cloud else mesh.vertices
    upright = apply(file_T_cam("z-up"), points)
    assert np.allclose(seen["low"], upright.min(axis=0), atol=1e-4)
    assert np.allclose(seen["high"], upright.max(axis=0), atol=1e-4)
    assert seen["faces"] == (0 if is_cloud else len(mesh.faces))
    if name in ("a.ply", "mesh.ply"):
        rgb = coarse.cloud().rgb if is_cloud else mesh.rgb
        assert seen["first_rgb"] == rgb[0].tolist()
    if name in ("a.glb", "a.usdz", "a.obj"):
        assert seen["uv_layers"] == 1
        assert [scene.photo.width, scene.photo.height] in seen["pictures"]
    if name in ("a.glb", "a.usdz"):
        assert np.allclose(seen["cameras"], [[0, 0, 0]], atol=1e-6)


def test_a_blender_file_is_saved_with_the_photo_inside(scene, bpy_python, tmp_path):
    coarse = replace(scene, options=replace(scene.options, stride=6))
    coarse.save(tmp_path / "a.obj")
    words = ["blender", str(tmp_path / "a.obj"), "--blender", str(bpy_python), "-q", "--json"]
    done = CliRunner().invoke(recon, [*words, "--save", str(tmp_path / "a.blend")])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["written"] == [str(tmp_path / "a.blend")]
    look = (
        "import bpy, sys, json; bpy.ops.wm.open_mainfile(filepath=sys.argv[1]); s = bpy.context.scene; "
        "print(json.dumps([s.camera.name, s.render.resolution_x, s.render.resolution_y, "
        "s.view_settings.view_transform, all(i.packed_file for i in bpy.data.images if i.size[0])]))"
    )
    seen = subprocess.run(
        [str(bpy_python), "-c", look, str(tmp_path / "a.blend")], capture_output=True, text=True, timeout=120
    )
    output = json.loads(seen.stdout.strip().splitlines()[-1])
    assert output == ["photo camera", scene.photo.width, scene.photo.height, "Standard", True]


def test_a_damaged_file_is_one_sentence(bpy_python, tmp_path):
    (tmp_path / "a.glb").write_bytes(b"glTF, but not really")
    words = ["blender", str(tmp_path / "a.glb"), "--blender", str(bpy_python)]
    done = CliRunner().invoke(recon, [*words, "--render", str(tmp_path / "a.png")])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    assert not (tmp_path / "a.png").exists()
