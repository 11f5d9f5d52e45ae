"""Opening in a worker process, and sessions of the controller; no display."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from viewer_scenes import room
from waiting import settled, until

from recon.constraints import LengthBetween
from recon.depth_map.colormap import depth_picture
from recon.options import Options
from recon_viewer.background.geometry_transfer import load_geometry, save_geometry
from recon_viewer.background.jobs import Job, Seen
from recon_viewer.background.messages import Event, Task
from recon_viewer.controller import Controller
from recon_viewer.model import commands as c
from recon_viewer.model.state import Pick


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(rgb).save(path)
    np.save(tmp_path / "depth.npy", np.full((60, 80), 2.0, np.float32))
    return path


def finished(job: Job, seen: list[Seen] | None = None) -> Job:
    """Waits for its end; ``seen`` gets each of its pictures."""

    def done() -> bool:
        job.poll()
        if seen is not None and job.seen is not None and job.seen not in seen:
            seen.append(job.seen)
        return job.finished

    until(done)
    job.wait(10)
    return job


def test_a_photo_becomes_a_scene_and_its_stages_are_reported(photo: Path) -> None:
    seen: list[Seen] = []
    job = finished(Job(photo, Options(depth=photo.with_name("depth.npy")), "viridis"), seen)
    assert job.problem is None and job.opened is not None and job.opened.scene is not None
    assert job.opened.scene.photo.width == 80 and job.opened.scene.options.depth == Path("depth.npy")
    assert {note.topic for note in job.notes} >= {"photo", "focal", "depth"}
    assert not job._folder.exists()
    # The photo is there long before the scene; its depth may come together with it.
    first, last = seen[0], seen[-1]
    assert first.what == "photo" and np.array_equal(first.picture, job.opened.scene.photo.rgb)
    assert last.what == "depth" and last.picture.shape == (60, 80, 3)
    assert np.array_equal(last.picture, depth_picture(job.opened.scene.depth, "viridis")[:, :80])


def test_files_pass_between_processes_unchanged(tmp_path: Path) -> None:
    for shape in (room().cloud(), room().mesh()):
        back = load_geometry(save_geometry(shape, tmp_path))
        assert type(back) is type(shape) and np.array_equal(back.rgb, shape.rgb)  # type: ignore[arg-type]


def test_what_was_not_read_of_a_file_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text("600000.01 5200000.02 3\n600000.02 5200000.04 3\n")
    job = finished(Job(tmp_path / "a.xyz", None))
    assert job.opened is not None and job.opened.geometry is not None
    assert any(note.warning and "a.xyz: its coordinates are large" in note.text for note in job.notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.jpg", None, "does not exist"),
        ("none.ply", None, "does not exist"),
        ("cut.jpg", b"\xff\xd8\xff\xe0nonsense", "photo"),
        ("bad.xyz", b"hello world\n", "damaged"),
        ("bad.ply", b"ply\nnonsense", "damaged"),
        ("bad.npz", b"PK nonsense", "scene file"),
        ("bad.glb", b"glTFnonsense", "damaged"),
        ("page.html", b"<html></html>", "browser"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    controller = Controller()
    controller.open(path)
    before = controller.state
    settled(controller)
    assert controller.is_problem and len(controller.problems) == 1 and controller.state is before
    assert message in controller.message or name in controller.message
    assert "Traceback" not in controller.message
    controller.close()


def test_a_missing_model_is_reported_as_on_the_command_line(photo: Path) -> None:
    job = finished(Job(photo, Options(model="depthpro", offline=True)))
    assert job.opened is None and job.problem is not None and "depthpro" in job.problem


def test_cancelling_stops_the_process_at_once(photo: Path) -> None:
    controller = Controller()
    controller.open(photo, Options(model="preview"))
    controller.open(photo, Options(model="preview"))
    job = controller.job
    assert job is not None
    start = time.monotonic()
    controller.act("cancel")
    settled(controller)
    assert time.monotonic() - start < 30
    job.wait(10)
    assert job._process is None or job._process.returncode is not None
    assert not controller.state.layers and "cancelled" in controller.message and not job._folder.exists()
    controller.close()


def test_a_worker_that_dies_leaves_a_sentence(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recon_viewer.background.jobs.sys.executable", "/bin/false")
    job = finished(Job(photo, Options()))
    assert job.problem is not None and "failed with exit code" in job.problem


def test_tasks_and_events_survive_the_pipe(tmp_path: Path) -> None:
    options = Options(
        depth=Path("a.png"),
        length=(LengthBetween((1.25, 2), (3, 4), 1 / 3, 0.01),),
        intrinsics=(1.0, 2.0, 3.0, 4.0),
    )
    task = Task(Path("p.jpg"), options, tmp_path, "magma")
    assert Task.from_line(task.as_line()) == task
    event = Event("progress", "Loading\n[x]", share=0.5)
    assert Event.from_line(event.as_line()) == event and event.as_line().count("\n") == 1
    with pytest.raises(ValueError, match="not an event"):
        Event.from_line("[1]")


def test_a_session_measures_rescales_undoes_and_exports(tmp_path: Path) -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    settled(controller)
    key = controller.state.active
    assert key is not None
    ends = [Pick(key, (40.5, 80.5), (0, 0, 1)), Pick(key, (120.5, 80.5), (0, 0, 1))]
    controller.use("distance")
    for end in ends:
        controller.pick(end)
    before = settled(controller).picture.readings[0].value
    assert before is not None
    # What was measured last is asked for, and stays one measurement.
    controller.use("known length")
    assert controller.state.pending == tuple(ends)
    assert controller.rescaling.add_known(f"{2 * before} +- 1cm")
    (after,) = settled(controller).picture.readings
    assert after.value == pytest.approx(2 * before, rel=1e-3)
    assert after.short == f"{2 * before:.4g} m given"
    controller.errands.export(tmp_path / "room.glb")
    controller.errands.export(tmp_path / "room.npz")
    settled(controller)
    assert (tmp_path / "room.glb").exists() and "written" in controller.message
    controller.act("undo")
    assert settled(controller).picture.readings[0].value == pytest.approx(before)
    controller.errands.save_csv(tmp_path / "list.csv")
    settled(controller)
    assert (tmp_path / "list.csv").read_text().startswith("quantity,")
    controller.close()


def test_what_cannot_be_written_or_fitted_changes_nothing(tmp_path: Path) -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    settled(controller)
    controller.errands.export(tmp_path / "no" / "such" / "folder.glb")
    settled(controller)
    assert controller.is_problem and controller.problems.pop()
    controller.errands.export(tmp_path / "scene.xyzzy")
    settled(controller)
    assert controller.is_problem and "not a known format" in controller.problems.pop().text
    start = controller.state
    key = start.active
    assert key is not None
    controller.use("known length")
    # In the sky of nothing: no depth is known beyond the photo.
    for pixel in ((40.5, 80.5), (40.5, 900.0)):
        controller.pick(Pick(key, pixel, (0, 0, 1)))
    controller.rescaling.add_known("1m")
    settled(controller)
    layer = controller.state.layer
    assert controller.is_problem and layer is not None and not layer.known
    controller.close()


def test_a_job_counts_its_own_seconds(tmp_path: Path) -> None:
    before = time.monotonic()
    job = Job(tmp_path / "none.npz", None)
    assert 0 <= job.seconds <= time.monotonic() - before
    job.wait(10)


def test_what_would_be_lost_on_quitting_is_named_until_it_is_saved(tmp_path: Path) -> None:
    controller = Controller()
    controller.add_scene(room(), "room")
    key = settled(controller).state.active
    assert key is not None and controller.unsaved is None
    controller.use("distance")
    for x in (40.5, 120.5):
        controller.pick(Pick(key, (x, 80.5), (0, 0, 1)))
    controller.do(lambda state: c.set_options(state, edge=0.02))
    assert controller.unsaved == "1 measurement and the changes of room"
    settled(controller)
    controller.errands.export(tmp_path / "room.glb")
    assert settled(controller).unsaved is not None
    controller.errands.export(tmp_path / "room.npz")
    assert settled(controller).unsaved is None
    controller.act("close-layer")
    controller.open(tmp_path / "room.npz")
    assert settled(controller).readings and controller.unsaved is None
    controller.do(lambda state: c.set_options(state, edge=0.03))
    assert controller.unsaved == "the changes of room.npz (measured)"
    controller.act("undo")
    assert controller.unsaved is None
    controller.close()
