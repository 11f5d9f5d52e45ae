"""What is remembered, and the table of actions."""

from dataclasses import replace
from pathlib import Path

import pytest

from recon.render.style import View
from recon_viewer.model.samples import samples
from recon_viewer.model.settings import Settings, load, save, settings_path
from recon_viewer.ui.shortcuts import ACTIONS, help_lines


def test_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "viewer.json"
    settings = replace(Settings(width=900), view=View(shown_as="mesh", dark=False)).with_recent(Path("a.jpg"))
    assert save(settings, path) is None
    assert load(path) == (settings, None)
    assert load(tmp_path / "none.json") == (Settings(), None)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"recent": 3}', '{"view": {"shown_as": "soup"}, "recent": [], "width": 1, "height": 1}',
     '{"view": {"grid": "yes"}, "recent": [], "width": 900, "height": 900}'],
)  # fmt: skip
def test_a_damaged_file_is_reported_and_ignored(text: str, tmp_path: Path) -> None:
    path = tmp_path / "viewer.json"
    path.write_text(text)
    settings, message = load(path)
    assert settings == Settings() and message is not None and str(path) in message


def test_settings_that_cannot_be_saved_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    message = save(Settings(), tmp_path / "file" / "viewer.json")
    assert message is not None and "cannot be saved" in message


def test_recent_files_are_few_and_each_once() -> None:
    settings = Settings()
    for number in [*range(20), 3]:
        settings = settings.with_recent(Path(f"{number}.jpg"))
    assert len(settings.recent) == 10 and settings.recent[0].endswith("3.jpg")
    assert len(set(settings.recent)) == 10


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECON_CONFIG_DIR", str(tmp_path))
    assert settings_path() == tmp_path / "viewer.json"


def test_every_action_has_a_name_and_a_key_of_its_own() -> None:
    keys = [action.key for action in ACTIONS if action.key]
    assert len(set(keys)) == len(keys) and len({action.name for action in ACTIONS}) == len(ACTIONS)
    assert next(action.key_text for action in ACTIONS if action.name == "open") == "Ctrl+O"
    assert len(help_lines()) > len(keys)


def test_a_recent_photo_opens_again_with_its_depth(tmp_path: Path) -> None:
    settings = Settings().with_recent(tmp_path / "a.jpg", tmp_path / "a.png").with_recent(tmp_path / "b.jpg")
    path = tmp_path / "viewer.json"
    assert save(settings, path) is None and load(path) == (settings, None)
    options = settings.options_of(tmp_path / "a.jpg")
    assert options is not None and options.depth == tmp_path / "a.png"
    assert settings.options_of(tmp_path / "b.jpg") is None
    # Opened once more without it.
    assert settings.with_recent(tmp_path / "a.jpg").options_of(tmp_path / "a.jpg") is None


def test_a_sample_opens_again_as_a_sample_and_its_folder_is_not_for_saving(tmp_path: Path) -> None:
    first = samples()[0]
    settings = Settings().with_recent(tmp_path / "a.jpg").with_recent(first.photo, first.options.depth)
    assert settings.folder == str(tmp_path)
    assert settings.options_of(first.photo) == first.options and first.options.intrinsics is not None
