"""``recon models``: a table that fits a terminal, and everything on one model."""

import json

import pytest
from click.testing import CliRunner

from recon.depth import registry
from recon_cli.group import recon


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(recon, ["models", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_table_fits_a_terminal_with_a_line_for_each_model() -> None:
    lines = run().splitlines()
    assert max(map(len, lines)) <= 100
    names = [line.split()[0] for line in lines[1 : len(registry.cards()) + 1]]
    assert names == [card.name for card in registry.cards()]


@pytest.mark.parametrize("card", registry.cards(), ids=lambda card: card.name)
def test_one_model_is_described(card: registry.ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "is_here", lambda name: False)
    text = run(card.name)
    (predicts,) = [line.split(None, 1)[1] for line in text.splitlines() if line.startswith("predicts")]
    given = [word in predicts for word in ("focal", "sky", "normals")]
    assert given == [card.predicts_focal, card.masks_sky, card.predicts_normals]
    assert card.summary in text and card.licence in text and f"--model {card.name}" in text
    assert text in run("-v") + "\n"
    assert json.loads(run(card.name, "--json")) == json.loads(run("--json", card.name))
    by_hand = ("recon models pull", "hf:FOLDER", "HF_ENDPOINT", "copy ")
    assert [word in text for word in by_hand] == [card.repository is not None] * 4


def test_a_wrong_name_leads_on() -> None:
    assert "Did you mean depthpro?" in run("depth-pro", code=1)
    assert "Did you mean 'pull'?" in run("pul", "depthpro", code=2)


def test_two_places_are_refused_instead_of_taking_the_last() -> None:
    result = CliRunner().invoke(recon, ["models", "suggest", "--indoor", "--outdoor"])
    assert result.exit_code == 2 and "only one of --indoor and --outdoor" in result.output
