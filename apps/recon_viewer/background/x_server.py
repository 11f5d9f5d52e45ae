"""The connection to the X server, for what Open3D does not report."""

import os
import sys
from typing import Any


def x_server() -> Any | None:
    """An ``Xlib.display.Display``; None where there is no X11, or no python-xlib."""
    if not sys.platform.startswith("linux") or not os.environ.get("DISPLAY"):
        return None
    try:
        from Xlib.display import Display
        from Xlib.error import DisplayError
    except ImportError:
        return None
    try:
        return Display()
    except (DisplayError, OSError):
        return None
