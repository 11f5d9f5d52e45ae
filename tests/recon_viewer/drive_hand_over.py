"""Moves a real window to another process and back to the command; run by test_window.py in a separate process."""

import json
import socket
import subprocess
import sys
from pathlib import Path

from open3d.visualization import gui

from recon_viewer.background import hand_over
from recon_viewer.background.hand_over import HandOver, Successor
from recon_viewer.window import ViewerWindow

PLACE = 37, 53, 1200, 800
"""Of the window on the screen when it moves to the other process: x, y, width, height, px."""
_REPORTING = """
import sys
from pathlib import Path
from recon_viewer import process, window

class Reporting(window.ViewerWindow):
    def draw_once(self, place):
        super().draw_once(place)
        Path({path!r}).write_text(self.status.notice + self.controller.message)

window.ViewerWindow = Reporting
process.main()
"""
"""The program of the other process, which also writes its notice and its message to a file."""


def main(folder: Path) -> None:
    """Raises AssertionError where the window does not do what it should."""
    hand_over.MOST_GROWN_MB = -1e6
    ours, theirs = socket.socketpair()
    viewer = ViewerWindow(folder / "viewer.json", channel=theirs.fileno())
    try:
        # The first window of a user says that nothing but the processor draws.
        assert "graphics" in viewer.status.notice
        viewer.open_files([], {"shown_as": "cloud", "dark": False})
        viewer.controller.open(folder / "scene.npz")
        while not (viewer.controller.idle and viewer.controller.state.layers):
            assert viewer.step() and not viewer.controller.problems
        stays(viewer, theirs.fileno())
        hand_over.MOST_GROWN_MB = -1e6
        viewer.window.os_frame = gui.Rect(*PLACE)
        program = sys.executable, "-c", _REPORTING.format(path=str(folder / "notice.txt"))
        viewer._hand_over = HandOver(lambda: Successor(theirs.fileno(), program))
        viewer.controller.say("what was said last")
        while viewer.step():
            assert not viewer.controller.is_problem, viewer.controller.message
        assert viewer.handed_over
        # It is shown for as long as the window is open, whichever process has it.
        assert (folder / "notice.txt").read_text() == viewer.status.notice + viewer.controller.message
        # As it does when it closes: that of the other process comes later.
        viewer.controller.settings = viewer.controller.settings.with_recent(Path("elsewhere.png"))
    finally:
        viewer.close()
        theirs.close()
    geometry = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "^recon", "getwindowgeometry", "--shell"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [int(line.partition("=")[2]) for line in geometry[1:5]] == list(PLACE), geometry
    assert "elsewhere.png" in (folder / "viewer.json").read_text()
    # The command is gone: the other process closes the window, saves its settings, and says so.
    ours.shutdown(socket.SHUT_WR)
    assert ours.recv(16) == b"130\n" and ours.recv(16) == b""
    saved = json.loads((folder / "viewer.json").read_text())
    assert (saved["view"]["shown_as"], saved["view"]["dark"]) == ("cloud", False)
    assert [Path(one).name for one in saved["recent"]] == ["scene.npz"]
    assert saved["knows_slow_drawing"]


def stays(viewer: ViewerWindow, channel: int) -> None:
    """Where the other process does not start, the window goes on, and says so."""
    viewer._hand_over = HandOver(lambda: Successor(channel, (sys.executable, "-c", "raise SystemExit(3)")))
    while not viewer.controller.is_problem:
        assert viewer.step()
    assert viewer.open and "save the scene" in viewer.controller.message
    viewer.controller.say("")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
