"""What a run on a Ray cluster is refused for, without one."""

from pathlib import Path
from typing import Any

import known_pairs
import pytest
from photo_folders import make_photos, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``photos`` with two photos."""
    make_photos(tmp_path, "ab")
    return tmp_path


@pytest.mark.usefixtures("no_model")
def test_what_cannot_be_is_refused_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    words = ("build", "@photos", "-o", "@out")
    done = run(folder, *words, "--ray", "127.0.0.1:9")
    assert (
        done.exit_code == 1 and "cannot be reached (" in done.stderr and "Connection refused" in done.stderr
    )
    with monkeypatch.context() as patched:

        def too_late(*anything: Any, **more: Any) -> None:
            raise Exception("The current node timed out during startup. This could happen")

        patched.setattr(ray, "init", too_late)
        done = run(folder, *words, "--ray", "local")
        assert done.exit_code == 1 and "local does not start (The current node timed out" in done.stderr
    (folder / "photos" / "clip.mp4").write_bytes(b"x")
    done = run(folder, *words, "@photos/clip.mp4", "--ray", "local")
    assert done.exit_code == 1 and "clip.mp4 is a video" in done.stderr
    for flag in ("--ray-cpus", "--ray-gpus"):
        done = run(folder, *words, "--ray", "local", flag, "nan")
        assert done.exit_code == 2 and "not a finite number" in done.stderr
    done = run(folder, *words, "--ray-actors", "2")
    assert done.exit_code == 2 and "--ray" in done.stderr
    done = run(folder, "build", "@photos/a.jpg", "-o", "@a.ply", "--ray", "local")
    assert done.exit_code == 2 and "--ray" in done.stderr
    done = run(folder, "eval", "@photos", "--error-model", "@errors.json", "--ray", "local")
    assert done.exit_code == 2 and "give it with -o" in done.stderr
    done = run(folder, "eval", "@photos", "--ray-cpus", "2")
    assert done.exit_code == 2 and "add --ray" in done.stderr
    monkeypatch.setattr("recon.batch.ray_cluster.find_spec", lambda name: None)
    done = run(folder, *words, "--ray", "local")
    assert done.exit_code == 1 and 'pip install "recon[ray]"' in done.stderr
    assert not (folder / "out").exists()


def test_an_unreachable_cluster_leaves_the_earlier_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    known_pairs.make(tmp_path)
    words = ("eval", "@.", "--model", "preview", "-o", "@report")
    done = run(tmp_path, *words, "--ray", "127.0.0.1:9")
    assert done.exit_code == 1 and "cannot be reached" in done.stderr
    assert not (tmp_path / "report").exists()
    assert run(tmp_path, *words, "--limit", "1", "--pictures", "0").exit_code == 0
    before = (tmp_path / "report" / "rows.jsonl").read_bytes()
    done = run(tmp_path, *words, "--overwrite", "--ray", "127.0.0.1:9")
    assert done.exit_code == 1 and "cannot be reached" in done.stderr
    assert (tmp_path / "report" / "rows.jsonl").read_bytes() == before and b'"pair"' in before
