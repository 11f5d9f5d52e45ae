"""A window that is not larger than the screen."""

import pytest

from recon_viewer.background.screen_size import fitting, screen_px


def test_a_window_larger_than_the_screen_is_made_smaller() -> None:
    assert fitting(1400, 900, (1366, 768)) == (1366, 704)
    assert fitting(1400, 900, (1400, 900)) == fitting(1400, 900, (2560, 1440)) == (1400, 900)
    assert fitting(1400, 900, None) == (1400, 900)


def test_without_a_display_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    assert screen_px() is None
    monkeypatch.delenv("DISPLAY")
    assert screen_px() is None
