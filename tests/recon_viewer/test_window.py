"""The window itself: where it cannot open, and under a virtual display where it can."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
import trimesh
from click.testing import CliRunner
from PIL import Image
from synthetic import CAMERA
from viewer_scenes import WALL_M, room

from recon import pipeline
from recon_cli.group import recon

pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a desktop")


@on_linux
def test_the_display_is_asked_for_before_the_model_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setattr(pipeline, "reconstruct", lambda *_, **__: pytest.fail("the model ran"))
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.jpg")
    done = CliRunner().invoke(recon, ["view", str(tmp_path / "photo.jpg")])
    assert done.exit_code == 1 and "display" in done.stderr and "--web" in done.stderr


def test_missing_requirements_are_reported_before_a_window_opens(tmp_path: Path) -> None:
    done = CliRunner().invoke(recon, ["view", str(tmp_path / "none.ply")])
    assert done.exit_code == 1 and "does not exist" in done.stderr
    assert CliRunner().invoke(recon, ["view", "--web"]).exit_code == 2


def test_in_a_browser_it_needs_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("DISPLAY", "")

    def browser(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", browser)
    scene = room().save(tmp_path / "scene.npz")
    done = CliRunner().invoke(recon, ["view", "--web", str(scene)])
    assert done.exit_code == 0, done.stderr
    assert Path(done.stdout.strip()).is_file() and opened[0].startswith("file://")
    told = CliRunner().invoke(recon, ["view", "--web", "--length", "9,9:20,9=1m", str(scene)])
    assert told.exit_code == 0 and "--length has no effect" in told.stderr
    done = CliRunner().invoke(recon, ["view", "--web", str(room().save(tmp_path / "a.ply"))])
    assert done.exit_code == 1 and "recon build PHOTO -o a.npz && recon view --web a.npz" in done.stderr
    done = CliRunner().invoke(recon, ["view", "--web", str(tmp_path / "b.glb")])
    assert done.exit_code == 1 and "b.glb does not exist" in done.stderr


@pytest.mark.display
def test_the_window_of_the_command_opens_and_ends_well_when_closed(
    display: dict[str, str], tmp_path: Path
) -> None:
    environment = {**display, "RECON_CONFIG_DIR": str(tmp_path)}

    def xdotool(*words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    scene = room().save(tmp_path / "scene.npz")
    viewer = _viewer(scene, environment)
    try:
        result = _until(lambda: xdotool("search", "--name", "^recon: scene.npz"), viewer)
        # Without a window manager the keys go to where the mouse is.
        xdotool("mousemove", "--window", result, "700", "450")
        # At Esc Open3D would close the window.
        xdotool("keydown", "Escape")
        time.sleep(0.5)
        xdotool("keyup", "Escape")
        time.sleep(2.0)
        assert viewer.poll() is None
        xdotool("keydown", "ctrl")
        time.sleep(0.5)
        # The window may be gone before the key is let go.
        xdotool("keydown", "q")
        assert viewer.wait(timeout=300) == 0
        # It was the first window: it has said that the processor draws, and need not say it again.
        saved = json.loads((tmp_path / "viewer.json").read_text())
        assert [Path(one).name for one in saved["recent"]] == ["scene.npz"] and saved["knows_slow_drawing"]
        again = _viewer(scene, environment)
        try:
            _until(lambda: xdotool("search", "--name", "^recon: scene.npz"), again)
            (tmp_path / "viewer.json").unlink()
        finally:
            again.kill()
        # The window closes with the command, and saves the settings.
        _until(lambda: (tmp_path / "viewer.json").is_file())
        _until(lambda: not xdotool("search", "--name", "^recon"))
    finally:
        viewer.kill()


def _viewer(path: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "recon_cli.main", "view", str(path)], env=environment)


_Found = TypeVar("_Found")


def _until(find: Callable[[], _Found], viewer: subprocess.Popen[bytes] | None = None) -> _Found:
    """What is found at last, while the program runs."""
    until = time.monotonic() + 300
    while not (found := find()):
        assert (viewer is None or viewer.poll() is None) and time.monotonic() < until
        time.sleep(0.2)
    return found


def _drive(program: str, display: dict[str, str], folder: Path) -> None:
    """Runs a program of this folder that opens a window; what the window does wrong ends it with a code."""
    paths = [str(Path(__file__).parents[1] / "fixtures"), display.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), str(folder)],
        env={**display, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.display
def test_a_few_frames_of_the_real_window(display: dict[str, str], tmp_path: Path) -> None:
    """Opens, draws in every way, is clicked, takes a picture, through the window's own callbacks."""
    room().save(tmp_path / "scene.npz")
    _drive("drive_window.py", display, tmp_path)
    with Image.open(tmp_path / "view.png") as picture:
        assert picture.size == (320, 240)
        assert len(set(picture.convert("RGB").getdata())) > 1000


@pytest.mark.display
def test_a_visit_by_mouse_and_keys(display: dict[str, str], tmp_path: Path) -> None:
    """Opens, resizes, measures, undoes, drags a slider, exports, quits; pixels of the screen are compared."""
    _drive("drive_by_hand.py", display, tmp_path)
    exported = trimesh.load(tmp_path / "exported.glb")
    # The wall is as wide as the photo.
    assert exported.extents[0] == pytest.approx(CAMERA.width / CAMERA.fx * WALL_M, abs=1e-3)
