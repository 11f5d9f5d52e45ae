"""The record of the outputs of earlier runs."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recon.batch.existing import settings_of
from recon.batch.file_check import describe_file
from recon.batch.run_log import FailedPhoto, Record
from recon.errors import ExportError, Failure
from recon.options import Options

PLY = bytes(range(256)) * 500


def written(folder: Path, name: str, **settings: int) -> tuple[Record, Path]:
    """A record with one output done, and the photo that it is of."""
    folder.mkdir(exist_ok=True)
    photo = folder.parent / f"{name}.jpg"
    photo.write_bytes(b"photo")
    with Record(folder, settings) as record:
        record.open()
        (folder / f"{name}.ply").write_bytes(PLY)
        record.begin(str(photo), [f"{name}.ply"])
        record.end(
            str(photo), [photo], [f"{name}.ply"], {f"{name}.ply": describe_file(folder / f"{name}.ply")}
        )
    return record, photo


def test_done_means_the_same_photo_settings_and_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _, photo = written(out, "a", stride=1)
    again = Record(out, {"stride": 1})
    assert again.is_done("a.ply", [photo]) and again.is_ours("a.ply") and again.has_written(out / "a.ply")
    assert not again.is_done("b.ply", [photo]) and not again.is_ours("b.ply")
    assert not again.is_done("a.ply", [photo, photo])
    other = Record(out, {"stride": 2})
    assert not other.is_done("a.ply", [photo]) and not other.is_ours("a.ply")
    assert other.other_settings(["b.ply", "a.ply"]) == {"stride": 1} and again.other_settings(["a.ply"]) == {}
    photo.write_bytes(b"another")
    assert not again.is_done("a.ply", [photo])
    photo.unlink()
    assert not again.is_done("a.ply", [photo])
    (out / "a.ply").unlink()
    _, photo = written(out, "a", stride=1)
    (out / "a.ply").unlink()
    assert not Record(out, {"stride": 1}).is_done("a.ply", [photo])


def test_what_was_begun_may_be_replaced_and_is_not_done(tmp_path: Path) -> None:
    record, photo = written(tmp_path / "out", "a")
    record.open()
    record.begin(str(photo), ["a.ply"])
    again = Record(tmp_path / "out", {})
    assert again.is_ours("a.ply") and not again.is_done("a.ply", [photo])
    record.fail(str(photo), ValueError("no"))
    assert again.is_ours("a.ply")


def test_runs_of_several_settings_share_a_record(tmp_path: Path) -> None:
    _, first = written(tmp_path / "out", "a", stride=1)
    _, second = written(tmp_path / "out", "b", stride=2)
    assert Record(tmp_path / "out", {"stride": 1}).is_done("a.ply", [first])
    assert Record(tmp_path / "out", {"stride": 2}).is_done("b.ply", [second])


def begin_often(record: Record, k: int) -> None:
    for _ in range(50):
        record.begin(f"{k}" * 500, [f"{k}"])


def test_rows_of_several_threads_stay_whole(tmp_path: Path) -> None:
    record, photo = written(tmp_path / "out", "a")
    record.open()
    rows = [threading.Thread(target=begin_often, args=(record, k)) for k in range(4)]
    for thread in rows:
        thread.start()
    for thread in rows:
        thread.join()
    lines = [json.loads(line) for line in record.path.read_text().splitlines()]
    assert len(lines) == 3 + 4 * 50 and Record(tmp_path / "out", {}).is_done("a.ply", [photo])


def test_a_cut_line_is_forgotten(tmp_path: Path) -> None:
    record, photo = written(tmp_path / "out", "a")
    whole = record.path.read_bytes()
    record.path.write_bytes(whole + whole.splitlines()[-1][:40])
    with Record(tmp_path / "out", {}) as again:
        again.open()
    assert again.is_done("a.ply", [photo]) and record.path.read_bytes() == whole


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="is a file"):
        Record(tmp_path / "file", {}).open()
    with pytest.raises(ExportError, match="create it first"):
        Record(tmp_path / "no" / "out", {}).open()


def test_a_list_of_failures_that_is_not_ours_stays(tmp_path: Path) -> None:
    record, _ = written(tmp_path / "out", "a")
    path = tmp_path / "out" / "failed.json"
    for text in ("[1]", "{}", "no json"):
        path.write_text(text)
        assert record.write_failed([]) is None and path.read_text() == text
    assert record.write_failed([FailedPhoto("a", Failure("E", "bad"), {"frame": 3})]) == path
    listed = {"photo": "a", "error": {"type": "E", "message": "bad"}, "frame": 3}
    assert json.loads(path.read_text())["failed"] == [listed]
    assert record.write_failed([]) is None and not path.exists()


def test_settings_hold_what_is_not_as_by_default() -> None:
    result = settings_of(
        Options(stride=2, depth=Path("d"), offline=True), {"command": "build", "shape": None}
    )
    assert result == {"command": "build", "stride": 2, "depth": str(Path("d").absolute()), "shape": None}


def cut(path: Path, size: int) -> None:
    """As a power cut leaves a file: shorter, with the time that it had."""
    before = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:size])
    os.utime(path, ns=(before, before))


@pytest.mark.parametrize("keep", [0, 10, 100, 50_000, len(PLY) - 1])
@pytest.mark.parametrize("old_time", [True, False])
def test_what_is_empty_or_cut_off_is_not_done(tmp_path: Path, keep: int, old_time: bool) -> None:
    _, photo = written(tmp_path / "out", "a")
    path = tmp_path / "out" / "a.ply"
    if old_time:
        cut(path, keep)
    else:
        path.write_bytes(PLY[:keep])
    assert not Record(tmp_path / "out", {}).is_done("a.ply", [photo])


def test_blocks_of_zeros_are_not_done(tmp_path: Path) -> None:
    _, photo = written(tmp_path / "out", "a")
    path = tmp_path / "out" / "a.ply"
    before = path.stat().st_mtime_ns
    path.write_bytes(PLY[:50_000] + bytes(len(PLY) - 50_000))
    os.utime(path, ns=(before, before))
    assert not Record(tmp_path / "out", {}).is_done("a.ply", [photo])


def test_what_somebody_worked_on_is_done_and_changed(tmp_path: Path) -> None:
    _, photo = written(tmp_path / "out", "a")
    for work in (b"mine" + PLY, b"mine" * 1000, PLY[:-1] + b"x"):
        (tmp_path / "out" / "a.ply").write_bytes(work)
        again = Record(tmp_path / "out", {})
        assert again.is_done("a.ply", [photo]) and again.changed("a.ply")
    (tmp_path / "out" / "a.ply").write_bytes(PLY)  # a copy, with another time
    again = Record(tmp_path / "out", {})
    assert again.is_done("a.ply", [photo]) and not again.changed("a.ply")


def test_one_run_at_a_time(tmp_path: Path) -> None:
    record, _ = written(tmp_path / "out", "a")
    record.open()
    before = record.path.read_bytes()
    for act in (Record.lock, Record.open):
        with pytest.raises(ExportError, match="another run is writing to"):
            act(Record(tmp_path / "out", {}))
    code = (
        "import sys; from pathlib import Path; from recon.batch.run_log import Record; "
        "Record(Path(sys.argv[1]), {}).open()"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True
    )
    assert other.returncode == 1 and "another run is writing to" in other.stderr
    assert record.path.read_bytes() == before
    record.close()
    with Record(tmp_path / "out", {}) as again:
        again.lock()


def test_rows_of_a_run_that_ended_meanwhile_are_kept(tmp_path: Path) -> None:
    """The second run reads the record, the first writes a row and ends, then the second continues."""
    first, photo = written(tmp_path / "out", "a")
    with Record(tmp_path / "out", {}) as second:
        first.open()
        first.begin(str(photo), ["b.ply"])
        first.close()
        rows = first.path.read_bytes()
        second.open()
        assert second.path.read_bytes() == rows and second.is_ours("b.ply")
