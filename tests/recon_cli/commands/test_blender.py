"""``recon blender`` where there is no Blender, and how one is found; tests/clients runs Blender itself."""

import ast
import os
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon.blender import find_blender
from recon.version import __version__
from recon_cli.group import recon

EXTENSION = Path(str(find_blender.scene_script())).parent
POSIX = pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Blender")


@pytest.fixture
def scene(tmp_path) -> Path:
    path = tmp_path / "scene.glb"
    path.write_bytes(b"glTF")
    return path


def program(folder: Path, body: str, name: str = "blender") -> Path:
    """A shell script in the place of Blender."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_without_blender_the_script_is_named(scene, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(find_blender, "_usual_places", lambda: iter(()))
    done = CliRunner().invoke(recon, ["blender", str(scene)])
    assert done.exit_code == 1
    assert "--blender" in done.output
    (script,) = [word for word in done.output.split() if word.startswith(os.sep) and ".py" in word]
    assert Path(script.rstrip(":")).is_file()


def test_a_program_that_is_not_there(scene):
    done = CliRunner().invoke(recon, ["blender", str(scene), "--blender", "nowhere/blender"])
    assert done.exit_code == 1
    assert "nowhere/blender" in done.output.replace(os.sep, "/")


@pytest.mark.parametrize("name", ["scene.xyz", "scene.stl", "photo.jpg"])
def test_what_blender_gets_no_photo_from_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"x")
    done = CliRunner().invoke(recon, ["blender", str(tmp_path / name)])
    assert done.exit_code == 1
    assert ".glb" in done.output


def test_a_missing_file(tmp_path):
    done = CliRunner().invoke(recon, ["blender", str(tmp_path / "a.glb")])
    assert done.exit_code == 1
    assert "does not exist" in done.output


def test_the_newest_version_is_the_largest_number():
    result = [Path(f"Blender {version}/blender.exe") for version in ("4.9", "4.10", "5.0", "4.2")]
    newest = sorted(result, key=find_blender._version_of, reverse=True)
    assert [path.parent.name for path in newest] == [
        "Blender 5.0",
        "Blender 4.10",
        "Blender 4.9",
        "Blender 4.2",
    ]


@POSIX
def test_a_window_keeps_the_user_s_settings_and_a_picture_does_not_depend_on_them(scene, tmp_path):
    fake = program(
        tmp_path,
        f'echo "$@" >> {tmp_path}/calls; for word; do case "$word" in *.png) echo picture > "$word";; esac; done',
    )
    words = ["blender", str(scene), "--blender", str(fake)]
    assert CliRunner().invoke(recon, words).exit_code == 0
    assert CliRunner().invoke(recon, [*words, "--render", str(tmp_path / "a.png")]).exit_code == 0
    window, picture = (tmp_path / "calls").read_text().splitlines()
    assert "--background" not in window
    assert "--factory-startup" not in window
    assert "--background --factory-startup" in picture
    for call in (window, picture):
        assert "--python-exit-code 1" in call
        assert f"open_scene.py -- {scene}" in call
    assert (tmp_path / "a.png").read_text() == "picture\n"


@POSIX
def test_blender_s_failure_is_one_sentence_and_leaves_no_file(scene, tmp_path):
    fake = program(tmp_path, 'echo "recon: it is damaged"; exit 1')
    words = ["blender", str(scene), "--blender", str(fake), "--render", str(tmp_path / "a.png")]
    done = CliRunner().invoke(recon, words)
    assert done.exit_code == 1
    assert "it is damaged" in done.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["blender", "scene.glb"]


@POSIX
def test_it_is_found_on_the_path(tmp_path, monkeypatch):
    fake = program(tmp_path, "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_blender.find_blender(None) == fake


def test_an_existing_picture_needs_overwrite(scene, tmp_path):
    (tmp_path / "a.png").write_text("old")
    done = CliRunner().invoke(recon, ["blender", str(scene), "--render", str(tmp_path / "a.png")])
    assert done.exit_code == 1
    assert "--overwrite" in done.output


@pytest.mark.parametrize("path", sorted(EXTENSION.glob("*.py")), ids=lambda path: path.name)
def test_what_runs_in_blender_needs_blender_and_the_standard_library_only(path):
    """It must run in a Blender without recon, and in its own Python 3.11."""
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 11))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    assert imported <= {"bmesh", "bpy", "mathutils", *sys.stdlib_module_names}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give one of FILE, --install and --zip"),
        (["scene.glb", "--install"], "give one of FILE"),
        (["--install", "--zip", "a.zip"], "give one of FILE"),
        (["--zip", "a.zip", "--render", "a.png"], "need a FILE"),
        (["--zip", "extension.tar"], "must end in .zip"),
    ],
)
def test_one_job_at_a_time(words, said):
    done = CliRunner().invoke(recon, ["blender", *words])
    assert done.exit_code == 2
    assert said in done.output


def test_the_extension_is_written_and_not_over_another_file(tmp_path):
    words = ["blender", "--zip", str(tmp_path / "a.zip")]
    assert CliRunner().invoke(recon, words).exit_code == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert {"__init__.py", "blender_manifest.toml", "open_scene.py"} <= set(archive.namelist())
        assert f'version = "{__version__}"' in archive.read("blender_manifest.toml").decode()
    again = CliRunner().invoke(recon, words)
    assert again.exit_code == 1
    assert "--overwrite" in again.output


@POSIX
def test_installing_tells_blender_where_recon_is(tmp_path):
    fake = program(tmp_path, f'echo "$@" > {tmp_path}/call')
    done = CliRunner().invoke(recon, ["blender", "--install", "--blender", str(fake)])
    assert done.exit_code == 0, done.output
    call = (tmp_path / "call").read_text().split()
    assert "--background" in call and "--factory-startup" not in call
    assert call[-2].endswith(".zip")
    assert Path(call[-1]).name.startswith("recon")
