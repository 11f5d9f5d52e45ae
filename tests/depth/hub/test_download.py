"""Fetching weights: end to end from a hub on this machine, and hubs that misbehave cost seconds."""

import errno
import io
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from huggingface_hub import constants

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.hub import checkpoint_cache, download, download_process, integrity, remembered
from recon.depth.hub.checkpoint_cache import Source
from recon.errors import ModelUnavailable
from recon.types import RelativeDepth

from ..conftest import KeepingJournal, noise_photo
from .fakehub import COMMITS, FakeHub

TINY = Source("org/tiny")


class TransportError(Exception):
    """As the HTTP client of the hub's library calls it, which is another one in each of its major versions."""


class ConnectError(TransportError):
    """A kind of it."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the network allowed: but only to this machine."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, relative_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    files = {path.name: path.read_bytes() for path in relative_folder.iterdir()}
    files |= {"pytorch_model.bin": b"pickle", "modeling_evil.py": b"raise SystemExit", "README.md": b"#"}
    served = FakeHub(files)
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    yield served
    served.close()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Far above what it takes, and far below a wait for something that never comes."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def leftovers(cache: Path) -> list[Path]:
    # os.walk passes over a folder that goes while it looks, as the download's own temporary ones do; rglob raises.
    return [
        Path(top, name) for top, _, names in os.walk(cache) for name in names if name.endswith(".incomplete")
    ]


def test_pull_then_run_offline(
    hub: FakeHub, cache: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkpoint_cache.locate(TINY) is None and not registry.is_here("hf:org/tiny")
    snapshot = registry.pull("hf:org/tiny", journal)
    assert snapshot is not None and snapshot.revision == COMMITS["main"]
    assert {path.name for path in snapshot.folder.iterdir()} == {"config.json", "model.safetensors"}
    assert sorted(hub.downloads()) == ["config.json", "model.safetensors"]
    (name,) = [stage for stage in journal.stages if "org/tiny" in stage]
    total = sum(len(hub.files[each]) for each in ("config.json", "model.safetensors"))
    assert journal.totals[name] == total and journal.stages[name][-1] == total
    assert journal.stages[name] == sorted(journal.stages[name])

    def connect(*args: object) -> None:
        raise AssertionError("the network was touched")

    asked = len(hub.requests)
    monkeypatch.setattr(socket.socket, "connect", connect)
    run = RunOptions(device="cpu", offline=True, processing_size=70)
    estimator = registry.create("hf:org/tiny", run, journal)
    estimate = estimator.estimate(noise_photo(width=40, height=30), focal_px=None, journal=journal)
    assert isinstance(estimate.depth, RelativeDepth)
    assert estimate.revision == COMMITS["main"] and estimate.details["weights"] == "org/tiny"
    assert registry.is_here("hf:org/tiny") and len(hub.requests) == asked, "the network was touched"


def test_what_is_here_is_not_fetched_again(hub: FakeHub, journal: KeepingJournal) -> None:
    first, second = download.pull(TINY, journal), download.pull(TINY, journal)
    assert first == second and len(hub.downloads()) == 2


def test_a_revision_is_pinned(hub: FakeHub, journal: KeepingJournal) -> None:
    pinned = registry.pull("hf:org/tiny@v1", journal)
    assert pinned is not None and pinned.revision == COMMITS["v1"]
    assert checkpoint_cache.locate(TINY) is None
    assert (
        checkpoint_cache.locate(Source("org/tiny", "v1"))
        == checkpoint_cache.locate(Source("org/tiny", COMMITS["v1"]))
        == pinned
    )


def test_an_estimator_fetches_what_it_needs(hub: FakeHub, journal: KeepingJournal) -> None:
    estimator = registry.create("hf:org/tiny", RunOptions(device="cpu", processing_size=70), journal)
    assert estimator.estimate(noise_photo(width=40, height=30), focal_px=None, journal=journal).revision
    assert any("Downloading" in stage for stage in journal.stages)


def test_offline_makes_no_request(hub: FakeHub, journal: KeepingJournal) -> None:
    with pytest.raises(ModelUnavailable, match=r"--offline.*recon models pull hf:org/tiny"):
        registry.create("hf:org/tiny", RunOptions(offline=True), journal)
    assert not hub.requests


def test_a_dropped_connection_is_taken_up_where_it_broke(
    hub: FakeHub, cache: Path, journal: KeepingJournal
) -> None:
    name, content = "model-00001-of-00001.safetensors", bytes(range(256)) * 2**14
    hub.files[name] = content
    hub.behaviour[name] = "drop"
    snapshot = download.pull(TINY, journal)
    assert (snapshot.folder / name).read_bytes() == content
    assert [asked for _, _, asked in hub.requests if asked] == [f"bytes={len(content) // 2}-"]
    assert not leftovers(cache)


def test_a_stalled_download_is_given_up_and_finished_later(
    hub: FakeHub, cache: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "STALL_LIMIT_S", 2.0)
    hub.behaviour["model.safetensors"] = "stall"
    with within(30), pytest.raises(ModelUnavailable, match="did not answer for 2 s"):
        download.pull(TINY, journal)
    assert not leftovers(cache) and checkpoint_cache.locate(TINY) is None
    hub.behaviour.clear()
    asked = len(hub.downloads())
    assert download.pull(TINY, journal).revision == COMMITS["main"]
    assert hub.downloads()[asked:] == ["model.safetensors"], "config.json was here already"


def test_ctrl_c_leaves_nothing_behind(hub: FakeHub, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial: list[Path] = []

    class Interrupted(KeepingJournal):
        @contextmanager
        def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
            def progress(done: float) -> None:
                while not partial:  # config.json is done: wait until the weights are under way
                    partial.extend(leftovers(cache))
                raise KeyboardInterrupt

            yield progress

    children: list[Any] = []
    real_stop = download._stop

    def stop(process: Any) -> None:
        children.append(process)
        real_stop(process)

    monkeypatch.setattr(download, "_stop", stop)
    # A busy machine takes long to end a process; here it must not be killed for that.
    monkeypatch.setattr(download, "_STOP_LIMIT_S", 60.0)
    hub.behaviour["model.safetensors"] = "stall"
    with within(90), pytest.raises(KeyboardInterrupt):
        download.pull(TINY, Interrupted())
    assert partial and children[0].returncode == 130 and not leftovers(cache)


def test_a_hub_that_refuses_costs_a_moment(cache: Path, journal: KeepingJournal) -> None:
    with within(30), pytest.raises(ModelUnavailable, match=r"org/tiny cannot be fetched.*Check the network"):
        download.pull(TINY, journal)


@pytest.mark.parametrize(
    ("error", "says", "unreachable"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on the disk", False),
        (
            ConnectError("[Errno -2] Name or service not known"),
            r"hub cannot be reached.*Errno -2.*network",
            True,
        ),
        (ValueError("odd"), "ValueError: odd. Try again", False),
    ],
)
def test_the_network_and_the_disk_are_blamed_each_for_its_own(
    error: Exception, says: str, unreachable: bool
) -> None:
    text = download_process.explain(error)
    assert re.search(says, text) and ("disk" in text) == isinstance(error, OSError)
    assert download_process.is_unreachable(error) == unreachable


@pytest.fixture
def silent_hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server
        done.set()
        for connection in held:
            connection.close()


def test_a_hub_that_never_answers_costs_seconds(
    silent_hub: socket.socket, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "EMBEDDED", "dav2-small")
    with within(download.ANSWER_LIMIT_S + 25):
        chosen = registry.choose_auto(RunOptions(), journal)
    assert chosen.name == "dav2-small"
    (warning,) = journal.warnings()
    # The child gives up the request before we give up the child, unless it was slow to start.
    assert re.search("(the hub cannot be reached|the hub did not answer)", warning), warning
    assert "recon models pull depthpro" in warning


def test_a_child_that_hangs_is_stopped(
    silent_hub: socket.socket, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ANSWER_LIMIT_S", 2.0)
    with within(30), pytest.raises(ModelUnavailable, match="did not answer for 2 s"):
        download.pull(TINY, journal)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (Source("org/none"), "no such repository"),
        (Source("org/gated"), "requires accepting its terms"),
        (Source("org/tiny", "v9"), "no such revision"),
    ],
)
def test_errors_of_the_hub_are_reported(
    hub: FakeHub, journal: KeepingJournal, source: Source, complaint: str
) -> None:
    with pytest.raises(ModelUnavailable, match=f"{re.escape(str(source))} cannot be fetched.*{complaint}"):
        download.pull(source, journal)


def test_pickled_weights_are_not_even_fetched(hub: FakeHub, journal: KeepingJournal) -> None:
    del hub.files["model.safetensors"]
    with pytest.raises(ModelUnavailable, match="no weights in safetensors"):
        download.pull(TINY, journal)
    assert not hub.downloads()


def tensors_alone() -> bytes:
    buffer = io.BytesIO()
    torch.save({"model_config": {"a": 1}, "model": {"w": torch.ones(3)}}, buffer)
    return buffer.getvalue()


def test_tensors_in_torch_s_format_are_fetched_where_there_is_nothing_else(
    hub: FakeHub, cache: Path, journal: KeepingJournal
) -> None:
    hub.files["model.pt"] = tensors_alone()
    download.pull(TINY, journal)
    assert "model.pt" not in hub.downloads()
    shutil.rmtree(cache)
    del hub.files["model.safetensors"]
    hub.requests.clear()
    snapshot = download.pull(TINY, journal)
    assert set(hub.downloads()) == {"model.pt"}
    assert checkpoint_cache.locate(TINY) == snapshot
    assert checkpoint_cache.read_config(snapshot) == {"model_type": "moge", "a": 1}


def test_a_model_pt_with_code_is_refused(hub: FakeHub, journal: KeepingJournal) -> None:
    del hub.files["model.safetensors"]
    buffer = io.BytesIO()
    torch.save({"model_config": {}, "model": torch.nn.Linear(1, 1)}, buffer)
    hub.files["model.pt"] = buffer.getvalue()
    with pytest.raises(ModelUnavailable, match=r"model\.pt is not used .*besides tensors"):
        download.pull(TINY, journal)


def files_outside(cache: Path) -> list[Path]:
    return [path for path in cache.parent.rglob("*") if path.is_file() and not path.is_relative_to(cache)]


@pytest.mark.parametrize("which", ["etag", "linked etag", "commit"])
def test_names_that_lead_out_of_the_cache_are_refused(
    hub: FakeHub, cache: Path, journal: KeepingJournal, which: str
) -> None:
    name = "../../../../evil"
    if which == "commit":
        hub.commits["main"] = name
    else:
        hub.sent_etags["model.safetensors"] = name
        hub.linked_etags = which == "linked etag"
    with pytest.raises(ModelUnavailable, match=r"not from a real Hub .* not hexadecimal.*HF_ENDPOINT"):
        download.pull(TINY, journal)
    assert not files_outside(cache) and checkpoint_cache.locate(TINY) is None
    largest = max((path.stat().st_size for path in cache.rglob("*") if path.is_file()), default=0)
    assert largest < len(hub.files["model.safetensors"]), "the weights were fetched"


def response(method: str, **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(request=SimpleNamespace(method=method), headers=given)


@pytest.mark.parametrize(
    "name", ["/tmp/evil", "..", "a" * 64 + "/../x", "a" * 64 + "\n", "thing", "%2e%2e", '"a', "W/", "C:a"]
)
def test_only_hexadecimal_names_pass(name: str) -> None:
    for headers in ({"X_Repo_Commit": name}, {"ETag": name}, {"X_Linked_Etag": name, "ETag": "a" * 40}):
        with pytest.raises(integrity.Tampered, match="not hexadecimal"):
            integrity.check_response(response("HEAD", **headers))


def test_what_real_hubs_answer_passes() -> None:
    for tag in ("a" * 40, f'"{"A" * 64}"', f'W/"{"0" * 40}"'):
        integrity.check_response(response("HEAD", ETag=tag, X_Repo_Commit="b" * 40))
    # A storage's own tag, which names nothing.
    integrity.check_response(response("GET", ETag='"abc-12"'))
    integrity.check_response(response("HEAD", ETag='"abc-12"', X_Linked_Etag="c" * 64))


def test_the_library_itself_would_write_outside(hub: FakeHub, cache: Path) -> None:
    """The danger is real: without our check, the same response writes the weights outside the cache."""
    from huggingface_hub import hf_hub_download

    hub.sent_etags["model.safetensors"] = "../../../evil"
    (cache / "models--org--tiny" / "blobs").mkdir(parents=True)
    hf_hub_download("org/tiny", "model.safetensors", cache_dir=cache, endpoint=hub.url)
    assert [path.name for path in files_outside(cache) if path.name == "evil"] == ["evil"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_of_the_right_size_with_another_hash_is_refused_and_deleted(
    hub: FakeHub, cache: Path, journal: KeepingJournal, name: str
) -> None:
    hub.behaviour[name] = "flip"
    with pytest.raises(
        ModelUnavailable, match=rf"{name} is not the announced file: its SHA-.* It was deleted"
    ):
        download.pull(TINY, journal)
    assert checkpoint_cache.locate(TINY) is None
    hub.behaviour.clear()
    snapshot = download.pull(TINY, journal)
    assert (snapshot.folder / name).read_bytes() == hub.files[name]
    assert checkpoint_cache.locate(TINY) == snapshot


def test_what_was_not_checked_counts_as_missing(hub: FakeHub, cache: Path, journal: KeepingJournal) -> None:
    """As where the process was killed between the download and the check."""
    snapshot = download.pull(TINY, journal)
    with pytest.raises(ZeroDivisionError), integrity.unchecked(str(cache), "org/tiny", COMMITS["main"]):
        raise ZeroDivisionError
    assert checkpoint_cache.locate(TINY) is None
    asked = len(hub.downloads())
    assert download.pull(TINY, journal) == snapshot == checkpoint_cache.locate(TINY)
    assert len(hub.downloads()) == asked, "what was here is checked, not fetched again"


def test_pinned_weights_are_refused_whatever_the_hub_announces(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: what is pinned is a table of the program that downloads."""
    for name in ("HfApi", "hf_hub_download"):
        at_our_hub = partial(getattr(download_process, name), endpoint=hub.url)
        monkeypatch.setattr(download_process, name, at_our_hub)
    monkeypatch.setitem(integrity.PINNED_SHA256, "org/tiny", "0" * 64)
    with pytest.raises(
        download_process.Refused, match=r"model.safetensors is not the announced file.*not 0{64}"
    ):
        download_process.fetch("org/tiny", None, str(tmp_path / "cache"))
    download_process.fetch("org/tiny", "v1", str(tmp_path / "cache"))  # whoever names a revision has chosen


def test_pins_are_of_our_models() -> None:
    ours = {card.repository for card in registry.cards()}
    assert set(integrity.PINNED_SHA256) <= ours
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in integrity.PINNED_SHA256.values())


def test_a_hub_that_sends_more_than_it_announced_is_left(
    hub: FakeHub, cache: Path, journal: KeepingJournal
) -> None:
    hub.behaviour["model.safetensors"] = "endless"
    with within(30), pytest.raises(ModelUnavailable, match="sends more than it announced"):
        download.pull(TINY, journal)
    assert hub.endless_bytes < 2**26 and not leftovers(cache)


def test_a_file_without_an_announced_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"12")
    for file, complaint in (
        (integrity.Announced("model.safetensors", 2, None, None), "announces no hash"),
        (
            integrity.Announced("model.safetensors", 3, "0" * 64, None),
            "has 2 bytes instead of the announced 3",
        ),
    ):
        (tmp_path / "model.safetensors").write_bytes(b"12")
        assert complaint in str(integrity.check(tmp_path, [file], None))
        assert not (tmp_path / "model.safetensors").exists()


def test_a_hub_that_failed_is_not_asked_again_for_minutes(
    cache: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[Any] = []
    monkeypatch.setattr(download, "_stop", lambda process: children.append(process.wait(20)))
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="org/tiny") as refused:
            download.obtain(TINY, name="hf:org/tiny", offline=False, journal=journal)
    assert len(children) == 1, "the second one asked nobody"
    message = str(refused.value)
    for words in (
        "failed just now",
        "recon models pull hf:org/tiny",
        "hf:FOLDER",
        "HF_ENDPOINT",
        "--offline",
    ):
        assert words in message
    assert "\n" not in message
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        download.pull(TINY, journal)  # as `recon models pull` does
    assert len(children) == 2
    now = time.time()
    monkeypatch.setattr(remembered.time, "time", lambda: now + remembered.LIMIT_S)
    assert remembered.recent() is None


def test_an_outage_is_of_one_hub_and_ends_with_an_answer(
    hub: FakeHub, cache: Path, journal: KeepingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered.remember("no answer")
    assert remembered.recent() is not None
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror.invalid")
    assert remembered.recent() is None
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    download.pull(TINY, journal)
    assert remembered.recent() is None
    for damaged in ("", "[]", "{}", '{"time": "x", "endpoint": 1}', "[" * 100_000):
        cache.joinpath("recon-hub-failed.json").write_text(damaged)
        assert remembered.recent() is None


def test_a_missing_repository_is_no_outage(hub: FakeHub, journal: KeepingJournal) -> None:
    with pytest.raises(ModelUnavailable, match="no such repository"):
        download.pull(Source("org/none"), journal)
    assert remembered.recent() is None
