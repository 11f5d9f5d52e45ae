"""Depth models of other packages: listed, found by name and by checkpoint, and harmless when they are broken."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from recon.depth import plug_ins, registry
from recon.depth.estimator import RunOptions
from recon.errors import ModelUnavailable

MODEL = """
from recon.depth.estimator import ModelCard

class Estimator:
    gives = "metric"
    def __init__(self, run):
        self.name = {name!r}

CARDS = (ModelCard({name!r}, "metric", "from another package", Estimator, licence="MIT"),)
CHECKPOINTS = {{"other_net": lambda name, source, run, config: ("made", name, config["model_type"])}}
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Makes modules available as entry points, as an installed package does."""
    entries: list[EntryPoint] = []
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plug_ins, "entry_points", lambda *, group: entries if group == plug_ins.GROUP else [])

    def add(module: str, code: str) -> None:
        (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.delitem(sys.modules, module, raising=False)
        entries.append(EntryPoint(name=module, value=module, group=plug_ins.GROUP))
        plug_ins.plug_ins.cache_clear()

    plug_ins.plug_ins.cache_clear()
    yield add
    plug_ins.plug_ins.cache_clear()


def test_a_plug_in_s_model_is_listed_last_and_created_by_name(install: Install) -> None:
    install("plugged_model", MODEL.format(name="plugged"))
    assert registry.cards()[-1].name == "plugged" and registry.problems() == ()
    assert registry.create("plugged", RunOptions()).name == "plugged"


def test_a_plug_in_opens_checkpoints_of_its_kind(install: Install, tmp_path: Path) -> None:
    install("plugged_model", MODEL.format(name="plugged"))
    (tmp_path / "config.json").write_text('{"model_type": "other_net"}')
    (tmp_path / "model.safetensors").touch()
    made = registry.create(f"hf:{tmp_path}", RunOptions())
    assert made == ("made", f"hf:{tmp_path}", "other_net")


def test_a_plug_in_replaces_no_model_of_recon(install: Install) -> None:
    before = registry.card("depthpro")
    install("plugged_model", MODEL.format(name="depthpro"))
    assert registry.card("depthpro") is before
    assert [card.name for card in registry.cards()].count("depthpro") == 1
    assert registry.problems() == (
        "The model depthpro of plug-in plugged_model of an unknown package is ignored: recon has one of that name.",
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import a_module_that_is_not_there",
            "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
        ),
        ("CARDS = 5", "TypeError"),
        ("CARDS = ('a text',)", "not all of recon.depth.estimator.ModelCard"),
        ("", "neither CARDS nor CHECKPOINTS"),
    ],
)
def test_a_broken_plug_in_is_named_and_stops_nothing(install: Install, code: str, reason: str) -> None:
    install("broken_model", code)
    install("plugged_model", MODEL.format(name="plugged"))
    (problem,) = registry.problems()
    assert "broken_model" in problem and reason in problem and "\n" not in problem
    assert registry.create("plugged", RunOptions()).name == "plugged"
    with pytest.raises(ModelUnavailable, match=r"Unknown model 'nothing'.*broken_model"):
        registry.card("nothing")


def test_a_model_of_recon_is_found_without_a_search_for_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plug_ins, "plug_ins", lambda: pytest.fail("searched"))
    assert registry.card("depthpro").name == "depthpro"
