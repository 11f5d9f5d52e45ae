"""Batches on a Ray cluster of two workers."""

import errno
import json
import os
import pickle
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import known_pairs
import pytest
from cores_of_worker import Asked, CoresOfWorker
from killing_files import KillingFiles
from photo_folders import make_photos, names_in, rows_of, run
from s3_server import s3

from recon import Options, batch
from recon.batch.ray_cluster import RayCluster
from recon.batch.ray_console import messages_logged, stderr_closed
from recon.batch.ray_eval import EvalJob
from recon.batch.ray_pool import WorkerDied, answers_of
from recon.batch.ray_worker import Answer, pickled
from recon.batch.steps import AffectsAllPhotos
from recon.depth.estimator import RunOptions
from recon.depth.hub.download import HubUnreachable
from recon.errors import ModelUnavailable, ReconError
from recon.evaluate import Settings, read_manifest
from recon.journal import Journal
from recon.threads import cores

__all__ = ["s3"]

NAMES = "abcdef"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster(s3: Any) -> Iterator[RayCluster]:
    """Two workers, which find the modules of the tests and the server of S3."""
    pytest.importorskip("ray")
    places = [ROOT, ROOT / "apps", ROOT / "tests" / "fixtures"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("recon.batch.ray_cluster.cores", lambda: 2)
        for name, value in {
            # Ray does not end workers because others have filled the machine's memory.
            "RAY_memory_monitor_refresh_ms": "0",
            "PYTHONPATH": os.pathsep.join(map(str, places)),
            # As many as the tests' own process has: the last digits of a network's depth depend on it.
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(cores())),
        }.items():
            patched.setenv(name, value)
        with RayCluster().connected():
            yield RayCluster(actors=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``photos`` with six photos, and the measured ``depths`` of each."""
    make_photos(tmp_path, NAMES)
    return tmp_path


def options(folder: Path) -> Options:
    return Options(depth=folder / "depths", focal_px=200.0)


def files_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names_in(folder)}


def done_rows(folder: Path) -> Counter[str]:
    return Counter(Path(row["photo"]).stem for row in rows_of(folder) if row["ok"])


@pytest.mark.slow
def test_a_store_a_bad_photo_and_resume_are_as_without_a_cluster(
    folder: Path, s3: Any, cluster: RayCluster
) -> None:
    (folder / "photos" / "bad.jpg").write_bytes(b"")
    s3.put(str(folder / "photos"), "bucket/photos", recursive=True)
    words = ("--depth", "@depths", "--focal-px", "200", "--format", "obj", "--json")
    here = run(folder, "build", "@photos", "-o", "@scenes", *words)
    there = run(folder, "build", "s3://bucket/photos/", "-o", "s3://bucket/scenes/", *words, "--ray", "local")
    assert (here.exit_code, there.exit_code) == (1, 1) and "1 of 7 failed (bad.jpg)" in there.stderr
    local = files_in(folder / "scenes")
    found = [name.removeprefix("bucket/scenes/") for name in s3.find("bucket/scenes")]
    stored = {name: s3.cat_file(f"bucket/scenes/{name}") for name in found if name != "batch.jsonl"}
    assert json.loads(stored.pop("failed.json").decode()) == json.loads(
        local.pop("failed.json").decode().replace(str(folder / "photos"), "s3://bucket/photos")
    )
    assert stored == local and len(local) == 18
    result = json.loads(there.stdout)
    assert len(result["written"]) == 6

    (folder / "scenes" / "b.obj").unlink()
    again = batch.run(
        folder / "photos", folder / "scenes", options(folder), formats=["obj"], resume=True, ray=cluster
    )
    assert [Path(each["photo"]).name for each in again.written] == ["b.jpg"] and again.done_before == 5
    assert files_in(folder / "scenes")["b.obj"] == local["b.obj"]


@pytest.mark.slow
def test_dying_workers_lose_nothing_and_write_nothing_twice(
    folder: Path, cluster: RayCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    batch.run(folder / "photos", folder / "undisturbed", options(folder))
    deaths = folder / "deaths"
    deaths.mkdir()
    maker = KillingFiles([".ply"], deaths=deaths, once=["b"], always=["e"])
    events: list[batch.Event] = []
    done = batch.run(
        folder / "photos", folder / "out", options(folder), maker=maker, ray=cluster, on_event=events.append
    )
    assert names_in(deaths) == ["b.0", "e.0", "e.1", "e.2"]
    (failed,) = done.failed
    assert Path(failed.photo).name == "e.jpg" and failed.failure.type == WorkerDied.__name__
    ends = Counter(event.name for event in events if isinstance(event, batch.Written | batch.Failed))
    assert ends == Counter(NAMES) and done_rows(folder / "out") == Counter("abcdf")
    warnings = [event.entry.message for event in events if isinstance(event, batch.Noted)]
    assert warnings and all(" died; what was being processed" in each for each in warnings)
    given_up = "3 workers died; what was being processed each time is given up"
    assert given_up in warnings
    assert capfd.readouterr() == ("", ""), "Ray's own messages are not for the console"
    expected = files_in(folder / "undisturbed")
    found = files_in(folder / "out")
    assert {name: found[name] for name in found if name != "failed.json"} == expected

    again = batch.run(folder / "photos", folder / "out", options(folder), resume=True)
    assert again.ok and [Path(each["photo"]).name for each in again.written] == ["e.jpg"]


@pytest.mark.slow
def test_missing_weights_end_the_run_at_once(folder: Path, cluster: RayCluster) -> None:
    with pytest.raises(ModelUnavailable, match="depthpro"):
        batch.run(folder / "photos", folder / "out", Options(model="depthpro", offline=True), ray=cluster)
    assert not names_in(folder / "out")


def untimed(value: Any) -> Any:
    """Of a report, without the times of the inference."""
    if isinstance(value, list):
        return [untimed(each) for each in value]
    if isinstance(value, dict):
        return {key: untimed(each) for key, each in value.items() if key != "seconds"}
    return re.sub(r"[\d.]+ s a photo", "", value) if isinstance(value, str) else value


@pytest.mark.slow
def test_an_evaluation_is_as_without_a_cluster(
    tmp_path: Path, cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray.data

    blocks, from_items = list[int](), ray.data.from_items

    def counted(rows: list[Any], **more: Any) -> Any:
        blocks.append(len(rows))
        return from_items(rows, **more)

    monkeypatch.setattr(ray.data, "from_items", counted)
    known_pairs.make(tmp_path, tuple(NAMES))
    (tmp_path / "b.jpg").write_bytes(b"")
    words = ("eval", "@.", "--model", "preview", "--pictures", "1")
    here = run(tmp_path, *words, "-o", "@here", "--error-model", "@here.json")
    there = run(tmp_path, *words, "-o", "@there", "--error-model", "@there.json", "--ray", "local")
    assert (here.exit_code, there.exit_code) == (1, 1)
    assert blocks == [6], "each pair is saved when it is finished"
    assert untimed(there.stdout) == untimed(here.stdout) and "1 of 6 pairs could not" in there.stderr
    reports = [json.loads((tmp_path / each / "report.json").read_text("utf-8")) for each in ("here", "there")]
    assert untimed(reports[1]) == untimed(reports[0])
    assert "| AbsRel |" in (tmp_path / "there" / "report.md").read_text("utf-8")
    assert (tmp_path / "there.json").read_bytes() == (tmp_path / "here.json").read_bytes()
    assert names_in(tmp_path / "there" / "pictures" / "preview") == ["a.png"]

    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    again = run(tmp_path, *words, "-o", "@there", "--resume", "--ray", "local")
    assert again.exit_code == 0 and "5 pairs are already done" in again.stderr
    lines = (tmp_path / "there" / "rows.jsonl").read_text().splitlines()[1:]
    assert Counter(json.loads(line)["pair"] for line in lines) == Counter("abbcdef")

    missing = run(tmp_path, "eval", "@.", "--model", "depthpro", "--offline", "--ray", "local")
    assert (
        missing.exit_code == 1 and "depthpro" in missing.stderr and missing.exception.__class__ is SystemExit
    )


def test_a_pair_that_workers_died_of_is_a_row_of_the_report(tmp_path: Path) -> None:
    known_pairs.make(tmp_path)
    (pair, *_) = read_manifest(tmp_path)
    job = EvalJob("preview", RunOptions(), Settings(), lambda compared: None, ".")
    answer = pickle.loads(job.start().give_up(pair))
    assert (answer.row.model, answer.row.pair, answer.row.result.type) == ("preview", "a", "WorkerDied")
    assert answer.row.result.message.startswith("a.jpg: 3 workers died while they processed it")


def test_errors_travel_whatever_their_constructors_take() -> None:
    class Unpicklable(Exception):
        pass

    unreachable = HubUnreachable("offline", "The hub cannot be reached.")
    full = OSError(errno.ENOSPC, "No space left on device")
    affects = Answer("a", None, AffectsAllPhotos(unreachable), full, (), ())
    back = pickle.loads(pickled(affects))
    assert isinstance(back.error, AffectsAllPhotos) and back.cause.errno == errno.ENOSPC
    assert (str(back.error.error), back.error.error.reason) == ("The hub cannot be reached.", "offline")
    odd = pickle.loads(pickled(Answer("a", None, Unpicklable("no"), None, (), ())))
    assert isinstance(odd.error, RuntimeError) and str(odd.error) == "Unpicklable: no"


def test_what_ray_prints_is_logged(
    cluster: RayCluster, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from ray._private import worker

    with caplog.at_level("DEBUG", "recon"):
        worker.print_to_stdstream(
            {"lines": ["A worker died"], "pid": "raylet", "is_err": False}, ignore_prefix=False
        )
    assert "ray: A worker died" in caplog.text
    # Another version of Ray may print in another way; that must not stop a run.
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(worker, "print_to_stdstream")
        with messages_logged():
            pass
    with stderr_closed():
        os.write(2, b"Set ray log level")
    os.write(2, b"afterwards")
    assert capfd.readouterr() == ("", "afterwards")


def test_a_worker_uses_the_cores_that_it_reserves_and_is_as_urgent_as_a_local_batch(
    cluster: RayCluster,
) -> None:
    before, job, items = cores(), CoresOfWorker(os.getcwd()), [Asked(name) for name in NAMES]
    assert list(answers_of(items, job, cluster, "cpu", Journal())) == [(1, os.nice(0))] * len(NAMES)
    assert cores() == before, "this process has no share"


def test_shares_that_no_machine_has(cluster: RayCluster) -> None:
    assert (cluster.actors_for("auto").least, cluster.actors_for("auto").gpus) == (2, 0)
    assert RayCluster(actors=5).actors_for("auto").least == 2
    with pytest.raises(ReconError, match="no worker with 3 CPU"):
        RayCluster(cpus=3).actors_for("auto")
    with pytest.raises(ReconError, match="0 GPU: use smaller"):
        RayCluster(gpus=0.5).actors_for("auto")
    with pytest.raises(ValueError, match="ray_actors"):
        RayCluster(actors=0)
