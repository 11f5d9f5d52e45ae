"""The process of the window as the command sees it.

The command's own process stays small and is what the shell waits for; a crash of the graphics driver becomes a
sentence in it. The window's process holds one end of a connection: it writes its exit code there, and when the
command is gone, it closes the window.
"""

import os
import pickle
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from recon.errors import ViewerError
from recon.options import Options

INTERRUPTED: Final = 130
"""Exit code of a window that was interrupted."""
PROGRAM: Final = (sys.executable, "-m", "recon_viewer.process")
_ALLOCATION: Final = {"MALLOC_MMAP_THRESHOLD_": str(1 << 18), "MALLOC_ARENA_MAX": "2"}
"""For glibc: an array of 256 KiB or more goes back to the system when it is freed, and threads share their heaps. By
default, freed arrays stay between smaller live ones in the heap of each thread: 150 to 250 MB after 100 commands."""


@dataclass(frozen=True)
class Start:
    """What the command asks for."""

    files: tuple[tuple[Path, Options], ...]
    view: dict[str, Any]
    """Fields of ``recon.render.style.View`` to change."""
    config: Path | None
    """File of the settings."""


class WindowProcess:
    """Loads Open3D from the start, while the command still checks the display; shows the window when asked."""

    def __init__(self, program: tuple[str, ...] = PROGRAM) -> None:
        self._ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [*program, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            env=_ALLOCATION | os.environ,
        )
        theirs.close()
        self._started = False

    def __enter__(self) -> "WindowProcess":
        return self

    def show(self, start: Start) -> None:
        """Shows the window, and returns when its process has ended.

        Raises:
            ViewerError: It did not end as it should.
            KeyboardInterrupt: It was interrupted.
        """
        assert self._process.stdin is not None
        self._started = True
        with suppress(OSError):  # a process that has died ends the connection too
            pickle.dump(start, self._process.stdin)
            self._process.stdin.close()
        said = self._wait()
        if said == str(INTERRUPTED):
            raise KeyboardInterrupt
        if said != "0":
            what = (
                f"the window cannot be opened ({said.rstrip('.')})"
                if said
                else "the window's process ended unexpectedly: the graphics driver may have failed, or memory ran out"
            )
            raise ViewerError(f"{what}. `recon view --web FILE` shows the scene in a browser")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._started:
            self._process.kill()
        with suppress(OSError):
            # It closes its window then.
            self._ours.shutdown(socket.SHUT_WR)
        self._wait()
        self._ours.close()
        self._process.wait()

    def _wait(self) -> str:
        """Waits until the process has ended; returns its exit code, why it made no window, or nothing after a
        crash."""
        said = b""
        while part := self._ours.recv(64):
            said += part
        return said.decode(errors="replace").strip()
