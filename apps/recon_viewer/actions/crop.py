"""Crops the active layer to a rectangle that was dragged in the view."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recon.render.view_camera import ViewCamera
from recon_viewer.background.host import Host
from recon_viewer.model import commands
from recon_viewer.model.crop_rectangle import Position, seen_inside

NO_PHOTO: Final = "only a scene with its photo can be cropped"


def crop_to_rectangle(host: Host, camera: ViewCamera, size: Position, a: Position, b: Position) -> None:
    """Crops the active layer to a rectangle of the view, given by two corners, px from its top-left corner."""
    scene = host.scene
    if scene is None:
        host.say(NO_PHOTO, problem=True)
        return
    kept = seen_inside(scene, host.picture.world_T_cam, camera, size, a, b)
    if host.do(lambda state: commands.keep_pixels(state, kept)):
        host.use("look")
        host.say(kept_text(kept))


def kept_text(kept: NDArray[np.bool_]) -> str:
    """What a crop has left, for the user; (H, W)."""
    return f"{int(kept.sum()):,} pixels kept; Ctrl+Z undoes it"
