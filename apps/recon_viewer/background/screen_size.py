"""The size of the screen, without which Open3D centres a larger window, with its menu above the upper edge."""

import os
import sys

_TITLE_BAR_PX = 64
"""For the title bar, and a bar of the desktop."""


def screen_px() -> tuple[int, int] | None:
    """Width and height under X11; None where they are not known."""
    if not sys.platform.startswith("linux") or not os.environ.get("DISPLAY"):
        return None
    try:
        from Xlib.display import Display
        from Xlib.error import DisplayError
    except ImportError:
        return None
    try:
        display = Display()
    except (DisplayError, OSError):
        return None
    screen = display.screen()
    size = int(screen.width_in_pixels), int(screen.height_in_pixels)
    display.close()
    return size


def fitting(width: int, height: int, screen: tuple[int, int] | None) -> tuple[int, int]:
    """The size of a window that is not larger than the screen, px."""
    if screen is None:
        return width, height
    return min(width, screen[0]), height if height <= screen[1] else screen[1] - _TITLE_BAR_PX
