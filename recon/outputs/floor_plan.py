"""The floor plan of a scene."""

from dataclasses import replace

import numpy as np

from recon.errors import ExportError
from recon.frames import Transform, apply, gl_T_cam
from recon.geometry.floor_plan import TOLERANCE_M, Plan, plan_of
from recon.scene import Scene
from recon.types import Mesh

HEIGHT_M = 1.2
"""Default height of the plane, above most furniture and below the lintels of windows and doors."""


def scene_plan(scene: Scene, height_m: float | None = None, tolerance_m: float = TOLERANCE_M) -> Plan:
    """The plan at a height above the floor.

    Args:
        scene: The scene; it needs an estimate of gravity.
        height_m: Height above the floor; None: 1.2 m, or the camera's height if the photo shows no floor.
        tolerance_m: Distance from a straight line up to which a wall is straight.

    Raises:
        ExportError: Gravity is unknown, a height is given but no floor is visible, or nothing is at that height.
    """
    levelling = scene.gravity
    if not levelling.trusted:
        raise ExportError(
            "a plan needs the direction of gravity, which could not be estimated from floor, walls and vertical "
            f"lines (confidence {levelling.confidence:.2f}): use a photo that shows more of them"
        )
    has_floor = levelling.camera_height_m is not None
    if height_m is not None and not has_floor:
        raise ExportError(
            "the photo shows no floor that --height could be measured from; omit it to cut at the camera"
        )
    if height_m is None:
        height_m = HEIGHT_M if has_floor else 0.0
    # Surfaces that the photo shows, with all their pixels; synthetic ones are no walls.
    mesh = scene.with_options(replace(scene.options, fill=False, faces=None, error=None)).mesh()
    if not len(mesh.faces):
        raise ExportError("no surface is left of the scene: use a larger --max-depth, or a smaller --stride")
    level_T_cam = levelling.level_T_gl @ gl_T_cam
    plan = plan_of(mesh, level_T_cam, height_m, above_floor=has_floor, tolerance_m=tolerance_m)
    if not plan.lines:
        place = "floor" if has_floor else "camera"
        cure = "use a --height between" if has_floor else "use a photo that shows the floor"
        raise ExportError(f"nothing is {height_m:g} m above the {place}{_reach(mesh, level_T_cam)}; {cure}")
    rough = scene.provenance.is_rough
    return replace(plan, scale_interval=scene.depth.scale_interval, rough=rough)


def _reach(mesh: Mesh, level_T_cam: Transform) -> str:
    """Where there is something, for the message."""
    heights_m = apply(level_T_cam, mesh.vertices)[:, 1]
    low_m, high_m = np.percentile(heights_m, (1, 99))
    return f": the scene reaches from {low_m:.2f} to {high_m:.2f} m"
