"""How many px of the screen a px of the design is: 1 on an ordinary screen, 2 on one that is twice as fine."""

from typing import Any

_FONT_PX = 16
"""Open3D's font where a screen is ordinary."""
_VIEW_SHARE = 0.4
"""Of the window's width that the 3D view keeps."""
_NARROWEST_EM = 8.0


def scale_of(window: Any) -> float:
    """By its font, which Open3D makes for the screen; ``window.scaling`` stays 1 where X11 scales by Xft.dpi."""
    return max(1.0, float(window.theme.font_size) / _FONT_PX)


def column_px(width_px: float, panel_px: float, wanted_em: float, em_px: float) -> int:
    """Width of the pictures' column: what is wanted, or what view and panel leave; 0 where that is of no use."""
    left = min(wanted_em * em_px, (1 - _VIEW_SHARE) * width_px - panel_px)
    return int(left) if left >= _NARROWEST_EM * em_px else 0
