"""Batches on a Ray cluster of two workers."""

import errno
import json
import os
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from killing_files import KillingFiles
from photo_folders import make_photos, names_in, rows_of, run
from s3_server import s3

from recon import Options, batch
from recon.batch.ray_cluster import RayCluster
from recon.batch.ray_worker import Answer, WorkerDied, pickled
from recon.batch.shared_models import SharedModels
from recon.batch.steps import AffectsAllPhotos
from recon.depth.hub.download import HubUnreachable
from recon.errors import ModelUnavailable, ReconError

__all__ = ["s3"]

NAMES = "abcdef"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster(s3: Any) -> Iterator[RayCluster]:
    """Two workers, which find the modules of the tests and the server of S3."""
    # Ray's workers leave a busy machine to others, which would make the tests last as long as those want.
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray = pytest.importorskip("ray")
    places = [ROOT, ROOT / "apps", ROOT / "tests" / "fixtures"]
    ray.init(
        "local",
        num_cpus=2,
        object_store_memory=80_000_000,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(map(str, places))}},
    )
    yield RayCluster(actors=2)
    ray.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``photos`` with six photos, and the measured ``depths`` of each."""
    make_photos(tmp_path, NAMES)
    return tmp_path


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused is refused before any model is chosen."""

    def chosen(*anything: Any) -> None:
        raise AssertionError("a model was chosen")

    monkeypatch.setattr(SharedModels, "estimator_for", chosen)


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
    assert (here.exit_code, there.exit_code) == (1, 1)
    local = files_in(folder / "scenes")
    found = [name.removeprefix("bucket/scenes/") for name in s3.find("bucket/scenes")]
    stored = {name: s3.cat_file(f"bucket/scenes/{name}") for name in found if name != "batch.jsonl"}
    assert json.loads(stored.pop("failed.json").decode()) == json.loads(
        local.pop("failed.json").decode().replace(str(folder / "photos"), "s3://bucket/photos")
    )
    assert stored == local and len(local) == 18
    result = json.loads(there.stdout)
    assert len(result["written"]) == 6 and "1 of 7 failed (bad.jpg)" in there.stderr

    (folder / "scenes" / "b.obj").unlink()
    again = batch.run(
        folder / "photos", folder / "scenes", options(folder), formats=["obj"], resume=True, ray=cluster
    )
    assert [Path(each["photo"]).name for each in again.written] == ["b.jpg"] and again.done_before == 5
    assert files_in(folder / "scenes")["b.obj"] == local["b.obj"]


@pytest.mark.slow
def test_dying_workers_lose_nothing_and_write_nothing_twice(folder: Path, cluster: RayCluster) -> None:
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
    monkeypatch.setattr("recon.batch.ray_cluster.find_spec", lambda name: None)
    done = run(folder, *words, "--ray", "local")
    assert done.exit_code == 1 and 'pip install "recon[ray]"' in done.stderr
    assert not (folder / "out").exists()


def test_shares_that_no_machine_has(cluster: RayCluster) -> None:
    assert (cluster.actors_for(Options()).least, cluster.actors_for(Options()).gpus) == (2, 0)
    assert RayCluster(actors=5).actors_for(Options()).least == 2
    with pytest.raises(ReconError, match="no worker with 3 CPU"):
        RayCluster(cpus=3).actors_for(Options())
    with pytest.raises(ReconError, match="0 GPU: use smaller"):
        RayCluster(gpus=0.5).actors_for(Options())
    with pytest.raises(ValueError, match="ray_actors"):
        RayCluster(actors=0)
