"""Pictures of a scene's mesh from next to the photo's camera, by recon's own rasteriser."""

from dataclasses import replace
from math import radians

import numpy as np
from numpy.typing import NDArray

from recon.render.picture import Look, Renderer
from recon.render.subject import subject_of_scene
from recon.scene import Scene

Picture = NDArray[np.uint8]
_WIDTH_PX = 640
_TURNS_DEG = ((18.0, 6.0), (-22.0, 16.0))
"""To the left and up. Farther to the side, what the photo does not show would leave holes."""
_FARTHER = 1.12
"""The camera steps back, so that the turned scene fits."""
_BACKGROUND_RGB = (236, 239, 243)


def surface_pictures(scene: Scene, colours: Picture) -> tuple[Picture, Picture, Picture]:
    """The mesh from the left, from the right and above, and the latter in other colours; (h, w, 3) uint8 each.

    Args:
        scene: Its options determine the mesh.
        colours: (h, w, 3) uint8 sRGB for the third picture, of the photo's aspect ratio.
    """
    import cv2

    photo = scene.photo
    size = (_WIDTH_PX, max(1, round(_WIDTH_PX * photo.height / photo.width)))
    subject = subject_of_scene(scene, "mesh", size)
    look = Look(size[0], size[1], _BACKGROUND_RGB, subject.footprint_px)
    places = [subject.start.orbit(radians(turn), radians(tilt)).dolly(_FARTHER) for turn, tilt in _TURNS_DEG]
    if subject.drawn.is_empty:
        empty = np.full((size[1], size[0], 3), _BACKGROUND_RGB, np.uint8)
        return empty, empty, empty
    own = Renderer(subject.drawn, look, places[0])
    painted = np.asarray(
        cv2.resize(colours, (photo.width, photo.height), interpolation=cv2.INTER_NEAREST), np.uint8
    )
    other = Renderer(replace(subject.drawn, texture=painted), look, places[1])
    return own.picture(places[0]), own.picture(places[1]), other.picture(places[1])
