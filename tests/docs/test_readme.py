"""The README's examples run as they stand where its photo.jpg is the sample living room."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from recon_cli.group import recon as command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SAMPLES = ROOT / "sample_data"
COMMANDS = [
    line.split(" # ")[0] for line in re.findall(r"^    (?:\./dev )?(recon .*)$", README, re.MULTILINE)
]
NEEDS = {"view": "a window", "pull": "the network", "blender": "Blender"}
"""Words of commands that are not run here, and why."""
NETWORKS = re.compile(r"\b(depthpro|dav2[a-z-]*)\b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the README names: photo.jpg, photos/, lidar/ and clip.mp4, and the samples themselves."""
    shutil.copytree(SAMPLES, tmp_path / "sample_data")
    shutil.copy(SAMPLES / "living_room.jpg", tmp_path / "photo.jpg")
    shutil.copytree(
        SAMPLES, tmp_path / "photos", ignore=shutil.ignore_patterns("*.depth.png", "*.md", "*.json")
    )
    (tmp_path / "lidar").mkdir()
    for photo in (tmp_path / "photos").iterdir():
        shutil.copy(SAMPLES / f"{photo.stem}.depth.png", tmp_path / "lidar" / f"{photo.stem}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _clip(path: Path) -> None:
    av = pytest.importorskip("av", reason="reading videos needs av")
    from PIL import Image

    picture = Image.open(SAMPLES / "living_room.jpg").resize((288, 216))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
        for _ in range(11):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


def _run(words: list[str]) -> str:
    done = CliRunner().invoke(command, [NETWORKS.sub("preview", word) for word in words])
    assert done.exit_code == 0, (words, done.output)
    return done.output


def _outputs(words: list[str]) -> list[Path]:
    return [Path(words[k + 1]) for k, word in enumerate(words) if word == "-o"]


def test_the_examples_are_found_and_the_first_screen_has_the_first_tries() -> None:
    assert len(COMMANDS) >= 15
    screen = README.split("## Try it")[0]
    assert "recon photo.jpg" in screen and "recon build photo.jpg" in screen


def test_the_commands_run(folder: Path) -> None:
    printed = []
    for line in COMMANDS:
        words = shlex.split(line)[1:]
        if any(word in NEEDS for word in words):
            continue
        if words[0] == "eval":
            shutil.copy(SAMPLES / "pairs.json", folder / "photos")
            for depth in SAMPLES.glob("*.depth.png"):
                shutil.copy(depth, folder / "photos")
        if "clip.mp4" in words and not Path("clip.mp4").exists():
            _clip(Path("clip.mp4"))
        fresh = "--resume" not in words and words[0] in ("build", "depth", "render")
        for path in _outputs(words) if fresh else []:
            # Each example is a first one: what another wrote is not in its way.
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        output = _run(words)
        assert all(path.exists() for path in _outputs(words)), words
        printed.append((words, output))
    assert Path("photo.glb").exists(), "recon photo.jpg"
    (measured,) = [output for words, output in printed if "scene.npz" in words and words[0] == "measure"]
    (in_plane,) = [output for words, output in printed if "--rectangle" in words]
    assert "distance 279,195:1117,142" in measured
    # The picture to the right of the rectangle is 0.44 m wide.
    assert float(re.findall(r"([\d.]+) m ±", in_plane)[0]) == pytest.approx(0.44, abs=0.02)


def test_the_program_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(program, "README.md", "exec"), {"__name__": "example"})
    printed = capsys.readouterr().out
    assert "photo.jpg, 1152 x 864 px" in printed and "95 %" in printed
    assert Path("scene.glb").exists()
