"""The window itself: where it cannot open, and under a virtual display where it can."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from viewer_scenes import room

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


def test_what_is_missing_is_told_before_a_window_opens(tmp_path: Path) -> None:
    done = CliRunner().invoke(recon, ["view", str(tmp_path / "none.ply")])
    assert done.exit_code == 1 and "does not exist" in done.stderr
    assert CliRunner().invoke(recon, ["view", "--web"]).exit_code == 2


def test_in_a_browser_it_needs_no_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from recon.errors import ExportError

    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", "")

    def browser(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", browser)
    scene = room().save(tmp_path / "scene.npz")
    try:
        room().save(tmp_path / "page.html")
    except ExportError:
        pytest.skip("the program of .html scenes is not built here (npm)")
    done = CliRunner().invoke(recon, ["view", "--web", str(scene)])
    assert done.exit_code == 0, done.stderr
    assert Path(done.stdout.strip()).is_file() and opened[0].startswith("file://")
    assert CliRunner().invoke(recon, ["view", "--web", str(room().save(tmp_path / "a.ply"))]).exit_code == 1


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    """The environment of a virtual display of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb and xdotool are not installed: apt-get install xvfb xdotool")
    number = f":{100 + os.getpid() % 800}"
    server = subprocess.Popen(["Xvfb", number, "-screen", "0", "1400x1100x24"], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    environment = {**os.environ, "DISPLAY": number}
    environment.pop("WAYLAND_DISPLAY", None)
    works = subprocess.run(
        [sys.executable, "-c", "from recon.render.renderer_check import check_window; check_window()"],
        env=environment,
        capture_output=True,
        check=False,
    )
    if works.returncode:
        server.terminate()
        server.wait()
        pytest.skip("no Vulkan driver: apt-get install libvulkan1 mesa-vulkan-drivers")
    yield environment
    server.terminate()
    server.wait()


@pytest.mark.display
def test_the_window_opens_and_ends_well_when_closed(display: dict[str, str], tmp_path: Path) -> None:
    path = room().save(tmp_path / "scene.npz")
    environment = {**display, "RECON_CONFIG_DIR": str(tmp_path)}
    viewer = subprocess.Popen([sys.executable, "-m", "recon_cli.main", "view", str(path)], env=environment)

    def windows(name: str) -> list[str]:
        told = subprocess.run(
            ["xdotool", "search", "--name", name],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return told.stdout.split()

    try:
        for _ in range(120):
            time.sleep(0.5)
            if windows("^recon: scene.npz") or viewer.poll() is not None:
                break
        (found,) = windows("^recon: scene.npz")
        time.sleep(1.0)
        # Esc, at which Open3D would close the window.
        subprocess.run(["xdotool", "mousemove", "--window", found, "700", "450"], env=environment, check=True)
        for what in ("keydown", "keyup"):
            subprocess.run(["xdotool", what, "Escape"], env=environment, check=True)
            time.sleep(0.5)
        time.sleep(1.0)
        assert viewer.poll() is None
        # Ctrl+Q; the window may be gone before xdotool lets the key go, and it complains of that.
        subprocess.run(["xdotool", "keydown", "ctrl"], env=environment, check=True)
        time.sleep(0.3)
        subprocess.run(["xdotool", "keydown", "q"], env=environment, check=True)
        assert viewer.wait(timeout=30) == 0
        assert "scene.npz" in (tmp_path / "viewer.json").read_text()
    finally:
        viewer.kill()


@pytest.mark.display
def test_a_few_frames_of_the_real_window(display: dict[str, str], tmp_path: Path) -> None:
    """Opens, draws in every way, is clicked, takes a picture; what it does wrong ends the child with a code."""
    room().save(tmp_path / "scene.npz")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("drive_window.py")), str(tmp_path)],
        env=display,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(tmp_path / "view.png") as picture:
        assert picture.size == (320, 240)
        assert len(set(picture.convert("RGB").getdata())) > 1000
