"""Checks whether this machine can open a window, since Open3D otherwise aborts the process.

A missing Vulkan driver or display causes a C++ abort that Python cannot catch, so it is tried in a child process,
once per session.
"""

import signal
import subprocess
import sys
from functools import lru_cache

from recon.doctor.display import has_display
from recon.errors import ReconError, ViewerError, to_add

_INSTALL = (
    f"`{to_add('viewer')}`, and on Debian `apt-get install libgl1 libegl1 libx11-6 libusb-1.0-0 libudev1`"
)
_DRIVER = "`apt-get install libvulkan1 mesa-vulkan-drivers` on Debian, which needs no graphics card"
_WEB = "`recon view --web FILE` shows a photo or a scene (.npz) in a browser"
_WINDOW = """
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
_IMPORT_FAILED = 3
_PATIENCE_S = 120.0


def check_window() -> None:
    """Opens a small window in a child process. The result is cached.

    Raises:
        ViewerError: There is no display, Open3D is not installed, or no window can be opened; the message says how to
            fix it, and gives an alternative.
    """
    if not has_display():
        raise ViewerError(
            "cannot open a window: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            f"{_WEB}; `recon render FILE -o image.png` needs no display"
        )
    problem = _window()
    if problem is not None:
        raise ViewerError(problem)


def forget() -> None:
    """Clears the cached result."""
    _window.cache_clear()


@lru_cache(maxsize=1)
def _window() -> str | None:
    """None if a window opens, otherwise the error message for the way it failed."""
    guarded = (
        f"import sys\ntry:\n    import open3d\nexcept (ImportError, OSError) as error:\n"
        f"    sys.stderr.write(str(error))\n    sys.exit({_IMPORT_FAILED})\n{_WINDOW}"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", guarded], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return (
            "cannot open a window: the display or the Vulkan driver did not respond within "
            f"{_PATIENCE_S:.0f} s: try again, or {_DRIVER}. {_WEB}"
        )
    except OSError as error:
        raise ReconError(f"cannot start Python to check the display: {error}") from error
    if done.returncode == _IMPORT_FAILED:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return f"the viewer needs Open3D: {_INSTALL} ({lines[-1] if lines else 'it cannot be imported'})"
    if done.returncode == -getattr(signal, "SIGINT", 2):
        raise KeyboardInterrupt
    if done.returncode:
        return (
            "cannot open a window: the display does not respond, or no Vulkan driver was found "
            f"({_DRIVER}). {_WEB}"
        )
    return None
