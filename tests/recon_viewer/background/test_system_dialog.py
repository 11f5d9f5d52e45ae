"""The system's file dialogs: programs in their place, which answer as those do."""

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recon_viewer.background.system_dialog import ENVIRONMENT, FileQuestion, SystemDialog, programs
from recon_viewer.background.tk_dialog import main

OPEN = FileQuestion("Open", "/home/anna", filters=(("Photos", (".jpg", ".png")),))
SAVE = FileQuestion("Export", "/home/anna", True, "room.glb", (("Export", (".glb",)),))


def _answer(*commands: list[str]) -> tuple[list[Path], SystemDialog]:
    dialog, end = SystemDialog(commands), time.monotonic() + 60
    while (chosen := dialog.poll()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return chosen, dialog


def _program(folder: Path, name: str, text: str) -> list[str]:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def _found(question: FileQuestion, *there: str, desktop: str = "") -> list[str]:
    which = {name: f"/usr/bin/{name}" for name in there}.get
    return [command[0] for command in programs(question, {"XDG_CURRENT_DESKTOP": desktop}, which)]


def test_the_desktop_s_own_dialog_comes_first_and_tk_last() -> None:
    assert _found(OPEN, "zenity", "kdialog", desktop="KDE")[:2] == ["kdialog", "zenity"]
    assert _found(OPEN, "zenity", "kdialog", desktop="GNOME")[:2] == ["zenity", "kdialog"]
    assert "zenity" not in _found(OPEN)
    assert programs(OPEN, {ENVIRONMENT: "own"}, lambda name: f"/usr/bin/{name}") == []


def test_a_file_to_save_has_a_folder_a_name_and_a_question_before_it_is_replaced() -> None:
    zenity, *_ = programs(SAVE, {}, {"zenity": "/usr/bin/zenity"}.get)
    assert f"--filename={os.path.join('/home/anna', 'room.glb')}" in zenity
    assert {"--save", "--confirm-overwrite", "--file-filter=Export | *.glb *.GLB"} <= set(zenity)
    kdialog, *_ = programs(SAVE, {}, {"kdialog": "/usr/bin/kdialog"}.get)
    assert kdialog[-3:-1] == ["--getsavefilename", os.path.join("/home/anna", "room.glb")]
    several, *_ = programs(OPEN, {}, {"kdialog": "/usr/bin/kdialog"}.get)
    assert "--multiple" in several and "*.jpg *.JPG *.png *.PNG" in several[-1]


@pytest.mark.skipif(os.name == "nt", reason="the programs in their place are shell scripts")
def test_answers_are_files_or_nothing_and_a_broken_program_gives_way(tmp_path: Path) -> None:
    chooses = _program(tmp_path, "chooses", "printf '/a b/c.jpg\\n/d/é.png\\n'")
    cancels = _program(tmp_path, "cancels", "exit 1")
    fails = _program(tmp_path, "fails", "exit 5")
    assert _answer(chooses)[0] == [Path("/a b/c.jpg"), Path("/d/é.png")]
    assert _answer(cancels, chooses)[0] == []
    assert _answer(fails, ["/no/such/program"], chooses)[0] == [Path("/a b/c.jpg"), Path("/d/é.png")]
    nothing, dialog = _answer(fails)
    assert nothing == [] and dialog.failed
    assert not _answer(cancels)[1].failed


@pytest.mark.skipif(os.name == "nt", reason="the programs in their place are shell scripts")
def test_an_open_dialog_can_be_closed(tmp_path: Path) -> None:
    dialog = SystemDialog([_program(tmp_path, "waits", "exec sleep 600")])
    assert dialog.poll() is None
    dialog.end()
    assert dialog.poll() == [] and not dialog.failed
    dialog.end()


def _tk(monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, ...]) -> dict[str, Any]:
    """In place of Tk, which not every Python has."""
    asked: dict[str, Any] = {}

    def ask(**options: Any) -> tuple[str, ...]:
        asked.update(options)
        return chosen

    dialogs = SimpleNamespace(
        askopenfilenames=ask, asksaveasfilename=lambda **options: "".join(ask(**options))
    )
    tk = SimpleNamespace(
        Tk=lambda: SimpleNamespace(withdraw=lambda: None), TclError=RuntimeError, filedialog=dialogs
    )
    monkeypatch.setitem(sys.modules, "tkinter", tk)
    return asked


def test_tk_prints_what_was_chosen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = _tk(monkeypatch, ("/a b.jpg", "/c.png"))
    assert main(json.dumps(asdict(OPEN))) == 0 and capsys.readouterr().out == "/a b.jpg\n/c.png\n"
    assert asked["initialdir"] == "/home/anna" and asked["filetypes"][0] == (
        "Photos",
        [".jpg", ".png", ".JPG", ".PNG"],
    )
    asked = _tk(monkeypatch, ())
    assert main(json.dumps(asdict(SAVE))) == 1 and asked["initialfile"] == "room.glb"


def test_tk_without_a_display_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_display() -> None:
        raise RuntimeError("no display")

    _tk(monkeypatch, ())
    monkeypatch.setattr(sys.modules["tkinter"], "Tk", no_display)
    assert main(json.dumps(asdict(OPEN))) == 2
