"""The size of the screen, without which Open3D centres a larger window, with its menu above the upper edge."""

from recon_viewer.background.x_server import x_server

_TITLE_BAR_PX = 64
"""For the title bar, and a bar of the desktop."""


def room_px() -> tuple[int, int] | None:
    """Width and height of the largest window under X11, without its title bar; None where they are not known."""
    display = x_server()
    if display is None:
        return None
    from Xlib.Xatom import WINDOW

    screen = display.screen()
    manager = screen.root.get_full_property(display.intern_atom("_NET_SUPPORTING_WM_CHECK"), WINDOW)
    # Without a window manager there are no title bars.
    height = int(screen.height_in_pixels) - (0 if manager is None else _TITLE_BAR_PX)
    display.close()
    return int(screen.width_in_pixels), height


def fitting(width: int, height: int, room: tuple[int, int] | None) -> tuple[int, int]:
    """The size of a window that is not larger than its room (``room_px``), px."""
    return (width, height) if room is None else (min(width, room[0]), min(height, room[1]))
