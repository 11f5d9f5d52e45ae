"""The simple window: what can be told without looking at it, and once under a virtual display."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall

from recon.errors import SceneFileError, ViewerError
from recon.scene import Scene
from recon.types import MetricDepth, Photo
from recon_viewer import window

open3d = pytest.importorskip("open3d", reason="Open3D is not installed, or lacks its system libraries")


def scene() -> Scene:
    z = floor_and_wall()
    rgb = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    return Scene(Photo(rgb=rgb), CAMERA, MetricDepth(z_m=z, valid=np.ones(z.shape, bool)))


def test_open3d_gets_points_triangles_and_colours_upright() -> None:
    cloud = scene().cloud()
    shown = window.to_open3d(open3d, cloud)
    points = np.asarray(shown.points)
    assert np.allclose(points, cloud.points * [1, -1, -1]) and points[:, 2].max() < 0
    assert np.array_equal(np.rint(np.asarray(shown.colors) * 255), cloud.rgb)
    mesh = scene().mesh()
    assert np.array_equal(np.asarray(window.to_open3d(open3d, mesh).triangles), mesh.faces)


def test_every_exported_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(window, "_run", lambda o3d, geometry, camera, title: shown.append(geometry))
    for suffix in window.FILE_SUFFIXES:
        window.show_file(scene().save(tmp_path / f"scene{suffix}"))
        vertices = shown[-1].points if hasattr(shown[-1], "points") else shown[-1].vertices
        assert len(vertices) > 1000, suffix


def test_a_cloud_is_no_reason_for_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(window, "_run", lambda *_: None)
    window.show_file(scene().save(tmp_path / "cloud.ply"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a desktop")
def test_the_display_is_asked_for_before_the_model_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner
    from PIL import Image

    from recon import pipeline
    from recon_cli.commands import recon

    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setattr(pipeline, "reconstruct", lambda *_, **__: pytest.fail("the model ran"))
    Image.new("RGB", (64, 48)).save(tmp_path / "photo.jpg")
    done = CliRunner().invoke(recon, ["view", str(tmp_path / "photo.jpg")])
    assert done.exit_code == 1 and "no display" in done.stderr


def test_what_is_no_geometry_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SceneFileError, match="does not exist"):
        window.show_file(tmp_path / "none.ply")
    (tmp_path / "bad.xyz").write_text("hello world\n")
    with pytest.raises(SceneFileError, match="not a table"):
        window.show_file(tmp_path / "bad.xyz")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a desktop")
def test_without_a_display_it_says_so_and_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":987")
    with pytest.raises(ViewerError, match="no display"):
        window.show_scene(scene(), "cloud")


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual display of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb and xdotool are not installed: apt-get install xvfb xdotool")
    number = f":{100 + os.getpid() % 800}"
    server = subprocess.Popen(["Xvfb", number, "-screen", "0", "1400x1100x24"], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    yield number
    server.terminate()
    server.wait()


@pytest.mark.display
def test_the_window_opens_and_ends_well_when_closed(display: str, tmp_path: Path) -> None:
    path = scene().save(tmp_path / "scene.npz")
    environment = {**os.environ, "DISPLAY": display}
    environment.pop("WAYLAND_DISPLAY", None)
    viewer = subprocess.Popen([sys.executable, "-m", "recon_cli.main", "view", str(path)], env=environment)
    try:
        for _ in range(120):
            time.sleep(0.5)
            found = subprocess.run(
                ["xdotool", "search", "--name", "^recon:"], env=environment, capture_output=True, text=True
            )
            if found.stdout.strip() or viewer.poll() is not None:
                break
        assert found.stdout.strip(), "no window appeared"
        time.sleep(1.0)
        # Q closes Open3D's window as a person would; there is no window manager here to ask. The window may be gone
        # before xdotool lets the key go, and it complains of that: how the viewer ends is what counts.
        subprocess.run(
            ["xdotool", "key", "--window", found.stdout.split()[0], "q"], env=environment, check=False
        )
        assert viewer.wait(timeout=30) == 0
    finally:
        viewer.kill()
