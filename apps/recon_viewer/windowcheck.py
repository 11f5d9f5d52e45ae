"""Whether a window can be opened here; asked first, since Open3D ends the whole process where none can."""

import subprocess
import sys

from recon.errors import ViewerError

NO_WINDOW = (
    "no window can be opened: this session has no display or no Vulkan driver (on Debian `apt-get install libvulkan1 "
    "mesa-vulkan-drivers`). `recon view --web FILE` shows the scene in a browser"
)
_PROBE = """
from open3d.visualization import gui
app = gui.Application.instance
app.initialize()
window = app.create_window("recon", 64, 64, 0, 0)
app.run_one_tick()
window.close()
for _ in range(500):
    if not app.run_one_tick():
        break
"""
_PATIENCE_S = 60.0


def check_window() -> None:
    """Opens a small window in a child process, where an abort does no harm.

    Raises:
        ViewerError: Open3D is not installed, or no window can be opened; the sentence tells how to mend it.
    """
    try:
        import open3d
    except ImportError as error:
        raise ViewerError(
            'the viewer needs Open3D: `pip install "recon[viewer]"`, and on Debian `apt-get install libgl1 libegl1 '
            f"libx11-6 libusb-1.0-0 libudev1` ({error})"
        ) from error
    del open3d
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ViewerError(NO_WINDOW) from error
    if done.returncode:
        raise ViewerError(NO_WINDOW)
