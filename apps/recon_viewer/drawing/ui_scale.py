"""Scale factor between design pixels and screen pixels: 1 on a standard screen, 2 on a high-resolution one."""

from typing import Any

_FONT_PX = 16
"""Size of Open3D's font on a standard screen."""
_VIEW_SHARE = 0.4
"""Fraction of the window's width reserved for the 3D view."""
_NARROWEST_EM = 8.0


def scale_of(window: Any) -> float:
    """From the font size, which Open3D adapts to the screen; ``window.scaling`` is 1 if X11 scales with Xft.dpi."""
    return max(1.0, float(window.theme.font_size) / _FONT_PX)


def column_px(width_px: float, panel_px: float, wanted_em: float, em_px: float) -> int:
    """Width of the column of pictures: the wanted width, or what view and panel leave; 0 if that is too narrow."""
    left = min(wanted_em * em_px, (1 - _VIEW_SHARE) * width_px - panel_px)
    return int(left) if left >= _NARROWEST_EM * em_px else 0
