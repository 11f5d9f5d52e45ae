"""A virtual X server whose screen is read from a file: windows open without a desktop."""

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@contextmanager
def virtual_display(folder: Path, size: tuple[int, int] = (1400, 1100)) -> Iterator[dict[str, str]]:
    """The environment of a separate X server of that size, px, which stores its screen as a file in ``folder``."""
    listens, says = os.pipe()
    screen = f"{size[0]}x{size[1]}x24"
    # Otherwise it starts anew when its last client leaves, and a program that connects just then gets nothing.
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(says), "-r", "-noreset", "-screen", "0", screen, "-fbdir", str(folder)],
        pass_fds=[says],
        stderr=subprocess.DEVNULL,
    )
    os.close(says)
    try:
        with os.fdopen(listens) as news:
            # It takes a free number, and says which when it is ready.
            number = news.readline().strip()
        if not number:
            raise OSError("Xvfb ended before it was ready")
        environment = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
        yield {**environment, "DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait()


def screen(folder: Path, rows: slice = slice(None)) -> NDArray[np.uint8]:
    """Some rows of the screen, (H, W, 3) uint8: Xvfb keeps it in an XWD file in ``folder``."""
    raw = np.memmap(folder / "Xvfb_screen0", np.uint8, "r")
    header = struct.unpack(">25I", raw[:100].tobytes())
    start, width, height, stride = header[0] + 12 * header[19], header[4], header[5], header[12]
    bgrx = raw[start : start + stride * height].reshape(height, stride // 4, 4)[rows]
    return np.ascontiguousarray(bgrx[:, :width, 2::-1])
