"""The registry: adding an estimator touches no other file, and listing them loads nothing heavy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import recon.depth
from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.hub import checkpoint_cache, download, remembered
from recon.depth.hub.checkpoint_cache import Snapshot, Source
from recon.errors import ModelUnavailable

from .conftest import KeepingJournal

TOY = """
from recon.depth.estimator import ModelCard
from recon.types import DepthEstimate

class Toy:
    name = "toy"
    gives = "metric"
    def __init__(self, run):
        self.run = run
    def estimate(self, photo, *, focal_px, journal):
        raise NotImplementedError

CARDS = (ModelCard("toy", "metric", "a toy", Toy, licence="none"),)
CHECKPOINTS = {"toy_net": lambda name, source, run, config: (name, source, config["model_type"])}
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toymodel.py").write_text(TOY)
    monkeypatch.setattr(recon.depth, "__path__", [*recon.depth.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "recon.depth.toymodel", raising=False)


def test_listing_the_models_loads_nothing_heavy() -> None:
    program = (
        "import sys, recon.depth.registry as r; names = [c.name for c in r.cards()]; assert names;"
        "print([m for m in ('torch', 'transformers', 'open3d', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_in_the_folder_is_an_estimator(toy: None) -> None:
    run = RunOptions(device="cpu")
    assert "toy" in [card.name for card in registry.cards()]
    estimator = registry.create("toy", run)
    assert estimator.name == "toy" and estimator.run is run  # type: ignore[attr-defined]
    assert registry.is_here("toy")
    assert registry.pull("toy", KeepingJournal()) is None


def test_names_are_unique_and_the_published_ones_are_there() -> None:
    names = [card.name for card in registry.cards()]
    assert len(names) == len(set(names))
    sizes = ("small", "base", "large")
    expected = {"depthpro"} | {
        f"dav2{kind}-{size}" for kind in ("", "-metric-indoor", "-metric-outdoor") for size in sizes
    }
    assert expected <= set(names)
    for card in registry.cards():
        assert card.licence and card.summary
        assert (card.repository is None) == (card.download_mb is None)
        assert registry.create(card.name, RunOptions()).gives == card.gives


def test_the_error_for_an_unknown_name_lists_the_closest_or_all_names() -> None:
    with pytest.raises(ModelUnavailable, match="Did you mean depthpro"):
        registry.create("depth-pro", RunOptions())
    with pytest.raises(ModelUnavailable, match=r"depthpro.*hf:REPO-OR-FOLDER"):
        registry.create("zzz", RunOptions())


def test_a_checkpoint_is_opened_by_its_model_type(toy: None, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "toy_net"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    name = f"hf:{tmp_path}"
    made: object = registry.create(name, RunOptions())
    assert made == (name, Source(folder=tmp_path), "toy_net")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelUnavailable, match="unsupported model_type bert"):
        registry.create(name, RunOptions())
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="model_type none"):
        registry.create(name, RunOptions())


def test_auto_is_depth_pro_where_its_weights_are(
    monkeypatch: pytest.MonkeyPatch, journal: KeepingJournal
) -> None:
    monkeypatch.setattr(download, "locate", lambda source: Snapshot(Path("here"), source.repository, "abc"))
    assert registry.choose_auto(RunOptions(offline=True), journal).name == "depthpro"
    assert not journal.warnings()


@pytest.fixture
def no_weights(toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "locate", lambda source: None)
    monkeypatch.setattr(remembered, "recent", lambda: None)
    monkeypatch.setattr(registry, "EMBEDDED", "toy")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.mark.parametrize("offline", [True, False])
def test_auto_is_else_the_preview_and_warns_once_per_machine(
    no_weights: None, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    def unreachable(source: Source, journal: KeepingJournal) -> Snapshot:
        assert not offline
        raise download.HubUnreachable("the hub did not answer", "gaierror [Errno -2]")

    monkeypatch.setattr(download, "pull", unreachable)
    for first in (True, False, False):
        journal = KeepingJournal()
        assert registry.choose_auto(RunOptions(offline=offline), journal).name == "toy"
        (entry,) = journal.entries
        assert entry.kind == ("warning" if first else "decision") and entry.values["chosen"] == "toy"
        assert "toy" in entry.message and "metres are guesses" in entry.message
        assert ("--offline" if offline else "did not answer") in entry.message
        assert "Errno" not in entry.message and len(entry.message) < 240
        assert ("`recon models pull depthpro`, or by hand: `recon models depthpro`" in entry.message) == first


def test_what_the_hub_sent_and_is_not_right_is_a_warning_each_time(
    no_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(source: Source, journal: KeepingJournal) -> Snapshot:
        raise ModelUnavailable("model.safetensors is not the announced file.")

    monkeypatch.setattr(download, "pull", tampered)
    for _ in range(2):
        journal = KeepingJournal()
        registry.choose_auto(RunOptions(), journal)
        (warning,) = journal.warnings()
        assert "not the announced file" in warning and "recon models pull depthpro" in warning


def test_a_cache_that_cannot_be_written_to_repeats_the_notice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(remembered, "cache_folder", lambda: tmp_path / "file" / "cache")
    assert remembered.is_first("x") and remembered.is_first("x")
    monkeypatch.setattr(remembered, "cache_folder", lambda: tmp_path / "cache")
    assert remembered.is_first("x") and not remembered.is_first("x") and remembered.is_first("y")


def test_the_environment_can_forbid_the_network(
    monkeypatch: pytest.MonkeyPatch, journal: KeepingJournal
) -> None:
    def touched(*args: object) -> Snapshot:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(download, "locate", lambda source: None)
    monkeypatch.setattr(download, "pull", touched)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="recon models pull dav2-small"):
        download.obtain(Source("org/name"), name="dav2-small", offline=False, journal=journal)
    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE"):
        registry.pull("hf:org/name", journal)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert not checkpoint_cache.is_offline(False) and checkpoint_cache.is_offline(True)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("org/name", Source("org/name")),
        ("org/name@v1.0", Source("org/name", "v1.0")),
        ("org/name@refs/pr/3", Source("org/name", "refs/pr/3")),
        ("there", Source(folder=Path("there"))),
        ("./there", Source(folder=Path("./there"))),
        ("with@sign", Source(folder=Path("with@sign"))),
    ],
)
def test_what_follows_hf(text: str, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("there", "with@sign"):
        os.mkdir(name)
    assert checkpoint_cache.parse_source(text) == source


def test_home_and_absolute_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert checkpoint_cache.parse_source("~/weights") == Source(folder=tmp_path / "weights")
    assert checkpoint_cache.parse_source(str(tmp_path / "weights")) == Source(folder=tmp_path / "weights")


@pytest.mark.parametrize(
    "text", ["./none", "/none/here", "~/none", "none", "a/b/c", "", "org/", "org/name@", "org/na me", "..\\x"]
)
def test_a_path_that_does_not_exist_is_no_repository(text: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"no such folder|after @"):
        checkpoint_cache.parse_source(text)


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no revision"):
        checkpoint_cache.parse_source(f"{tmp_path}@main")


def test_folders_that_are_no_checkpoint(tmp_path: Path) -> None:
    def complaint() -> str:
        with pytest.raises(ModelUnavailable) as caught:
            checkpoint_cache.locate(Source(folder=tmp_path))
        return str(caught.value)

    assert "no config.json" in complaint()
    (tmp_path / "config.json").write_text("{}")
    assert "no model.safetensors" in complaint()
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    assert "pickled" in complaint()
    (tmp_path / "model.safetensors.index.json").write_text("not JSON")
    assert "index.json is damaged" in complaint()
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    assert "model-1.safetensors is missing" in complaint()
    (tmp_path / "model-1.safetensors").write_bytes(b"")
    assert checkpoint_cache.locate(Source(folder=tmp_path)) == Snapshot(tmp_path)


def test_a_damaged_config_says_so(tmp_path: Path) -> None:
    for content in ("{", "\x00\xff", "[1]"):
        (tmp_path / "config.json").write_text(content, encoding="latin-1")
        with pytest.raises(ModelUnavailable, match=r"config\.json"):
            checkpoint_cache.read_config(Snapshot(tmp_path))
