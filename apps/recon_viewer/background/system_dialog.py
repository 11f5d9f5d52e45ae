"""The system's own file dialogs, each a program that prints what was chosen: KDE's, GNOME's, or Tk's.

Tk shows the native dialogs of Windows and macOS.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ENVIRONMENT = "RECON_FILE_DIALOG"
"""``own`` in it: none of them, but the viewer's."""
_CHOSEN, _CANCELLED = 0, 1
_ENDS_S = 2.0


@dataclass(frozen=True)
class FileQuestion:
    """What is asked."""

    title: str
    folder: str
    """Where the dialog begins."""
    save: bool = False
    name: str = ""
    """Suggested for a file to save."""
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Names, each with its suffixes; none: all files."""


def programs(
    question: FileQuestion,
    environment: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
) -> list[list[str]]:
    """The command lines that can ask, best first; none: the viewer's own dialog is left."""
    if environment.get(ENVIRONMENT) == "own":
        return []
    start = os.path.join(question.folder, question.name)
    found = []
    if which("kdialog"):
        found.append(_kdialog(question, start))
    if which("zenity"):
        # Outside of KDE, GNOME's is the one that looks like the other programs.
        at = len(found) if "KDE" in environment.get("XDG_CURRENT_DESKTOP", "") else 0
        found.insert(at, _zenity(question, start))
    if importlib.util.find_spec("tkinter") and importlib.util.find_spec("_tkinter"):
        found.append(
            [sys.executable, "-m", "recon_viewer.background.tk_dialog", json.dumps(asdict(question))]
        )
    return found


class SystemDialog:
    """One question that is being asked, in a process of its own: the viewer goes on."""

    def __init__(self, commands: Sequence[Sequence[str]]) -> None:
        self._left = list(commands)
        self._process: subprocess.Popen[str] | None = None
        self.failed = False
        """Whether none of the programs could show a dialog."""
        self._next()

    def poll(self) -> list[Path] | None:
        """The chosen files, empty where it was cancelled or failed; None while the dialog is open."""
        process = self._process
        if process is None:
            return []
        if process.poll() is None:
            return None
        printed = process.stdout.read() if process.stdout else ""
        if process.returncode in (_CHOSEN, _CANCELLED):
            return (
                [Path(line) for line in printed.splitlines() if line.strip()]
                if not process.returncode
                else []
            )
        self._next()
        return None if self._process is not None else []

    def end(self) -> None:
        """Closes the dialog."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process = None

    def _next(self) -> None:
        self._process = None
        while self._left and self._process is None:
            try:
                self._process = subprocess.Popen(
                    self._left.pop(0),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="utf-8",
                    errors="surrogateescape",
                )
            except OSError:
                continue
        self.failed = self._process is None


def _zenity(question: FileQuestion, start: str) -> list[str]:
    made = ["zenity", "--file-selection", f"--title={question.title}", f"--filename={start}"]
    if not question.save:
        made += ["--multiple", "--separator=\n"]
    else:
        made += ["--save", "--confirm-overwrite"]
    made += [f"--file-filter={name} | {_patterns(suffixes)}" for name, suffixes in question.filters]
    return [*made, "--file-filter=All files | *"]


def _kdialog(question: FileQuestion, start: str) -> list[str]:
    filters = [f"{name} ({_patterns(suffixes)})" for name, suffixes in question.filters]
    kind = (
        ["--getsavefilename"] if question.save else ["--multiple", "--separate-output", "--getopenfilename"]
    )
    return ["kdialog", "--title", question.title, *kind, start, "|".join([*filters, "All files (*)"])]


def _patterns(suffixes: Sequence[str]) -> str:
    """Lower and upper case: these programs tell them apart."""
    return " ".join(f"*{one}" for suffix in suffixes for one in dict.fromkeys((suffix, suffix.upper())))
