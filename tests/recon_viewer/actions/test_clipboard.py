"""Opening what the clipboard names; no display."""

from pathlib import Path

import pytest

from recon_viewer.background import outputs
from recon_viewer.controller import Controller


def test_all_copied_files_are_opened_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller, opened = Controller(), list[Path]()
    photos = [tmp_path / "a.jpg", tmp_path / "b c%20.jpg"]
    for path in photos:
        path.write_bytes(b"")
    monkeypatch.setattr(controller, "open", lambda path, options: opened.append(path))
    monkeypatch.setattr(outputs, "pasted_text", lambda: "\n".join(map(str, photos)))
    controller.act("paste")
    assert opened == photos
    monkeypatch.setattr(outputs, "pasted_text", lambda: "something else")
    controller.act("paste")
    assert opened == photos and controller.is_problem and "names no file" in controller.message
    controller.close()


def test_the_clipboard_is_read_by_the_first_program_that_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in (("wl-paste", "exit 1"), ("xclip", "echo /a/photo.jpg")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert outputs.pasted_text() == "/a/photo.jpg\n"
    controller = Controller()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    controller.act("paste")
    assert controller.is_problem and "xclip" in controller.message
    controller.close()
