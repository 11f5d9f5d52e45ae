"""The lines of a picture: floor grid, axes, crop box, outline of the section, and the photos' cameras."""

from collections.abc import Mapping

import numpy as np

from recon.frames import Transform
from recon.render.drawable import Drawn
from recon.render.style import EVERYTHING, UP
from recon.scene import Scene
from recon.types import Intrinsics
from recon_viewer.drawing import guides
from recon_viewer.drawing.line_sets import Lines, joined
from recon_viewer.drawing.section import Corners, section_box
from recon_viewer.model.layer_scene import Adjuster
from recon_viewer.model.state import Layer, State


def scene_lines(
    state: State,
    drawn: Mapping[int, Drawn],
    scene: Scene | None,
    turned_T_world: Transform,
    reach: Corners | None,
    adjuster: Adjuster,
) -> tuple[Lines, dict[int, Lines]]:
    """Guides, and the cameras of each layer.

    Args:
        state: What is shown; it has an active layer.
        drawn: The layers, uncut, by key.
        scene: The active layer's; None: it has no photo.
        turned_T_world: (4, 4) to the frame along the walls.
        reach: Corners of all layers along right, ahead and up, m; None: nothing is drawn.
        adjuster: Tells how layers are placed.
    """
    low, high = (np.zeros(3), np.zeros(3)) if reach is None else reach
    size_m = float(np.linalg.norm(high - low))
    colours = guides.palette(state.view.dark)
    frusta = {
        layer.key: _frusta(
            layer, scene if layer.key == state.active else None, drawn[layer.key], size_m, adjuster
        )
        for layer in state.layers
        if state.view.frustum and layer.key in drawn
    }
    return _guides(state, scene, turned_T_world, reach, adjuster), {
        key: joined([guides.frustum(*each, colours) for each in cameras]) for key, cameras in frusta.items()
    }


def _guides(
    state: State, scene: Scene | None, turned_T_world: Transform, reach: Corners | None, adjuster: Adjuster
) -> Lines:
    """The floor grid, axes, crop box, and outline of the section."""
    active = state.layer
    assert active is not None
    view, parts = state.view, []
    colours = guides.palette(view.dark)
    world_T_upright = adjuster.world_T_cam(active) @ np.linalg.inv(adjuster.upright_T_cam(active))
    world_T_turned: Transform = np.linalg.inv(turned_T_world).astype(np.float64)
    levelling = adjuster.levelling_of(active) if scene is not None else None
    seen = levelling is not None and levelling.trusted and levelling.camera_height_m is not None
    # Where up is unknown, a grid would stand askew in the scene.
    if view.grid and reach is not None and (active.base is None or adjuster.is_level(active)):
        around = section_box(EVERYTHING, reach)
        floor_m = 0.0 if seen else float(reach[0][UP])
        corners = np.array(around.low), np.array(around.high)
        parts.append(guides.floor_grid(*corners, floor_m, world_T_turned, colours)[0])
    if view.axes:
        size_m = 0.0 if reach is None else float(np.linalg.norm(reach[1] - reach[0]))
        parts.append(guides.axes(max(0.1, 0.15 * size_m), world_T_upright, colours))
    if active.crop is not None:
        parts.append(guides.box_lines(active.crop, world_T_upright, colours.box))
    # The view from above, which hides the ceiling, shows the walls.
    by_user = view.section.is_of_the_floor or (view.section != EVERYTHING and not view.plan)
    if by_user and reach is not None:
        outline = section_box(view.section, reach)
        parts.append(guides.box_lines(outline, world_T_turned, colours.section))
    return joined(parts)


def _frusta(
    layer: Layer, scene: Scene | None, drawn: Drawn, size_m: float, adjuster: Adjuster
) -> list[tuple[Intrinsics, float, Transform]]:
    """The cameras of a layer's photos, the length of their pyramids, and their poses."""
    world_T_cam, size_m = adjuster.world_T_cam(layer), max(size_m, 0.1)
    if layer.base is None:
        return [(each.intrinsics, 0.04 * size_m, world_T_cam @ each.cam_T_own) for each in layer.cameras]
    camera = (scene or layer.base).intrinsics
    return [(camera, 0.08 * size_m, world_T_cam)] if len(drawn.points) else []
