"""What people type first works, or gets a sentence that leads on."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from recon_cli.group import recon

_AGAIN = "build 'my room.jpg' --depth depth.png --stride 8"
SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the sample photo under a name with a space, and its measured depth."""
    shutil.copy(SAMPLES / "living_room.jpg", tmp_path / "my room.jpg")
    shutil.copy(SAMPLES / "living_room.depth.png", tmp_path / "depth.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(recon, list(words))


def test_without_output_a_mesh_is_written_next_to_the_photo_and_three_commands_follow(room: Path) -> None:
    done = run("build", "my room.jpg", "--depth", "depth.png", "--stride", "8")
    assert done.exit_code == 0, done.output
    assert (room / "my room.glb").read_bytes()[:4] == b"glTF"
    following = [line.split(None, 1)[1] for line in done.output.splitlines() if line.startswith("next")]
    assert following[0] == "recon view 'my room.glb'"
    again = "recon build 'my room.jpg' --depth depth.png --stride 8 -o 'my room."
    assert following[1].startswith(f"{again}html'")
    assert following[2] == f"{again}npz' && recon measure 'my room.npz' --from X,Y --to X,Y"
    again = run("build", "my room.jpg", "--depth", "depth.png")
    assert again.exit_code == 1 and "exists: use --overwrite" in again.output


@pytest.mark.parametrize(
    ("outputs", "following"),
    [
        (
            ["-o", "a.ply"],
            ["view a.ply", f"{_AGAIN} -o a.html    # an", f"{_AGAIN} -o a.npz && recon measure a.npz"],
        ),
        (["--output=a.ply", "--as", "mesh"], ["view a.ply", f"{_AGAIN} -o a.html", f"{_AGAIN} -o a.npz &&"]),
        (["-oa.html", "--overwrite"], [f"{_AGAIN} -o a.npz && recon measure a.npz"]),
        (
            ["-o", "a.npz", "-o", "b.ply", "-v"],
            ["view a.npz", "export a.npz -o a.html", "measure a.npz --from"],
        ),
        (["-o", "a.html", "-o", "b.npz"], ["view b.npz", "measure b.npz --from"]),
    ],
)
def test_named_outputs_are_followed_by_what_is_not_done_yet_with_the_same_options(
    room: Path, outputs: list[str], following: list[str]
) -> None:
    done = run("build", "my room.jpg", "--depth", "depth.png", "--stride", "8", *outputs)
    assert done.exit_code == 0, done.output
    commands = [line.split(None, 2)[2] for line in done.output.splitlines() if line.startswith("next")]
    assert len(commands) == len(following)
    assert all(command.startswith(start) for command, start in zip(commands, following, strict=True)), (
        commands
    )


def test_a_panorama_is_not_advised_to_be_measured(room: Path) -> None:
    Image.new("RGB", (64, 32), (90, 120, 60)).save("around.png")
    np.save("around.npy", np.full((32, 64), 3.0, np.float32))
    done = run("build", "around.png", "--panorama", "--depth", "around.npy", "-o", "a.ply")
    assert done.exit_code == 0 and "recon view a.ply" in done.output and "recon measure" not in done.output


def test_an_output_in_a_folder_is_named_in_full(room: Path) -> None:
    done = run("build", "my room.jpg", "--depth", "depth.png", "--stride", "8", "-o", "out/")
    assert f"Writing {Path('out') / 'my room.glb'} ..." in done.output


def test_the_command_may_be_left_out_for_a_file(room: Path) -> None:
    done = run("my room.jpg", "--depth", "depth.png", "--stride", "8")
    assert done.exit_code == 0 and (room / "my room.glb").is_file()
    missing = run("nobody.jpg")
    assert missing.exit_code == 1 and "nobody.jpg does not exist" in missing.output
    mistyped = run("biuld")
    assert mistyped.exit_code == 2 and "No such command" in mistyped.output


@pytest.mark.parametrize("name", ["scene.ply", "scene.npz", "SCENE.GLB"])
def test_the_output_may_be_the_last_argument(room: Path, name: str) -> None:
    done = run("build", "my room.jpg", name, "--depth", "depth.png", "--stride", "8")
    assert done.exit_code == 0, done.output
    assert (room / name).is_file() and not (room / "my room.glb").exists()


def test_a_directory_takes_the_scene_under_the_photo_s_name(room: Path) -> None:
    (room / "out").mkdir()
    done = run("build", "my room.jpg", "-o", "out/", "--depth", "depth.png", "--stride", "8")
    assert done.exit_code == 0 and (room / "out" / "my room.glb").is_file()


@pytest.mark.parametrize(("command", "file"), [("build", "my room.glb"), ("depth", "my room.png")])
@pytest.mark.parametrize("output", ["out/", "out"])
def test_a_new_directory_is_made_and_stays_only_with_something_in_it(
    room: Path, command: str, file: str, output: str
) -> None:
    words = [command, "my room.jpg", "-o", output, "--depth", "depth.png"]
    assert run(*words, "--dry-run").exit_code == 0 and not (room / "out").exists()
    assert run(*words[:-1], "nope.png").exit_code == 1 and not (room / "out").exists()
    done = run(*words)
    assert done.exit_code == 0 and [path.name for path in (room / "out").iterdir()] == [file], done.output


def test_a_file_without_a_suffix_is_no_directory(room: Path) -> None:
    (room / "out").write_text("precious")
    done = run("build", "my room.jpg", "-o", "out", "--depth", "depth.png")
    assert done.exit_code == 1 and "no suffix" in done.output and (room / "out").read_text() == "precious"


def test_what_was_written_is_not_advised_again(room: Path) -> None:
    done = run("build", "my room.jpg", "room.npz", "--depth", "depth.png")
    following = [line.split(None, 1)[1] for line in done.output.splitlines() if line.startswith("next")]
    assert following[-1] == "recon measure room.npz --from X,Y --to X,Y" and len(following) == 3


def test_lengths_take_units_and_counts_take_thousands(room: Path) -> None:
    sizes = {}
    for name, words in {
        "plain": ("--max-depth", "4", "--voxel", "0.1"),
        "units": ("--max-depth", "400cm", "--voxel", "100mm"),
    }.items():
        done = run("build", "my room.jpg", "-o", f"{name}.ply", "--depth", "depth.png", *words)
        assert done.exit_code == 0, done.output
        sizes[name] = (room / f"{name}.ply").read_bytes()
    assert sizes["plain"] == sizes["units"]
    meshes = []
    for text in ("2000", "2k", "0.002M", "2_000"):
        words = ("--depth", "depth.png", "--stride", "4", "--faces", text, "--overwrite")
        done = run("build", "my room.jpg", "-o", "a.stl", *words)
        assert done.exit_code == 0, done.output
        meshes.append((room / "a.stl").read_bytes())
    assert len(set(meshes)) == 1 and 0 < len(meshes[0]) <= 84 + 50 * 2000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["https://example.org/a/photo.jpg?size=1"], "recon build photo.jpg"),
        (["my room.jpg", "-o", "scene.blend"], "recon blender scene.glb"),
        (["my room.jpg", "-o", "scene.fbx"], "write .glb"),
        (["my room.jpg", "scene.fbx"], "write .glb"),
        (["my room.jpg", "scene.blend"], "recon blender scene.glb"),
        (["my room.jpg", "missing.jpg"], "add -o DIR --format glb"),
        (["my room.jpg", "-o", "scene.gltf"], "glTF in a single file"),
        (["my room.jpg", "--max-depth", "6 parsecs"], "is not a length; expected"),
        (["my room.jpg", "--faces", "many"], "such as 100000, 100k"),
        (["my room.jpg", "--faces", "1.5"], "not a whole number"),
        (["my room.jpg", "--faces", "inf"], "not a whole number"),
        (["my room.jpg", "--stride", "1e999"], "not a whole number"),
        (["my room.jpg", "other.jpg"], "add -o DIR --format glb"),
        (["."], "add -o DIR --format glb"),
    ],
)
def test_what_cannot_be_done_says_what_can(room: Path, words: list[str], sentence: str) -> None:
    before = sorted(room.iterdir())
    done = run("build", *words)
    assert done.exit_code in (1, 2) and sentence in done.output.replace("\n", " ")
    assert sorted(room.iterdir()) == before


def test_a_picture_on_standard_input_is_no_list_of_names(room: Path) -> None:
    command = [sys.executable, "-m", "recon_cli.main", "build", "-", "-o", "out"]
    with (room / "my room.jpg").open("rb") as picture:
        done = subprocess.run(command, stdin=picture, capture_output=True, text=True)
    assert done.returncode == 2 and "is an image" in done.stderr and not (room / "out").exists()


def test_standard_input_without_a_directory_gets_an_error_that_explains_it(room: Path) -> None:
    done = run("build", "-")
    assert done.exit_code == 2 and "names of photos" in done.output and "recon build photo.jpg" in done.output
