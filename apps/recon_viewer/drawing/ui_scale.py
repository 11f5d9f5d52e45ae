"""Scale factor between design pixels and screen pixels: 1 on a standard screen, 2 on a high-resolution one."""

from typing import Any

_FONT_PX = 16
"""Size of Open3D's font on a standard screen."""
_AUTOMATIC_EM, _AUTOMATIC_SHARE = 24.0, 0.6
"""Unless the user drags it: its width, and the most of the window's width for it and the controls."""
_NARROWEST_EM = 8.0


def scale_of(window: Any) -> float:
    """From the font size, which Open3D adapts to the screen; ``window.scaling`` is 1 if X11 scales with Xft.dpi."""
    return max(1.0, float(window.theme.font_size) / _FONT_PX)


def column_px(width_px: float, panel_px: float, stated_em: float | None, em_px: float) -> int:
    """Width of what stands aside, the pictures or, if swapped, the 3D view; 0 if there is too little room for it.

    Args:
        width_px: Of the window.
        panel_px: Of the controls.
        stated_em: What the user has dragged it to; None: automatic.
        em_px: Size of the font.
    """
    least, room = _NARROWEST_EM * em_px, width_px - panel_px
    if room - (1 - _AUTOMATIC_SHARE) * width_px < least:
        return 0
    if stated_em is None:
        return int(min(_AUTOMATIC_EM * em_px, room - (1 - _AUTOMATIC_SHARE) * width_px))
    return int(max(min(stated_em * em_px, room - least), least))
