"""The actions of menu, keys and buttons that need no dialog and no camera: the name, and what it does."""

from collections.abc import Callable
from functools import partial
from typing import Final

from recon.render.style import COLOURS, EVERYTHING, SHOWN_AS
from recon_viewer.actions.clipboard import copy, paste
from recon_viewer.actions.section_limits import SectionLimits
from recon_viewer.background.host import Host
from recon_viewer.model import commands
from recon_viewer.model.state import TOOLS

SWITCHES: Final = ("grid", "axes", "frustum", "labels", "pictures", "swapped", "beside", "panel", "dark")
"""Names of display settings that are on or off."""
_LEAST_POINT_PX, _MOST_POINT_PX = 1.0, 12.0


def actions_of(host: Host, section: SectionLimits) -> dict[str, Callable[[], object]]:
    """By the names in ``recon_viewer.ui.shortcuts``; the others are in ``recon_viewer.ui.actions``."""
    return {
        **{name: partial(_switch, host, name) for name in SWITCHES},
        **{name: partial(host.view, shown_as=name) for name in SHOWN_AS},
        **{name: partial(host.use, name) for name in TOOLS},
        "depth-colours": lambda: _depth_colours(host),
        "colours": lambda: _next_colours(host),
        "bigger": lambda: _resize_points(host, 1),
        "smaller": lambda: _resize_points(host, -1),
        "undo": lambda: host.step("undo"),
        "redo": lambda: host.step("redo"),
        "finish": host.finish,
        "cancel": host.cancel,
        "cut-ceiling": section.cut_ceiling,
        "whole": lambda: section.limit(EVERYTHING),
        "crop-section": section.crop,
        "clear": lambda: host.do(commands.clear_measured),
        "forget-known": lambda: host.do(commands.remove_known),
        "close-layer": lambda: _close_layer(host),
        "copy": lambda: copy(host),
        "paste": lambda: paste(host),
    }


def _switch(host: Host, name: str) -> None:
    host.view(**{name: not getattr(host.state.view, name)})


def _depth_colours(host: Host) -> None:
    host.view(colours="photo" if host.state.view.colours == "depth" else "depth")


def _next_colours(host: Host) -> None:
    host.view(colours=COLOURS[(COLOURS.index(host.state.view.colours) + 1) % len(COLOURS)])


def _resize_points(host: Host, step_px: int) -> None:
    size_px = host.state.view.point_size_px + step_px
    host.view(point_size_px=min(max(size_px, _LEAST_POINT_PX), _MOST_POINT_PX))


def _close_layer(host: Host) -> None:
    key = host.state.active
    if key is not None:
        host.do(lambda state: commands.remove_layer(state, key))
