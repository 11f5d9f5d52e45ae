"""Which model is suggested for which conditions, and --commercial-only."""

from pathlib import Path

import pytest

from recon.depth import registry
from recon.depth.estimator import RunOptions
from recon.depth.hub import download
from recon.depth.hub.cpu_times import cpu_time
from recon.depth.suggest import Wish, pairing, suggest
from recon.errors import ModelUnavailable

from .conftest import KeepingJournal


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), "depthpro"),
        (Wish(metric=True), "depthpro"),
        (Wish(place="indoor"), "depthpro"),
        (Wish(place="outdoor"), "moge2-vitl"),
        (Wish(metric=True, place="outdoor"), "moge2-vitl"),
        (Wish(commercial=True), "moge2-vitl"),
        (Wish(commercial=True, metric=True, place="outdoor"), "moge2-vitl"),
        (Wish(fast=True), "da3-metric-large"),
        (Wish(fast=True, metric=True), "da3-metric-large"),
        (Wish(fast=True, metric=True, place="indoor"), "da3-metric-large"),
        (Wish(fast=True, commercial=True, place="outdoor"), "da3-metric-large"),
    ],
)
def test_the_suggestion_meets_the_conditions(wish: Wish, expected: str) -> None:
    card, reason = suggest(registry.cards(), wish)
    assert card.name == expected and reason
    assert not (wish.commercial and not card.commercial)
    assert not (wish.metric and card.gives != "metric")


def test_every_network_of_recon_has_a_measured_time() -> None:
    times = {card.name: cpu_time(card.name) for card in registry.cards() if card.name != "photo"}
    assert all(times.values()), times
    assert times["dav2-small"] == times["dav2-metric-indoor-small"] == 1
    assert times["da3-mono-large"] == times["da3-metric-large"]
    assert cpu_time("photo") is None


def test_conditions_that_no_model_meets_are_an_error() -> None:
    relative = [card for card in registry.cards() if card.gives == "relative"]
    with pytest.raises(ModelUnavailable, match="No model meets all of these conditions"):
        suggest(relative, Wish(metric=True))


def test_every_model_but_the_photo_s_own_states_whether_commercial_use_is_allowed() -> None:
    stated = {card.name: card.commercial for card in registry.cards()}
    assert [name for name, commercial in stated.items() if commercial is None] == ["photo"]
    for card in registry.cards():
        assert not (card.commercial and ("NC" in card.licence or "research" in card.licence)), card.name


def test_commercial_only_refuses_the_others(tmp_path: Path) -> None:
    run = RunOptions(commercial_only=True)
    for name in ("depthpro", "dav2-large"):
        with pytest.raises(ModelUnavailable, match=f"{name} may not be used commercially .*moge2-vitl"):
            registry.create(name, run)
    with pytest.raises(ModelUnavailable, match="does not know the licence of this checkpoint"):
        registry.create(f"hf:{tmp_path}", run)
    for name in ("dav2-small", "da3-metric-large", "moge2-vits", "preview", "photo"):
        assert registry.create(name, run).gives


def test_commercial_only_changes_what_auto_takes(
    monkeypatch: pytest.MonkeyPatch, journal: KeepingJournal
) -> None:
    monkeypatch.setattr(download, "obtain", lambda source, **how: None)
    assert registry.choose_auto(RunOptions(commercial_only=True), journal).name == "moge2-vitl"
    assert registry.choose_auto(RunOptions(), journal).name == "depthpro"


@pytest.mark.parametrize("here", [(), ("depthpro",), ("da3-metric-large",), ("depthpro", "da3-metric-large")])
def test_two_models_are_suggested_together_where_both_are_here(here: tuple[str, ...]) -> None:
    tip = pairing(registry.card("depthpro"), here.__contains__)
    assert (tip is not None) == (len(here) == 2)
    assert tip is None or "--model depthpro --reference da3-metric-large" in tip
    assert pairing(registry.card("moge2-vitl"), here.__contains__) is None
