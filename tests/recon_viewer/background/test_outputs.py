"""Outputs of the viewer: films, Blender, the clipboard."""

import os
import threading
import time
from pathlib import Path

import pytest
from PIL import Image
from viewer_scenes import room

from recon.errors import ViewerError
from recon_viewer.background import outputs


@pytest.mark.slow
def test_a_film_is_written(tmp_path: Path) -> None:
    message = outputs.film(room(), tmp_path / "a.gif", "swing", threading.Event())
    assert message.startswith(f"written {tmp_path / 'a.gif'}: ")
    with Image.open(tmp_path / "a.gif") as film:
        assert film.size == (160, 120) and film.n_frames == 75
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


class _SetAfter(threading.Event):
    """An event that another thread sets while the film is rendered: after it was asked for ``questions`` times.

    A timer in its place would race with the renderer.
    """

    def __init__(self, questions: int) -> None:
        super().__init__()
        self.questions = questions

    def is_set(self) -> bool:
        self.questions -= 1
        return self.questions < 0


def test_a_film_can_be_given_up(tmp_path: Path) -> None:
    stop, frames = _SetAfter(10), list[tuple[int, int]]()
    message = outputs.film(
        room(), tmp_path / "a.gif", "swing", stop, lambda done, count: frames.append((done, count))
    )
    assert "cancelled" in message and not list(tmp_path.iterdir())
    assert stop.questions == -1, "it ends at the first answer"
    assert frames == [(done, 75) for done in range(10)]


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands in for Blender")
def test_blender_gets_the_scene_and_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, folder = tmp_path / "blender", tmp_path / "folder"
    folder.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/message\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    outputs.open_in_blender(room(), folder)
    until = time.monotonic() + 60
    while not (tmp_path / "message").exists() and time.monotonic() < until:
        time.sleep(0.05)
    words = (tmp_path / "message").read_text().split()
    assert "--background" not in words and words[-2:] == ["--", str((folder / "scene.glb").resolve())]
    script = Path(words[words.index("--python") + 1])
    assert script.name == "open_scene.py" and script.is_file()
    assert (folder / "scene.glb").stat().st_size > 1000


def test_without_blender_it_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon.blender.find_blender._usual_places", lambda: [])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ViewerError, match=r"blender\.org/download.*recon blender"):
        outputs.open_in_blender(room(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_clipboard_gets_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/board\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    outputs.copy_text("1.06 m ± 0.01\n")
    assert (tmp_path / "board").read_text("utf-8") == "1.06 m ± 0.01\n"
    program.unlink()
    with pytest.raises(ViewerError, match="CSV"):
        outputs.copy_text("x")
