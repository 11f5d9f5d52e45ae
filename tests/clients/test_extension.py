"""The extension in Blender 4.2 and 5.0: installed from its zip, its buttons pressed, its picture the photo."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from recon import measure
from recon.blender.extension_zip import write_extension
from recon.scene import Scene
from recon.version import __version__
from recon_cli.group import recon

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sample_data" / "living_room.jpg"
PROGRAM = Path(sys.executable).with_name("recon")
ALIKE_DB = 35.0


@pytest.fixture(scope="module", params=["bpy_python", "bpy_4_2_python"])
def pressed(request, tmp_path_factory) -> tuple[dict, Path]:
    """What happened in one version of Blender, and the folder of the photo."""
    python, folder = request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param)
    with Image.open(SAMPLE) as picture:
        picture.resize((288, 216)).save(folder / "room.jpg", quality=95)
    (folder / "text.jpg").write_text("not a picture")
    write_extension(folder / "recon.zip")
    words = [
        python,
        HERE / "extension_in_blender.py",
        folder / "recon.zip",
        PROGRAM,
        folder / "room.jpg",
        folder,
    ]
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "BLENDER_USER_RESOURCES": str(folder / "user")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1]), folder


def test_both_versions_are_tried(pressed, request):
    assert pressed[0]["version"] == ([5, 0] if "bpy_python" in request.node.name else [4, 2])


def test_a_scene_is_imported_with_its_camera_and_the_render_is_the_photo(pressed):
    seen, folder = pressed
    assert seen["made"] == ["FINISHED"]
    assert seen["objects"] == ["CAMERA", "MESH"]
    assert "metres are guesses" in seen["message"]
    assert seen["render"] == [288, 216, "Standard"]
    with Image.open(folder / "render.png") as picture:
        rendered = np.asarray(picture.convert("RGBA")) / 255
    with Image.open(folder / "room.jpg") as picture:
        photo = np.asarray(picture.convert("RGB")) / 255
    shown = rendered[..., 3] > 0.999
    psnr_db = -10 * np.log10(np.mean((rendered[..., :3][shown] - photo[shown]) ** 2))
    assert psnr_db > ALIKE_DB
    assert shown.mean() > 0.99


def test_vertices_and_empties_are_measured_as_recon_measures_them(pressed):
    seen, _ = pressed
    assert seen["measured"] == ["FINISHED"]
    assert seen["length"] == seen["length of empties"]
    assert "95 %)" in seen["length"]
    value, unit = seen["length"].split()[:2]
    assert unit == "m"
    assert float(value) == pytest.approx(seen["distance"], rel=0.15)


def test_a_known_length_recalibrates_the_scene_and_replaces_it(pressed):
    seen, folder = pressed
    assert seen["recalibrated"] == ["FINISHED"]
    assert seen["objects after"] == ["CAMERA", "EMPTY", "EMPTY", "MESH"]
    start, end = (tuple(float(number) for number in place.split(",")) for place in seen["positions"])
    length = measure.distance(Scene.load(folder / "first.npz"), start, end)
    assert seen["words"][:2] == ["export", str(folder / "room.npz")], "without running the model again"
    words = seen["words with a known length"]
    lengths = [words[k + 1] for k, word in enumerate(words) if word == "--length"]
    assert words[0] == "build" and "--overwrite" in words
    first = seen["words"][seen["words"].index("--length") + 1]
    assert lengths == ["20,200:200,200=1m", first]
    assert seen["then"] == [";".join(lengths), "", str(folder / "room.npz")], (
        "all went into the fit of the scene"
    )
    assert seen["measured in"] == str(folder / "room.rescaled.npz")
    # The model's own scale is a prior, which the length outweighs.
    assert abs(length.value - 1.5) < 0.2 * abs(seen["distance"] - 1.5)
    fitted = re.search(r"1\.50 m given, ([\d.]+) m after the fit", seen["recalibration"])
    assert fitted and float(fitted[1]) == pytest.approx(length.value, rel=0.02)
    files = {path.name for path in folder.iterdir()}
    made = {"room.glb", "room.npz", "room.rescaled.npz"}
    assert files == made | {"first.npz", "recon.zip", "render.png", "room.jpg", "text.jpg", "user"}


def test_a_second_known_length_is_added_and_each_can_be_removed(pressed):
    seen, folder = pressed
    done, message, lengths = seen["second"]
    assert done == ["FINISHED"] and len(re.findall(r"m given, [\d.]+ m after the fit", message)) == 2
    assert "--length" not in message and "the length of 1.5m from " in message
    assert lengths[0] == seen["words"][seen["words"].index("--length") + 1] and len(set(lengths)) == 2
    texts, indices = zip(*seen["rows"], strict=True)
    assert indices == (0, 1) and texts[0].startswith("1.5m: ") and " to " in texts[0]
    rescaled, as_the_model_gave_it = str(folder / "room.rescaled.npz"), str(folder / "room.npz")
    assert seen["removed"] == [
        [["FINISHED"], lengths[1:], rescaled],
        [["FINISHED"], [], as_the_model_gave_it],
    ]


def test_errors_are_shown_with_their_sentence(pressed):
    seen, _ = pressed
    for case, words in {
        "no program": "set its path in the preferences",
        "no photo": "Choose a photo",
        "text.jpg": "not a supported image file",
        "no scene": "make a scene from a photo first",
        "nothing picked": "0 points are picked",
        "behind": "behind the photo's camera",
    }.items():
        assert words in seen[case]


def test_paths_in_a_file_of_somebody_else_are_not_followed(pressed):
    seen, _ = pressed
    assert set(seen["tampered"]) == {"glb", "npz", "measured", "photo", "faces"}
    assert all("not that of a photo" in said for said in seen["tampered"].values())
    assert seen["older version"] == []


def test_a_button_returns_at_once_and_can_be_cancelled(pressed):
    seen, _ = pressed
    assert seen["pressed"] == ["RUNNING_MODAL"]
    assert seen["while it runs"] == [["PASS_THROUGH"], False, 1]
    assert seen["cancelled"] == [["CANCELLED"], ["Cancelled."], 0, True]
    assert seen["left"] is False


def test_the_command_installs_it_with_the_path_of_the_program(bpy_python, tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path))
    done = CliRunner().invoke(recon, ["blender", "--install", "--blender", str(bpy_python), "--json", "-q"])
    assert done.exit_code == 0, done.output
    look = (
        "import bpy; bpy.ops.wm.read_userpref(); "
        "print(bpy.context.preferences.addons['bl_ext.user_default.recon'].preferences.program)"
    )
    seen = subprocess.run([str(bpy_python), "-c", look], capture_output=True, text=True, timeout=120)
    assert seen.stdout.splitlines()[-1] == str(PROGRAM)


def test_blender_finds_its_manifest_valid(bpy_python, tmp_path):
    write_extension(tmp_path / "recon.zip")
    look = "import bpy; print(bpy.utils.resource_path('LOCAL'))"
    done = subprocess.run([str(bpy_python), "-c", look], capture_output=True, text=True, timeout=120)
    checker = (
        Path(done.stdout.splitlines()[-1]) / "scripts" / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    )
    words = [sys.executable, str(checker), "validate", str(tmp_path / "recon.zip")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'"{__version__}"' in done.stdout or "Success" in done.stdout
