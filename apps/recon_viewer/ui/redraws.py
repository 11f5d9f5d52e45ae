"""When a window that nothing is known to have changed draws its widgets again.

A renderer that lags behind skips frames silently, the first one of the window too, and Open3D does not ask for the
second frame that a drop-down list needs to appear. But each frame of any Open3D window costs 2 to 4 MB with the
software driver of Mesa 22, which never gives them back: the frames become rarer, until the window rests.
"""

PULSE_S = 0.4
"""Shortest time between two such frames, s."""
_AWAKE_S = 12.0
"""Time after the last change or movement of the mouse for which there are such frames, s."""


def is_due(untouched_s: float, undrawn_s: float) -> bool:
    """Whether to draw again.

    Args:
        untouched_s: Time since the last change or movement of the mouse, s.
        undrawn_s: Time since the last such frame, s.
    """
    return untouched_s < _AWAKE_S and undrawn_s >= max(PULSE_S, untouched_s / 2)
