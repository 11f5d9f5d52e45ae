"""Whether this machine can open a window: message in a sentence, never by an abort."""

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from recon.errors import ViewerError
from recon_viewer.background import window_check


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DISPLAY", ":1")
    window_check.forget()
    yield
    window_check.forget()


def _ends_with(monkeypatch: pytest.MonkeyPatch, code: int, stderr: bytes = b"") -> list[int]:
    calls: list[int] = []

    def run(*args: object, **named: object) -> SimpleNamespace:
        calls.append(code)
        return SimpleNamespace(returncode=code, stderr=stderr)

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_an_abort_of_the_child_is_a_sentence_here(monkeypatch: pytest.MonkeyPatch) -> None:
    _ends_with(monkeypatch, -6)
    with pytest.raises(ViewerError, match="apt-get install libvulkan1 mesa-vulkan-drivers"):
        window_check.check_window()


def test_missing_open3d_and_a_missing_driver_are_different_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    _ends_with(monkeypatch, 3, b"libusb-1.0.so.0: cannot open shared object file")
    with pytest.raises(ViewerError, match=r"recon\[viewer\].*libusb") as message:
        window_check.check_window()
    assert "Vulkan" not in str(message.value)


def test_it_is_tried_once_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _ends_with(monkeypatch, 0)
    window_check.check_window()
    window_check.check_window()
    assert len(calls) == 1


def test_a_driver_that_never_responds_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*args: object, **named: object) -> None:
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ViewerError, match="did not respond within"):
        window_check.check_window()


def test_a_window_without_a_display_names_the_ways_around(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _ends_with(monkeypatch, 0)
    monkeypatch.setattr(window_check.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(ViewerError, match=r"display.*recon view --web"):
        window_check.check_window()
    assert not calls
    monkeypatch.setenv("DISPLAY", ":1")
    window_check.check_window()
    assert calls
