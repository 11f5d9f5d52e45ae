"""Commands are found by the words that people type."""

import pytest

from recon_viewer.ui.find_command import _ALSO, found
from recon_viewer.ui.shortcuts import ACTIONS


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("cut ceiling", "cut-ceiling"),
        ("ceil", "cut-ceiling"),
        ("scale", "known length"),
        ("screenshot", "screenshot"),
        ("measure", "distance"),
        ("Video", "film"),
        ("floor plan", "top"),
        ("point cloud", "cloud"),
        ("compare", "beside"),
        ("shortcuts", "help"),
        ("ex gl", "export"),
        ("undo", "undo"),
    ],
)
def test_a_user_s_words_find_the_command_first(typed: str, name: str) -> None:
    assert found(typed)[0].name == name


def test_every_word_counts_and_nothing_typed_finds_all() -> None:
    assert found("") == list(ACTIONS) and not found("ceiling zebra")
    assert set(_ALSO) <= {action.name for action in ACTIONS}
