"""A window that is not larger than the screen."""

from types import SimpleNamespace

import pytest

from recon_viewer.background.screen_size import fitting, room_px


def test_a_window_larger_than_the_screen_is_made_smaller() -> None:
    assert fitting(1400, 900, (1366, 704)) == (1366, 704)
    assert fitting(1400, 900, (1400, 900)) == fitting(1400, 900, (2560, 1440)) == (1400, 900)
    assert fitting(1400, 900, None) == (1400, 900)


@pytest.mark.parametrize(("manager", "height"), [(None, 900), (object(), 836)])
def test_the_title_bar_of_a_window_manager_needs_room(
    manager: object, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("Xlib", reason="python-xlib is not installed")
    root = SimpleNamespace(get_full_property=lambda name, kind: manager)
    screen = SimpleNamespace(width_in_pixels=1440, height_in_pixels=900, root=root)
    display = SimpleNamespace(screen=lambda: screen, intern_atom=lambda name: 1, close=lambda: None)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setattr("Xlib.display.Display", lambda: display)
    assert room_px() == (1440, height)


def test_without_a_display_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    assert room_px() is None
    monkeypatch.delenv("DISPLAY")
    assert room_px() is None
