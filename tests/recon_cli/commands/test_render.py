"""``recon render``: what it refuses, and what it writes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from synthetic import CAMERA, floor_and_wall

from recon.provenance import ModelRecord, Provenance
from recon.scene import Scene
from recon.types import MetricDepth, Photo
from recon_cli.group import recon


def _scene(*, known: bool = True) -> Scene:
    """A floor and a wall of noise, 160 x 120 px."""
    z = floor_and_wall()
    rgb = np.random.default_rng(3).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    valid = np.full(z.shape, known)
    return Scene(
        Photo(rgb=rgb, path="room.png"),
        CAMERA,
        MetricDepth(z_m=z, valid=valid),
        provenance=Provenance(model=ModelRecord("measured")),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A scene in its own folder."""
    return _scene().save(tmp_path / "scene.npz")


def _render(*words: object) -> Result:
    return CliRunner().invoke(recon, ["render", *map(str, words)])


def _only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "a.mp4", "--size", "641x480"], "needs an even width and height: use --size 642x480"),
        (["-o", "a.png", "--size", "0x480"], "expected WIDTHxHEIGHT"),
        (["-o", "a.png", "--size", "99999x480"], "expected WIDTHxHEIGHT"),
        (["-o", "a.png", "--size", "640"], "expected WIDTHxHEIGHT"),
        (["-o", "a.png", "--path", "fly"], "makes a film"),
        (["-o", "a.png", "--move", "1,2"], "expected three numbers in m"),
        (["-o", "a.png", "--move", "1,2,nan"], "at most 100,000"),
        (["-o", "a.png", "--move", "0,0,1e30"], "at most 100,000"),
        (["-o", "a.png", "--size", "²x5"], "expected WIDTHxHEIGHT"),
        (["-o", "a.png", "--background", "mud"], "expected a colour"),
        (["-o", "a.gif", "--fps", "0"], "--fps"),
        (["-o", "a.gif", "--turn", "0"], "--turn"),
        (["-o", "a.gif", "--fps", "nan"], "'nan' is not a finite number"),
    ],
)
def test_bad_usage_is_reported_and_writes_nothing(file: Path, words: list[str], message: str) -> None:
    done = _render(file, "-o", file.parent / words[1], *words[2:])
    assert done.exit_code == 2 and message in done.stderr
    assert _only(file.parent) == ["scene.npz"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.avi", "is not an image or film format"),
        ("nowhere/a.png", "does not exist; create it first"),
        ("scene.npz", "not an image or film format"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_runs(
    file: Path, name: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scene, "load", lambda path: pytest.fail("it went on"))
    done = _render(file, "-o", file.parent / name)
    assert done.exit_code == 1 and message in done.stderr
    assert _only(file.parent) == ["scene.npz"]


def test_files_are_replaced_only_when_asked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "load", lambda path: pytest.fail("it went on"))
    (file.parent / "a.gif").write_bytes(b"old")
    done = _render(file, "-o", file.parent / "a.gif")
    assert done.exit_code == 1 and "--overwrite" in done.stderr
    frames = file.parent / "frames"
    frames.mkdir()
    (frames / "mine.txt").write_text("x")
    done = _render(file, "-o", frames, "--overwrite")
    assert done.exit_code == 1 and "contains other files" in done.stderr


def test_a_missing_file_is_reported(file: Path) -> None:
    done = _render(file.with_name("none.jpg"), "-o", file.with_name("a.png"))
    assert done.exit_code == 1 and "does not exist" in done.stderr and _only(file.parent) == ["scene.npz"]


def test_a_scene_without_points_is_reported(tmp_path: Path) -> None:
    file = _scene().save(tmp_path / "scene.npz")
    for words in (["--as", "cloud", "--max-depth", "0.001"], ["--max-depth", "0.001"], ["--stride", "5000"]):
        done = _render(file, "-o", tmp_path / "a.png", *words)
        assert done.exit_code == 1 and "nothing to render" in done.stderr
        assert _only(tmp_path) == ["scene.npz"]


def test_a_single_point_is_shown(tmp_path: Path) -> None:
    file = _scene().save(tmp_path / "scene.npz")
    done = _render(
        file, "-o", tmp_path / "a.png", "--as", "cloud", "--stride", "5000", "--background", "#ff00ff"
    )
    assert done.exit_code == 0, done.stderr
    shown = (np.asarray(Image.open(tmp_path / "a.png")) != (255, 0, 255)).any(axis=2)
    assert 500 < shown.sum() <= 64 * 64


def test_a_dry_run_shows_the_plan_and_writes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scene, "load", lambda path: pytest.fail("it went on"))
    done = _render(file, "-o", file.with_name("a.gif"), "--dry-run", "--json", "--seconds", "2")
    assert done.exit_code == 0 and json.loads(done.stdout)["ok"]
    assert "25 frames, 2.0 s, swing" in done.stderr and _only(file.parent) == ["scene.npz"]


def test_it_needs_neither_open3d_nor_a_display(file: Path) -> None:
    out = file.with_name("a.png")
    program = (
        "import sys; sys.modules['open3d'] = None\n"
        "from recon_cli.main import main\n"
        f"sys.argv = ['recon', 'render', {str(file)!r}, '-o', {str(out)!r}, '--json']\n"
        "sys.exit(main())"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["written"][0]["width"] == 160  # nothing else is on stdout
    assert Image.open(out).size == (160, 120)


@pytest.mark.parametrize(("shape", "least_db"), [("cloud", 60.0), ("mesh", 40.0)])
def test_through_the_photos_camera_it_is_the_photo(file: Path, shape: str, least_db: float) -> None:
    out = file.with_name("a.png")
    done = _render(file, "-o", out, "--as", shape, "--background", "#ff00ff", "--edge", "0")
    assert done.exit_code == 0, done.stderr
    error = np.asarray(Image.open(out)).astype(float) - _scene().photo.rgb
    assert 10 * np.log10(255**2 / max((error[2:-2, 2:-2] ** 2).mean(), 1e-9)) > least_db


def test_a_short_swing_as_a_gif_begins_with_the_photo(file: Path) -> None:
    out = file.with_name("a.gif")
    done = _render(file, "-o", out, "--seconds", "0.5", "--fps", "10", "--size", "80x60")
    assert done.exit_code == 0, done.stderr
    with Image.open(out) as made:
        assert made.size == (80, 60) and made.n_frames == 5  # type: ignore[attr-defined]
    assert _only(file.parent) == ["a.gif", "scene.npz"]


def test_an_exported_file_becomes_a_folder_of_pictures(file: Path) -> None:
    cloud = _scene().save(file.with_name("cloud.ply"), shape="cloud")
    out = file.with_name("frames")
    words = [
        "--seconds",
        "0.2",
        "--fps",
        "10",
        "--size",
        "81x61",
        "--path",
        "turntable",
        "--background",
        "black",
    ]
    done = _render(cloud, "-o", out, *words)
    assert done.exit_code == 0, done.stderr
    assert _only(out) == ["00001.png", "00002.png"]
    shown = np.asarray(Image.open(out / "00001.png"))
    assert shown.shape == (61, 81, 3) and (shown.max(axis=2) > 0).mean() > 0.05


@pytest.mark.parametrize("size", ["1x1", "2x90", "300x1"])
@pytest.mark.parametrize("shape", ["cloud", "mesh"])
def test_any_size_can_be_had(file: Path, size: str, shape: str) -> None:
    out = file.with_name("a.png")
    done = _render(file, "-o", out, "--size", size, "--as", shape)
    assert done.exit_code == 0, done.stderr
    assert "{}x{}".format(*Image.open(out).size) == size


@pytest.mark.skipif(os.name != "posix", reason="sends Ctrl-C as POSIX does")
@pytest.mark.parametrize("name", ["a.gif", "frames"])
def test_ctrl_c_leaves_nothing(file: Path, name: str) -> None:
    words = ["render", file, "-o", file.with_name(name), "--seconds", "300", "--fps", "50"]
    process = subprocess.Popen(
        [sys.executable, "-m", "recon_cli.main", *map(str, words)], stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 200
    # A frame is there: the film has begun.
    while not any(each.is_file() for each in file.parent.glob(".*.part/**/*")) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=200)
    assert process.returncode == 130 and "Traceback" not in stderr
    assert _only(file.parent) == ["scene.npz"]


@pytest.mark.parametrize("path", ["swing", "turntable", "fly"])
def test_a_hole_shows_a_soft_background_and_not_black(file: Path, path: str) -> None:
    out = file.with_name("frames")
    done = _render(file, "-o", out, "--path", path, "--seconds", "0.4", "--fps", "10", "--size", "80x60")
    assert done.exit_code == 0, done.stderr
    plain = _render(file, "-o", file.with_name("b"), "--path", path, "--seconds", "0.4", "--fps", "10",
                    "--size", "80x60", "--background", "#010203")  # fmt: skip
    assert plain.exit_code == 0, plain.stderr
    for name in _only(out):
        soft, marked = (
            np.asarray(Image.open(folder / name)).astype(int) for folder in (out, file.with_name("b"))
        )
        hole = (marked == (1, 2, 3)).all(axis=2)
        assert soft[hole].size == 0 or (soft[hole].min() > 40 and soft[hole].max() < 216)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ipd", "6cm"], "need --stereo"),
        (["--convergence", "2m"], "need --stereo"),
        (["--stereo", "3d"], "'sbs', 'tb', 'anaglyph', 'cross'"),
        (["--stereo", "sbs", "--ipd", "0"], "must be above 0"),
        (["--stereo", "sbs", "--ipd", "-6cm"], "must be above 0"),
        (["--stereo", "sbs", "--ipd", "nan"], "must be above 0"),
        (["--stereo", "sbs", "--ipd", "63"], "at most 10 m"),
        (["--stereo", "sbs", "--convergence", "0m"], "must be above 0"),
    ],
)
def test_bad_stereo_is_usage(file: Path, words: list[str], message: str) -> None:
    done = _render(file, "-o", file.with_name("a.png"), *words)
    assert done.exit_code == 2 and message in done.stderr
    assert _only(file.parent) == ["scene.npz"]


def test_a_stereo_picture_and_film_say_their_distances(file: Path) -> None:
    done = _render(file, "-o", file.with_name("a.png"), "--stereo", "tb", "--json", "--convergence", "inf")
    assert done.exit_code == 0, done.stderr
    (written,) = json.loads(done.stdout)["written"]
    with Image.open(file.with_name("a.png")) as picture:
        assert picture.size == (written["width"], written["height"]) and picture.height == 240
    assert "63 mm apart, parallel" in done.stderr
    film = file.with_name("a.gif")
    done = _render(file, "-o", film, "--stereo", "sbs", "--ipd", "2m", "--size", "80x60", "--seconds", "0.2")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"strains eyes: use --ipd \d+mm or less", done.stderr)
    assert "2000 mm apart, no parallax at" in done.stderr
    with Image.open(film) as picture:
        assert picture.size == (160, 60) and getattr(picture, "n_frames", 1) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["-o", "a.png", "--aperture", "f/2"], 2, "--aperture needs --refocus"),
        (["-o", "a.png", "--refocus", "80"], 2, "expected 812,440"),
        (["-o", "a.png", "--refocus", "80,60", "--aperture", "f/0"], 2, "expected an f-number"),
        (["-o", "a.png", "--refocus", "80,60", "--aperture", "nan"], 2, "expected an f-number"),
        (["-o", "a.gif", "--refocus", "80,60"], 2, "--refocus makes an image"),
        (["-o", "a.png", "--refocus", "80,60", "--stereo", "sbs"], 2, "--refocus makes an image"),
        (["-o", "a.png", "--refocus", "800,60"], 1, "800,60 is outside the photo, which is 160 x 120 px"),
        (["-o", "a.gif", "--subject", "8,600"], 1, "8,600 is outside the photo"),
        (["-o", "a.png", "--refocus", "80,20", "--max-depth", "5.9"], 1, "nothing is at 80,20"),
    ],
)
def test_bad_refocus_is_refused(file: Path, words: list[str], code: int, message: str) -> None:
    done = _render(file, "-o", file.parent / words[1], *words[2:])
    assert done.exit_code == code and message in done.stderr, done.stderr
    assert _only(file.parent) == ["scene.npz"]


@pytest.mark.parametrize("words", [["--refocus", "800,60"], ["--subject", "800,60", "--path", "dolly-zoom"]])
def test_a_position_outside_a_photo_is_refused_before_the_network_runs(
    tmp_path: Path, words: list[str]
) -> None:
    photo, output = tmp_path / "a.png", "b.gif" if "--path" in words else "b.png"
    Image.new("RGB", (160, 120)).save(photo)
    done = _render(photo, "-o", tmp_path / output, "--model", "preview", *words)
    assert done.exit_code == 1 and "800,60 is outside the photo, which is 160 x 120 px" in done.stderr
    assert "Estimating" not in done.stderr and _only(tmp_path) == ["a.png"]


def test_refocus_and_dolly_zoom_say_their_distances(file: Path) -> None:
    picture = file.with_name("a.png")
    done = _render(file, "-o", picture, "--refocus", "80,20", "--aperture", "1.4")
    assert done.exit_code == 0 and picture.is_file(), done.stderr
    assert "6.00 m, f/1.4: an aperture of 30.9 mm" in done.stderr
    words = ["--path", "dolly-zoom", "--subject", "80,20", "--seconds", "0.3"]
    done = _render(file, "-o", file.with_name("a.gif"), *words)
    assert done.exit_code == 0 and "what is 6.00 m ahead keeps its size" in done.stderr, done.stderr
