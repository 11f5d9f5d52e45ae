"""Many photos from Python."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from photo_folders import make_photos, names_in, rows_of
from photo_folders import run as run_command

from recon import Options, batch
from recon.errors import ExportError, PhotoError
from recon.export import registry
from recon.export.format import Content, Format
from recon.journal import Journal

NAMES = "abcdef"
ALL = [f"{name}.ply" for name in NAMES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``photos`` with six photos, a to f, and ``depths`` with the measured depth of each."""
    make_photos(tmp_path, NAMES)
    return tmp_path


def options(folder: Path) -> Options:
    return Options(depth=folder / "depths", focal_px=200.0)


def run(folder: Path, out: str = "out", **how: Any) -> batch.Summary:
    return batch.run(folder / "photos", folder / out, options(folder), **how)


def files_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names_in(folder)}


def record_in(folder: Path) -> list[dict[str, Any]]:
    """The rows of the record by photo, without the times of the outputs. Several photos are under way at once, so
    that the order of rows depends on the machine.
    """
    rows = [json.loads(line) for line in (folder / "batch.jsonl").read_text().splitlines()]
    for row in rows:
        for written in row.get("contents", {}).values():
            del written[1:2]
    return sorted(rows, key=lambda row: (row.get("photo", ""), row["kind"]))


@pytest.mark.slow
def test_the_same_files_and_record_as_the_command(folder: Path) -> None:
    (folder / "photos" / "c.jpg").write_bytes(b"")
    done = run(folder, formats=["ply", "glb"], workers=1)
    words = ["--depth", "@depths", "--focal-px", "200", "--format", "ply,glb"]
    assert run_command(folder, "build", "@photos", "-o", "@command", *words).exit_code == 1
    ours, theirs = files_in(folder / "out"), files_in(folder / "command")
    assert ours == theirs and len(ours) == 11  # five photos in two formats, and failed.json
    assert record_in(folder / "out") == record_in(folder / "command")
    assert not done.ok and [Path(one.photo).name for one in done.failed] == ["c.jpg"]


def test_depth_maps_as_the_command(folder: Path) -> None:
    run(folder, maker=batch.DepthFiles([".png", ".npy"]))
    words = ["--depth", "@depths", "--focal-px", "200", "--format", "png,npy"]
    assert run_command(folder, "depth", "@photos", "-o", "@command", *words).exit_code == 0
    assert files_in(folder / "out") == files_in(folder / "command")
    assert len(files_in(folder / "out")) == 12


def test_the_events_of_a_run_in_order(folder: Path) -> None:
    (folder / "photos" / "b.jpg").write_bytes(b"")
    events: list[batch.Event] = []
    done = run(folder, on_event=events.append)
    kinds = [type(event) for event in events]
    assert kinds[:2] == [batch.Listed, batch.Planned] and kinds[-1] is batch.Finished
    assert [event.name for event in events if isinstance(event, batch.Started)] == list("acdef")
    ends = [event for event in events if isinstance(event, batch.Written | batch.Failed)]
    assert [(type(event).__name__, event.name) for event in ends] == [
        (("Failed" if name == "b" else "Written"), name) for name in NAMES
    ]
    (failed,) = (event for event in events if isinstance(event, batch.Failed))
    assert isinstance(failed.error, PhotoError) and failed.failed in done.failed
    (counted,) = (event for event in events if isinstance(event, batch.Counted))
    assert counted.total == 6 and events[-1] == batch.Finished(done)
    written = next(event for event in events if isinstance(event, batch.Written))
    size = (folder / "out" / "a.ply").stat().st_size
    assert (written.files[0]["path"], written.files[0]["bytes"]) == (str(folder / "out" / "a.ply"), size)
    assert {"photo", "depth", "written"} <= {entry.topic for entry in written.entries}
    with pytest.raises(FrozenInstanceError):
        written.name = "b"  # type: ignore[misc]


def test_progress_of_the_network_is_reported(folder: Path) -> None:
    events: list[batch.Event] = []
    batch.run(folder / "photos", folder / "out", Options(offline=True), on_event=events.append)
    stages = [event for event in events if isinstance(event, batch.Progress)]
    assert {event.name for event in stages} == set(NAMES) and stages[-1].stage == ""
    notes = [event.entry for event in events if isinstance(event, batch.Noted)]
    assert any(note.topic == "model" for note in notes)


def test_resume_does_what_is_missing(folder: Path) -> None:
    assert run(folder).ok
    whole = files_in(folder / "out")
    (folder / "out" / "b.ply").unlink()
    (folder / "out" / "d.ply").write_bytes(whole["d.ply"][:1000])
    events: list[batch.Event] = []
    again = run(folder, resume=True, on_event=events.append)
    assert again.done_before == 4 and [Path(each["photo"]).stem for each in again.written] == ["b", "d"]
    assert [event.name for event in events if isinstance(event, batch.Skipped)] == list("acef")
    assert files_in(folder / "out") == whole
    last = run(folder, resume=True)
    assert last.ok and last.done_before == 6 and not last.written
    with pytest.raises(ExportError, match="exist"):
        run(folder)
    assert run(folder, overwrite=True).ok and files_in(folder / "out") == whole


@pytest.mark.parametrize("workers", [1, 3])
def test_cancelled_it_ends_with_whole_files_and_goes_on_later(folder: Path, workers: int) -> None:
    run(folder, "undisturbed")
    cancel = threading.Event()

    def stop_at_second(event: batch.Event) -> None:
        if isinstance(event, batch.Started) and event.name == "c":
            cancel.set()

    done = run(folder, cancel=cancel, on_event=stop_at_second, workers=workers)
    assert done.stopped and not done.ok and 1 <= len(done.written) < 6
    there = files_in(folder / "out")
    assert sorted(there) == [f"{Path(each['photo']).stem}.ply" for each in done.written]
    assert len(rows_of(folder / "out")) == len(done.written)
    assert run(folder, resume=True).done_before == len(done.written)
    assert files_in(folder / "out") == files_in(folder / "undisturbed")


def test_what_the_listener_raises_ends_the_run(folder: Path) -> None:
    def fail(event: batch.Event) -> None:
        if isinstance(event, batch.Written):
            raise RuntimeError("the log is closed")

    with pytest.raises(RuntimeError, match="the log is closed"):
        run(folder, on_event=fail)
    assert all(row["ok"] for row in rows_of(folder / "out"))
    assert run(folder, resume=True).ok and names_in(folder / "out") == ALL


def test_an_unreadable_folder_stops_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "photos" / "cc").mkdir()
    (folder / "photos" / "cc" / "x.jpg").write_bytes(b"")
    scandir = os.scandir

    def locked(path: Any = ".") -> Any:
        if isinstance(path, str | Path) and Path(path).name == "cc":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    done = run(folder, recursive=True)
    assert len(done.written) == 6 and [Path(one.photo).name for one in done.failed] == ["cc"]
    assert "cc cannot be read: Permission denied" in done.failed[0].failure.message
    words = ["build", "@photos", "-o", "@command", "--depth", "@depths", "--format", "ply", "--recursive"]
    command = run_command(folder, *words)
    assert command.exit_code == 1 and "1 of 7 failed (cc)" in command.stderr
    with pytest.raises(PhotoError, match="Permission denied"):
        batch.run(folder / "photos" / "cc", folder / "out2")


@pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")
def test_photos_that_cannot_be_read_stop_nothing(folder: Path) -> None:
    photos = folder / "photos"
    (photos / "b.jpg").unlink()
    (photos / "b.jpg").symlink_to("nowhere.jpg")
    (photos / "d.jpg").unlink()
    (photos / "d.jpg").symlink_to("d.jpg")
    os.mkfifo(photos / "pipe.jpg")  # reading it would wait for ever
    (photos / "e.jpg").chmod(0)
    done = run(folder)
    expected = ["b.jpg", "d.jpg"] if os.geteuid() == 0 else ["b.jpg", "d.jpg", "e.jpg"]
    assert [Path(one.photo).name for one in done.failed] == expected
    assert len(done.written) == 6 - len(expected)


def test_the_steps_are_plain_functions(folder: Path) -> None:
    """As another scheduler would call them."""
    run(folder, "whole")
    plan = batch.plan_batch(folder / "photos", folder / "out", options(folder))
    models = batch.SharedModels(plan.options, Journal())
    with plan.record:
        plan.record.open()
        for item in plan.items(models, Journal()):
            journal = Journal()
            estimated = batch.estimate(item, batch.load(item, plan.options, journal), models, journal)
            plan.begin(item)
            plan.end(item, batch.finish(item, estimated, plan.maker, journal))
    assert files_in(folder / "out") == files_in(folder / "whole")
    assert run(folder, resume=True).done_before == 6


def test_what_holds_for_one_photo_alone_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="cannot be combined"):
        run(folder, resume=True, overwrite=True)
    with pytest.raises(ValueError, match="is the depth of one photo"):
        batch.run(folder / "photos", folder / "out", Options(depth=folder / "depths" / "a.png"))
    with pytest.raises(ExportError, match="is not a known format"):
        run(folder, formats=["foo"])
    assert not (folder / "out").exists()


def test_a_full_disk_ends_the_run(folder: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    run(folder)
    whole = files_in(folder / "out")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole["a.ply"]) // 2, before[1]))
    try:
        with pytest.raises(ExportError, match="the disk is full"):
            run(folder, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files_in(folder / "out") == whole
    assert run(folder, resume=True).ok and files_in(folder / "out") == whole


def test_all_names_are_there_and_load_nothing_before_they_are_asked_for() -> None:
    assert all(hasattr(batch, name) for name in batch.__all__)
    with pytest.raises(AttributeError):
        batch.no_such_name  # noqa: B018
    code = (
        "import sys, recon.batch; print([m for m in sys.modules if m in ('recon.pipeline', 'recon.scene')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_photo_whose_second_file_fails_keeps_the_first_and_resume_writes_both(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = registry.save

    def no_glb_of_c(content: Content, path: Path, form: Format, *, overwrite: bool = True) -> None:
        if path.name == "c.glb":
            raise ExportError(f"{path}: cannot be written")
        save(content, path, form, overwrite=overwrite)

    with monkeypatch.context() as patched:
        patched.setattr(registry, "save", no_glb_of_c)
        first = run(folder, formats=["ply", "glb"])
    assert [Path(one.photo).name for one in first.failed] == ["c.jpg"]
    assert {"c.ply", "b.glb"} < set(names_in(folder / "out")) and not (folder / "out" / "c.glb").exists()
    again = run(folder, formats=["ply", "glb"], resume=True)
    assert again.ok and {"c.ply", "c.glb"} < set(names_in(folder / "out"))
