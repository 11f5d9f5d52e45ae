"""Colours that stand for numbers, by pixel of the photo: depth, its error, and the difference of two scenes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.depth_map.colormap import depth_picture, span_of
from recon.depth_map.error_picture import Coloured, difference_picture, error_picture
from recon.scene import Scene
from recon_viewer.model.same_photo import share_pixels, shown_together
from recon_viewer.model.state import State

_GREY = 128
NOTES = {
    "error": "the errors of this depth are unknown: grey",
    "error_m": "the errors of this depth are unknown: grey",
    "difference": "a difference needs two visible scenes of one photo: grey",
}


@dataclass(frozen=True, eq=False)
class PixelColours:
    """The pixels of one scene, and what their colours mean."""

    rgb: NDArray[np.uint8]
    """(H, W, 3)."""
    legend: NDArray[np.uint8] | None
    """(h, L, 3); None: that of the depth map."""
    is_known: bool = True
    """False: the scene does not tell, and all is grey."""


def pixel_colours(state: State, key: int, scenes: Mapping[int, Scene]) -> PixelColours | None:
    """The colours of one layer's scene; None: they stand for no number (photo, normals, dropped points).

    Args:
        state: The state to show.
        key: Of the layer.
        scenes: The current scenes by layer; all layers share one scale of depth, which is the active one's.
    """
    scene, colours = scenes[key], state.view.colours
    if colours == "depth":
        active = scene if state.active is None else scenes.get(state.active, scene)
        known = active.depth.z_m[active.depth.valid]
        if not known.size:
            return None
        picture = depth_picture(scene.depth, state.view.colormap, span_of(known))
        return PixelColours(np.ascontiguousarray(picture[:, : scene.photo.width]), None)
    made: Coloured | None
    if colours == "difference":
        other = _other(state, key, scenes)
        made = None if other is None else difference_picture(scene.depth, other.depth)
    elif colours in ("error", "error_m"):
        made = error_picture(scene.depth, in_metres=colours == "error_m")
    else:
        return None
    if made is None:
        return PixelColours(np.full_like(scene.photo.rgb, _GREY), None, is_known=False)
    return PixelColours(*made)


def _other(state: State, key: int, scenes: Mapping[int, Scene]) -> Scene | None:
    """The other one of exactly two scenes that are drawn together and share their photo's pixels."""
    own = state.by_key(key)
    others = [
        layer.key
        for layer in shown_together(state)
        if layer.key in scenes and layer.key != key and own is not None and share_pixels(layer, own)
    ]
    return scenes[others[0]] if len(others) == 1 and own in shown_together(state) else None
