"""The commands of the README and of the pages run as they stand where photo.jpg is the sample living room."""

import re
import shlex
import shutil
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from recon.depth import registry
from recon_cli.group import recon as command
from tools.pictures import measured_text

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SAMPLES = ROOT / "sample_data"
PAGES = {
    path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}


def commands_of(page: str) -> list[str]:
    """The lines of a page's blocks that run recon."""
    lines = re.findall(r"^    (?:\./dev )?(recon .*)$", PAGES[page], re.MULTILINE)
    return [line.split(" # ")[0] for line in lines]


NOT_RUN_HERE = {"add-a-depth-model.md", "add-a-format.md"}
"""Pages whose commands need what the reader has written; tests/docs/test_examples.py runs them."""
WITH_COMMANDS = [page for page in PAGES if commands_of(page) and page not in NOT_RUN_HERE]
NEEDS = {
    "view": "a window",
    "pull": "the network",
    "blender": "Blender",
    "join": "several photos of one place: tests/join",
    "s3://bucket/photos/": "a store: tests/batch/test_stores.py",
    "--ray": "a cluster: tests/batch/test_ray_pipeline.py",
    "--error-model": "five photos with depth",
    "preview.mlpackage": "20 s: tests/depth/onnx/test_coreml.py runs the same command",
}
"""Words of commands that are not run here, and why."""
NETWORKS = re.compile(r"\b(depthpro|(dav2|da3|moge2)[a-z-]*)\b")


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
    shutil.copy(SAMPLES / "living_room.depth.png", tmp_path / "lidar.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _export(words: list[str], request: pytest.FixtureRequest) -> list[str]:
    """With a tiny random network where the weights are not here; preview is traced once in all tests."""
    request.getfixturevalue("one_trace")
    if words[2] == "preview":
        return words
    return [*words[:2], f"hf:{request.getfixturevalue('relative_folder')}", *words[3:]]


def _clip(path: Path) -> None:
    av = pytest.importorskip("av", reason="reading videos needs av")
    picture = Image.open(SAMPLES / "living_room.jpg").resize((288, 216))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


def _run(words: list[str]) -> str:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, (words, done.output)
    return done.output


def _outputs(words: list[str]) -> list[Path]:
    return [Path(words[k + 1]) for k, word in enumerate(words) if word == "-o"]


def test_the_examples_are_found_and_the_first_screen_has_the_first_tries() -> None:
    assert sum(len(commands_of(page)) for page in WITH_COMMANDS) >= 25
    assert {"README.md", "blender.md", "measuring.md", "many-photos.md"} <= set(WITH_COMMANDS)
    screen = README.split("## Try it")[0]
    assert "recon photo.jpg" in screen and "recon build photo.jpg" in screen and "scene.webp" in screen
    assert "./dev recon build" in README and "./dev test" in README


def test_the_readme_is_short() -> None:
    words = [word for word in README.split() if re.search(r"\w", word)]
    assert len(words) <= 900, "move something to docs/"


def _named(page: str) -> list[str]:
    """Every command that a page names, in blocks of any kind and within sentences."""
    text = PAGES[page]
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(fenced).replace("\\\n", " ").splitlines()
    within = re.findall(r"`(recon\s[^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    lines = [line.removeprefix("./dev ") for line in lines] + [" ".join(each.split()) for each in within]
    return commands_of(page) + [line.split(" # ")[0] for line in lines if re.match(r"recon [a-z]", line)]


def _parses(words: list[str]) -> None:
    """Options that are there, with as many values as they take; the values themselves are not read."""
    group: click.Command = command
    context = click.Context(group)
    while isinstance(group, click.Group) and words and words[0] in group.commands:
        group = group.commands[words[0]]
        group = getattr(group, "command", group)
        context, words = click.Context(group, parent=context, info_name=group.name), words[1:]
    group.make_parser(context).parse_args(list(words))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_has_the_options_that_it_uses(page: str) -> None:
    for line in _named(page):
        words = shlex.split(line.replace("...", ""))[1:]
        assert words[0] in command.commands or "." in words[0], line
        try:
            _parses([*words, "value"] if words[-1].startswith("-") else words)
        except click.ClickException as error:
            pytest.fail(f"{line}: {error.format_message()}")


def test_commands_are_found_within_sentences_and_wrong_options_are_noticed() -> None:
    assert sum(len(_named(page)) for page in PAGES) >= 150
    for words in (
        ["build", "a.jpg", "--colour", "1"],
        ["models", "export", "preview", "--to", "a"],
        ["view", "--depth"],
    ):
        with pytest.raises(click.ClickException):
            _parses(words)


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_the_commands_of_a_page_run(page: str, folder: Path, request: pytest.FixtureRequest) -> None:
    # The pages speak of scene.npz and scene.glb as of files that one has.
    for name in ("scene.npz", "scene.glb"):
        if name in PAGES[page]:
            _run(["build", "photo.jpg", "--model", "preview", "-o", name])
    for line in commands_of(page):
        words = shlex.split(line)[1:]
        two_networks = words[0] == "compare" and "--depth" not in words
        if two_networks or any(word in NEEDS for word in words):
            continue
        exports = words[:2] == ["models", "export"]
        words = _export(words, request) if exports else [NETWORKS.sub("preview", word) for word in words]
        if words[0] == "eval":
            shutil.copy(SAMPLES / "pairs.json", folder / "photos")
            for depth in SAMPLES.glob("*.depth.png"):
                shutil.copy(depth, folder / "photos")
        if "clip.mp4" in words and not Path("clip.mp4").exists():
            _clip(Path("clip.mp4"))
        writes = exports or words[0] in ("build", "depth", "render", "compare", "features")
        fresh = writes and "--resume" not in words
        for path in _outputs(words) if fresh else []:
            # Each example is a first one: what another wrote is not in its way.
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if words == ["photo.jpg"]:
            Path("photo.glb").unlink(missing_ok=True)
        output = _run(words)
        assert all(path.exists() for path in _outputs(words)), words
        if "--rectangle" in words:
            # The picture to the right of the rectangle is 0.44 m wide.
            assert float(re.findall(r"([\d.]+) m ±", output)[0]) == pytest.approx(0.44, abs=0.02)
        elif words[0] == "measure":
            assert "distance 279,195:1117,142" in output


def test_the_measured_example_of_the_readme_is_what_its_command_and_its_picture_say(folder: Path) -> None:
    (command_line,) = [line for line in commands_of("README.md") if "--rectangle" in line]
    text = measured_text(*Image.open("photo.jpg").size)
    assert text in _run(shlex.split(command_line)[1:])
    assert text.removesuffix(" (95 %)") in README
    low, high = (float(number) for number in re.findall(r"[\d.]+", text)[:2])
    assert abs(low - 0.44) < high, "the interval holds the truth"


def test_the_table_of_models_is_that_of_the_registry() -> None:
    rows = re.findall(r"^\| (`.*?) \| .* \| (.*?) \| (yes|no) \|$", README, re.MULTILINE)
    listed = {
        name: (licence, use == "yes")
        for names, licence, use in rows
        for name in re.findall(r"`(.*?)`", names)
    }
    for card in registry.cards():
        if card.repository is None and card.name != "preview":
            continue
        (matching,) = [name for name in listed if fnmatch(card.name, name)]
        licence, commercial = listed[matching]
        assert commercial == bool(card.commercial) and card.licence.startswith(licence), card.name


def test_the_program_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(program, "README.md", "exec"), {"__name__": "example"})
    assert "photo.jpg, 1152 x 864 px" in capsys.readouterr().out
    assert Path("scene.glb").exists()
