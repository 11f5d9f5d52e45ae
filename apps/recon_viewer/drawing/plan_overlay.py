"""The floor plan's outline over the view from above, with the lengths of the walls."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recon.errors import ExportError
from recon.frames import Transform
from recon.geometry.floor_plan import Plan, Points, turn_to_walls
from recon.outputs.floor_plan import scene_plan
from recon.scene import Scene
from recon.units import metres
from recon_viewer.drawing.line_sets import Lines, joined

_RGB = (255, 176, 66)
_LABELLED_M = 0.5
_MOST_LABELS = 12
Label = tuple[tuple[float, float, float], str]


@dataclass(frozen=True, eq=False)
class PlanOverlay:
    """What is drawn, world frame, m."""

    lines: Lines
    labels: tuple[Label, ...]
    """Of the longest walls: a point and a length."""
    forward: tuple[float, float, float] = (0.0, 0.0, -1.0)
    """Upwards in a view from above in which most walls are horizontal or vertical; within 45 degrees of where the
    photo looks."""


NO_PLAN = PlanOverlay(joined([]), ())


def plan_or_none(scene: Scene) -> Plan | None:
    """The scene's floor plan; None where gravity is unknown or nothing is at the plan's height."""
    try:
        return scene_plan(scene)
    except ExportError:
        return None


def plan_overlay(
    plan: Plan, top_m: float, world_T_upright: Transform, scale_interval: float | None
) -> PlanOverlay:
    """The plan above everything that is drawn, where nothing hides it from above.

    Args:
        plan: In the frame of a plan.
        top_m: Height at which it is drawn, upright frame.
        world_T_upright: (4, 4).
        scale_interval: Relative half-width of the 95 % interval of the scale; None: unknown.
    """
    walls = [np.stack(pair) for line in plan.lines for pair in pairwise(line)]

    def placed(points: Points) -> Points:
        upright = np.stack([points[:, 0], np.full(len(points), top_m), -points[:, 1]], axis=1)
        return upright @ world_T_upright[:3, :3].T + world_T_upright[:3, 3]

    ends, rgb = np.array([[0, 1]], np.int32), np.array([_RGB], np.uint8)
    lines = joined([Lines(placed(wall).astype(np.float32), ends, rgb) for wall in walls])
    lengths_m = [float(np.linalg.norm(b - a)) for a, b in walls]
    longest = sorted(range(len(walls)), key=lambda k: -lengths_m[k])[:_MOST_LABELS]
    labels = []
    for k in longest:
        if lengths_m[k] >= _LABELLED_M:
            x, y, z = placed(walls[k].mean(axis=0)[None])[0]
            labels.append(((float(x), float(y), float(z)), metres(lengths_m[k], scale_interval)))
    turn_rad = turn_to_walls(plan.lines)
    x, y, z = world_T_upright[:3, :3] @ (np.sin(turn_rad), 0.0, -np.cos(turn_rad))
    return PlanOverlay(lines, tuple(labels), (float(x), float(y), float(z)))
