"""Nothing stays in the temporary folder, however a process ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recon.temporary_folders import page_folder

MAKES = """
import os, sys
from tempfile import TemporaryDirectory
from recon.temporary_folders import process_folder
kept = TemporaryDirectory(dir=process_folder())
print(process_folder(), flush=True)
"""


def _command(then: str) -> list[str]:
    return [sys.executable, "-c", MAKES + then]


@contextmanager
def _started(folder: Path, then: str = "sys.stdin.read()") -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A process that has made its folder, and the folder."""
    with subprocess.Popen(
        _command(then), env={**os.environ, "TMPDIR": str(folder)}, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


@pytest.mark.skipif(sys.platform == "win32", reason="locks and signals of POSIX")
@pytest.mark.parametrize("ends", ["killed", "os._exit"])
def test_the_next_process_removes_what_an_ended_one_left_and_no_other(ends: str, tmp_path: Path) -> None:
    with _started(tmp_path) as (_, of_another):
        with _started(tmp_path, "sys.stdin.readline(); os._exit(0)") as (process, left):
            if ends == "killed":
                process.send_signal(signal.SIGKILL)
            process.communicate("\n")
        assert set(tmp_path.iterdir()) == {of_another, left} and list(left.iterdir())
        with _started(tmp_path) as (_, third):
            assert set(tmp_path.iterdir()) == {of_another, third} and list(of_another.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_without_cleaning_up_can_do_so_before(tmp_path: Path) -> None:
    then = "from recon import temporary_folders as t; t.remove_process_folder(); os._exit(0)"
    with _started(tmp_path, then) as (process, _):
        process.wait()
    assert not list(tmp_path.iterdir())


def _page() -> Path:
    with page_folder() as folder:
        (folder / "1.html").write_text("page")
    return folder


def test_pages_live_for_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, new = _page(), _page()
    day_ago_s = old.stat().st_mtime - 24 * 3600 - 60
    os.utime(old, (day_ago_s, day_ago_s))
    newest = _page()
    assert set(tmp_path.iterdir()) == {new, newest}
    with pytest.raises(OSError, match="no page"), page_folder():
        raise OSError("no page")
    assert set(tmp_path.iterdir()) == {new, newest}
