"""A batch that is killed or stopped can be resumed, and leaves no partial files."""

import signal
import sys
import time
from pathlib import Path

import pytest
from photo_folders import build, make_photos, names_in, rows_of, run, start

COUNT = 12
NAMES = [f"p{k:02d}" for k in range(COUNT)]
WORDS = ["build", "@photos", "-o", "@out", "--depth", "@depths", "--focal-px", "200", "--format", "ply"]
# Each file takes a while, so that the stop comes in the middle of one.
SLOW = """
import time
from dataclasses import replace
from recon.export import registry
known = dict(registry.formats())
plain = known['.ply'].write
def write(content, path):
    with path.open('wb') as file:
        file.write(b'half')
    time.sleep(SECONDS)
    plain(content, path)
known['.ply'] = replace(known['.ply'], write=write)
registry.formats = lambda: known
"""


@pytest.fixture
def many(tmp_path: Path) -> Path:
    make_photos(tmp_path, NAMES)
    return tmp_path


def wait_for(folder: Path, count: int, *, half: bool = False) -> None:
    """Until so many files are there, and one is being written."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if len(list(folder.glob("*.ply"))) >= count and (not half or list(folder.glob(".*.part/*"))):
            return
        time.sleep(0.01)
    pytest.fail("the batch wrote nothing")


def assert_as_undisturbed(folder: Path) -> None:
    """``out`` holds the files of a run that nothing stopped, byte for byte, and no others."""
    done = run(folder, *(word.replace("@out", "@whole") for word in WORDS))
    assert done.exit_code == 0, done.stderr
    out, whole = folder / "out", folder / "whole"
    assert names_in(out) == names_in(whole) == [f"{name}.ply" for name in NAMES]
    for name in names_in(whole):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def test_killed_in_the_middle_it_goes_on(many: Path) -> None:
    out = many / "out"
    with start(many, *WORDS, program=SLOW.replace("SECONDS", "0.1")) as process:
        wait_for(out, 3, half=True)
        process.kill()
        process.communicate(timeout=60)
    there = sorted(path.stem for path in out.glob("*.ply"))
    assert 3 <= len(there) < COUNT and there == NAMES[: len(there)]
    recorded = [Path(row["photo"]).stem for row in rows_of(out)]
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.ply")}
    with (out / "batch.jsonl").open("a") as file:
        file.write('{"kind": "photo", "photo"')  # a line that was cut in the middle
    done = build(many, "--format", "ply", "--resume")
    assert done.exit_code == 0, done.stderr
    assert f"{len(recorded)} of {COUNT} are already done" in done.stderr
    for name in recorded:
        assert (out / f"{name}.ply").stat().st_mtime_ns == before[f"{name}.ply"]
    assert [row["ok"] for row in rows_of(out)] == [True] * COUNT
    assert not list(out.glob(".*.part")), "what the killed process was writing"
    assert_as_undisturbed(many)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_stopped_it_finishes_what_it_writes_and_says_how_to_go_on(many: Path, number: str, code: int) -> None:
    out = many / "out"
    with start(many, *WORDS, program=SLOW.replace("SECONDS", "0.3")) as process:
        wait_for(out, 2, half=True)
        process.send_signal(getattr(signal, number))
        _, output = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "finishing p" in output and "with --resume" in output and "Traceback" not in output
    written = names_in(out)
    assert 3 <= len(written) < COUNT and all(name.endswith(".ply") for name in written)
    assert len(rows_of(out)) == len(written)
    assert build(many, "--format", "ply", "--resume").exit_code == 0
    assert_as_undisturbed(many)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_stopped_twice_it_ends_at_once(many: Path) -> None:
    out = many / "out"
    with start(many, *WORDS, program=SLOW.replace("time.sleep(SECONDS)", "time.sleep(60)")) as process:
        wait_for(out, 0, half=True)
        start_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, output = process.communicate(timeout=55)
    assert process.returncode == 130 and "no partial file" in output and "Traceback" not in output
    assert time.monotonic() - start_s < 50
    assert names_in(out) == []
