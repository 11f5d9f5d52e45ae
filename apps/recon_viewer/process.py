"""A process that has the window: ``python -m recon_viewer.process CHANNEL [successor]``.

CHANNEL is the descriptor of the connection to the command. What to show is read from stdin: a ``Start``, or, for a
successor, what another process holds, whose window stays until this one has said on stdout that it has drawn.
"""

import os
import pickle
import signal
import socket
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

from recon_viewer.background.hand_over import INTERRUPTED, Handed, Shown
from recon_viewer.background.window_process import Start

if TYPE_CHECKING:
    from recon_viewer.window import ViewerWindow

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Shows the window until it is closed or another process has taken it over."""
    for number in _SIGNALS:
        # Whoever ignores one (nohup) goes on to do so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    channel, stdout = socket.socket(fileno=int(sys.argv[1])), os.dup(1)
    # The renderer writes about drivers and swap chains.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_leave_with, args=(channel,), daemon=True).start()
    code: int | None
    try:
        try:
            viewer = _resumed(channel.fileno(), stdout) if sys.argv[2:] else _opened(channel.fileno())
        except (RuntimeError, OSError, ImportError) as error:
            # A successor is not missed: the window that it should replace stays, and says so.
            if not sys.argv[2:]:
                channel.sendall(f"{' '.join(str(error).split()) or type(error).__name__}\n".encode())
            os._exit(1)
        viewer.run()
        code = None if viewer.handed_over else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except EOFError:
        # Whoever started this process needs it no more.
        code = None
    if code is not None:
        channel.sendall(f"{code}\n".encode())
    # Not a regular exit: a thread still reads.
    os._exit(code or 0)


def _opened(channel: int) -> "ViewerWindow":
    from recon_viewer.window import ViewerWindow

    start = pickle.load(sys.stdin.buffer)
    assert isinstance(start, Start)
    viewer = ViewerWindow(start.config, channel=channel)
    viewer.open_files(start.files, start.view)
    return viewer


def _resumed(channel: int, stdout: int) -> "ViewerWindow":
    """Takes over as soon as the other window says so; it may send a newer state first."""
    from recon_viewer.controller import Controller
    from recon_viewer.window import ViewerWindow

    os.write(stdout, b"ready\n")
    asked: Handed | Shown = pickle.load(sys.stdin.buffer)
    assert isinstance(asked, Handed)
    controller = Controller(asked.settings, asked.config)
    while isinstance(asked, Handed):
        controller.resume(asked)
        os.write(stdout, b"painted\n")
        asked = pickle.load(sys.stdin.buffer)
    assert isinstance(asked, Shown)
    viewer = ViewerWindow(channel=channel, resumed=(controller, asked))
    viewer.draw_once(asked.frame)
    os.write(stdout, b"drawn\n")
    return viewer


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A second signal must not interrupt the closing of the window.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _leave_with(channel: socket.socket) -> None:
    """Closes the window when the command is gone."""
    channel.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
