"""The process that has the window: ``python -m recon_viewer.process CHANNEL``.

CHANNEL is the descriptor of the connection to the command. What to show, a ``Start``, is read from stdin.
"""

import os
import pickle
import signal
import socket
import sys
import threading
from types import FrameType

from recon.temporary_folders import remove_process_folder
from recon_viewer.background.window_process import INTERRUPTED, Start

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Shows the window until it is closed."""
    for number in _SIGNALS:
        # Whoever ignores one (nohup) goes on to do so.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    channel = socket.socket(fileno=int(sys.argv[1]))
    # The renderer writes about drivers and swap chains.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_leave_with, args=(channel,), daemon=True).start()
    code: int | None
    try:
        try:
            # Imported here: a problem with Open3D is one sentence too.
            from recon_viewer.window import ViewerWindow

            start = pickle.load(sys.stdin.buffer)
            assert isinstance(start, Start)
            viewer = ViewerWindow(start.config)
            viewer.open_files(start.files, start.view)
        except (RuntimeError, OSError, ImportError) as error:
            channel.sendall(f"{' '.join(str(error).split()) or type(error).__name__}\n".encode())
            os._exit(1)
        viewer.run()
        code = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except EOFError:
        # Whoever started this process needs it no more.
        code = None
    if code is not None:
        channel.sendall(f"{code}\n".encode())
    # Not a regular exit: a thread still reads.
    remove_process_folder()
    os._exit(code or 0)


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
