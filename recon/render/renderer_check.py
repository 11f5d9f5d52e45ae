"""Whether this machine can render, or open a window; asked first, since Open3D ends the whole process where not.

No Vulkan driver is a C++ abort that nobody can catch, and so is a window without a display: so both are tried in a
child process, once a session.
"""

import os
import signal
import subprocess
import sys
from functools import lru_cache

from recon.errors import ReconError, ViewerError

_INSTALL = (
    '`pip install "recon[viewer]"`, and on Debian '
    "`apt-get install libgl1 libegl1 libx11-6 libusb-1.0-0 libudev1`"
)
_DRIVER = "`apt-get install libvulkan1 mesa-vulkan-drivers` on Debian, which needs no graphics card"
_WEB = "`recon view --web FILE` shows the scene in a browser"
_RENDER = """
from open3d.visualization import rendering
renderer = rendering.OffscreenRenderer(16, 16)
renderer.render_to_image()
"""
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


def check_rendering() -> None:
    """Renders a small picture in a child process. What it finds is kept until the process ends.

    Raises:
        ViewerError: Open3D is not installed, or cannot render; the sentence tells how to mend it.
    """
    told = _rendering()
    if told is not None:
        raise ViewerError(told)


def check_window() -> None:
    """Opens a small window in a child process. What it finds is kept until the process ends.

    Raises:
        ViewerError: There is no display, Open3D is not installed, or no window can be opened; the sentence tells how
            to mend it, and the way around it.
    """
    if not has_display():
        raise ViewerError(
            "no window can be opened: this session has no display (neither DISPLAY nor WAYLAND_DISPLAY is set). "
            f"{_WEB}; `recon render FILE -o picture.png` needs no display"
        )
    told = _window()
    if told is not None:
        raise ViewerError(told)


def has_display() -> bool:
    """Whether there is a screen to ask for; elsewhere than on Linux there always is."""
    return not sys.platform.startswith("linux") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def forget() -> None:
    """The next check looks again."""
    _rendering.cache_clear()
    _window.cache_clear()


@lru_cache(maxsize=1)
def _rendering() -> str | None:
    return _tried(
        _RENDER,
        needs="rendering needs Open3D",
        fails=f"nothing can be rendered here: there is no Vulkan driver ({_DRIVER})",
        slow="nothing can be rendered here: the Vulkan driver did not answer",
    )


@lru_cache(maxsize=1)
def _window() -> str | None:
    return _tried(
        _WINDOW,
        needs="the viewer needs Open3D",
        fails="no window can be opened: the display does not answer, or there is no Vulkan driver "
        f"({_DRIVER}). {_WEB}",
        slow=f"no window can be opened: the display or the Vulkan driver did not answer. {_WEB}",
    )


def _tried(program: str, *, needs: str, fails: str, slow: str) -> str | None:
    """None where the program ends well; else the sentence that fits the way in which it did not."""
    guarded = (
        f"import sys\ntry:\n    import open3d\nexcept (ImportError, OSError) as error:\n"
        f"    sys.stderr.write(str(error))\n    sys.exit({_IMPORT_FAILED})\n{program}"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", guarded], capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{slow} within {_PATIENCE_S:.0f} s: try again, or {_DRIVER}"
    except OSError as error:
        raise ReconError(f"Python cannot be started to try the renderer: {error}") from error
    if done.returncode == _IMPORT_FAILED:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return f"{needs}: {_INSTALL} ({lines[-1] if lines else 'it cannot be imported'})"
    if done.returncode == -getattr(signal, "SIGINT", 2):
        raise KeyboardInterrupt
    return fails if done.returncode else None
