"""How much of a scene is drawn: at rest, and while the camera moves. Files and measurements are not affected."""

from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform
from recon.render.drawable import Drawn, draw_scene
from recon.render.style import View
from recon.scene import Scene

_AT_REST_PIXELS = 320_000
"""Most vertices of a mesh. The photo is its texture, so that more of them are hardly visible."""
_MOVING_PIXELS = 25_000
"""Most vertices while the camera moves: about 50 thousand triangles, for renderers without a graphics card."""


def for_the_view(scene: Scene, view: View) -> Scene:
    """The scene with as many vertices as the view needs, unless the user has chosen how many."""
    options = scene.options
    chosen = (
        options.full or options.stride is not None or options.faces is not None or options.error is not None
    )
    if view.shown_as != "mesh" or chosen:
        return scene
    stride = max(scene.stride_of("mesh"), _stride(scene, _AT_REST_PIXELS))
    return scene.with_options(replace(options, stride=stride))


def while_moving(
    full: Drawn,
    scene: Scene,
    view: View,
    world_T_cam: Transform,
    *,
    share: tuple[float, float],
    painted: NDArray[np.uint8] | None = None,
) -> Drawn | None:
    """A coarse textured mesh of the same scene; None if all of it is drawn while the camera moves.

    Args:
        full: The scene as drawn at rest.
        scene: The scene.
        view: Shape and colours.
        world_T_cam: (4, 4) transform to the world frame.
        share: The visible part of the photo's width, as fractions.
        painted: (H, W, 3) colours of the pixels; None: those of the view.
    """
    # Dropped points are in no mesh, and a wireframe has few lines.
    if len(full.points) <= 2 * _MOVING_PIXELS or view.shown_as == "wireframe" or view.colours == "masks":
        return None
    options = replace(
        scene.options, stride=_stride(scene, _MOVING_PIXELS), voxel=None, faces=None, error=None
    )
    few = draw_scene(
        scene.with_options(options), replace(view, shown_as="mesh"), world_T_cam, share=share, painted=painted
    )
    return None if few.is_empty else few


def _stride(scene: Scene, most_pixels: int) -> int:
    return max(1, ceil((scene.depth.z_m.size / most_pixels) ** 0.5))
