"""The floor plan's outline over the view from above, with the lengths of the walls."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recon.errors import ExportError
from recon.frames import Transform
from recon.geometry.floor_plan import Plan, Points
from recon.outputs.floor_plan import scene_plan
from recon.render.style import AHEAD, EVERYTHING, RIGHT, Section
from recon.scene import Scene
from recon.units import metres
from recon_viewer.drawing.line_sets import Lines, joined

_RGB = (255, 176, 66)
_LABELLED_M = 0.5
_MOST_LABELS = 12
_FARTHEST = 0.25
"""How much farther than the scene without outliers the view from above reaches for a wall, of the scene's size."""
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

    def with_walls(self, low: Points, high: Points) -> tuple[Points, Points]:
        """A box, world frame, m, widened to hold the walls, but not far ones that are seen through a window."""
        if not len(self.lines.points):
            return low, high
        spare = _FARTHEST * (high - low)
        first, last = self.lines.points.min(axis=0), self.lines.points.max(axis=0)
        return np.clip(first, low - spare, low), np.clip(last, high, high + spare)


NO_PLAN = PlanOverlay(joined([]), ())


def plan_or_none(scene: Scene) -> Plan | None:
    """The scene's floor plan; None where gravity is unknown or nothing is at the plan's height."""
    try:
        return scene_plan(scene)
    except ExportError:
        return None


def plan_overlay(
    plan: Plan,
    turn_rad: float,
    top_m: float,
    world_T_upright: Transform,
    scale_interval: float | None,
    section: Section = EVERYTHING,
) -> PlanOverlay:
    """The plan above everything that is drawn, where nothing hides it from above.

    Args:
        plan: In the frame of a plan.
        turn_rad: Of the walls (``WallsTurns``): the view and the section are along them.
        top_m: Height at which it is drawn, upright frame.
        world_T_upright: (4, 4).
        scale_interval: Relative half-width of the 95 % interval of the scale; None: unknown.
        section: What is shown of it; a wall that it cuts has no length.
    """
    walls = [np.stack(pair) for line in plan.lines for pair in pairwise(line)]
    shown = [(wall, part) for wall in walls if (part := _part_inside(wall, turn_rad, section)) is not None]

    def placed(points: Points) -> Points:
        upright = np.stack([points[:, 0], np.full(len(points), top_m), -points[:, 1]], axis=1)
        return upright @ world_T_upright[:3, :3].T + world_T_upright[:3, 3]

    ends, rgb = np.array([[0, 1]], np.int32), np.array([_RGB], np.uint8)
    lines = joined([Lines(placed(part).astype(np.float32), ends, rgb) for _, part in shown])
    walls = [wall for wall, part in shown if part is wall]
    lengths_m = [float(np.linalg.norm(b - a)) for a, b in walls]
    longest = sorted(range(len(walls)), key=lambda k: -lengths_m[k])[:_MOST_LABELS]
    labels = []
    for k in longest:
        if lengths_m[k] >= _LABELLED_M:
            x, y, z = placed(walls[k].mean(axis=0)[None])[0]
            labels.append(((float(x), float(y), float(z)), metres(lengths_m[k], scale_interval)))
    x, y, z = world_T_upright[:3, :3] @ (np.sin(turn_rad), 0.0, -np.cos(turn_rad))
    return PlanOverlay(lines, tuple(labels), (float(x), float(y), float(z)))


def _part_inside(wall: Points, turn_rad: float, section: Section) -> Points | None:
    """The part of (2, 2) m, right and ahead, in a section along the walls; None if there is none."""
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    first, last = wall @ np.array([[c, s], [-s, c]])
    start, end = 0.0, 1.0
    for axis in (RIGHT, AHEAD):
        step = last[axis] - first[axis]
        for limit, sign in ((section.low[axis], 1.0), (section.high[axis], -1.0)):
            if limit is None:
                continue
            before, after = sign * (first[axis] - limit), sign * (last[axis] - limit)
            if max(before, after) < 0:
                return None
            if before < 0:
                start = max(start, (limit - first[axis]) / step)
            elif after < 0:
                end = min(end, (limit - first[axis]) / step)
    if start >= end:
        return None
    return wall if (start, end) == (0.0, 1.0) else wall[0] + np.array([[start], [end]]) * (wall[1] - wall[0])
