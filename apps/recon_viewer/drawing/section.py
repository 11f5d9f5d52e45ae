"""Cuts what is drawn by a box along the walls, such as below the ceiling. Files and measurements keep all of it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform
from recon.geometry.unproject import rays_of, unproject
from recon.render.drawable import Drawn
from recon.render.style import Section
from recon.scene import Scene
from recon_viewer.model.layer_scene import coarse
from recon_viewer.model.state import Box

_PIXELS = 320_000
"""Fewer would cut a ceiling to pieces: it is seen at a grazing angle."""
_DOWNWARDS = -0.8
"""Greatest cosine between a ceiling's normal and up."""
_LEAST_SHARE = 0.03
"""Of the points that are ceiling."""
_UPPER = 0.6
"""Fraction of the scene's height above which a surface that faces down is a ceiling, not the underside of a table."""
_THINNEST_M = 0.01
_SPARE = 0.1
"""Of the size of a scene, which does not count outliers: how much farther the limits go."""

Corners = tuple[NDArray[np.float64], NDArray[np.float64]]


def turned_T_upright(turn_rad: float) -> Transform:
    """(4, 4) to a frame whose x and z are along the walls.

    Args:
        turn_rad: Of the walls (``recon.geometry.floor_plan.turn_to_walls``).
    """
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 0], [0, 0, 0, 1]])


def section_T_turned() -> Transform:
    """(4, 4) from y up and z towards the camera to the axes of a section: right, ahead, up."""
    return np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


def inside(
    points: NDArray[np.float32], section_T_own: Transform, section: Section
) -> NDArray[np.bool_] | None:
    """Which of (..., 3) points a section shows; None: all, as it has no limits."""
    shown: NDArray[np.bool_] | None = None
    rows = section_T_own.astype(np.float32)
    for row, low, high in zip(rows, section.low, section.high, strict=False):
        if low is None and high is None:
            continue
        # One axis at a time: three arrays of the photo's size would be held else.
        along = points @ row[:3] + row[3]
        within = (along >= (-np.inf if low is None else low)) & (along <= (np.inf if high is None else high))
        shown = within if shown is None else shown & within
    return shown


def cut(drawn: Drawn, section_T_world: Transform, section: Section) -> Drawn:
    """What lies in a section: points, and triangles and lines with all of their vertices.

    Args:
        drawn: In the world frame.
        section_T_world: (4, 4) to the axes of the section.
        section: Its limits.
    """
    shown = inside(drawn.points, section_T_world, section)
    if shown is None:
        return drawn
    indices = drawn.indices
    if indices is not None:
        renumbered = np.cumsum(shown, dtype=np.int32) - np.int32(1)
        indices = renumbered[indices[shown[indices].all(axis=1)]]
    pixels_px, normals, uv = (
        None if each is None else each[shown] for each in (drawn.pixels_px, drawn.normals, drawn.uv)
    )
    return replace(
        drawn, points=drawn.points[shown], rgb=drawn.rgb[shown], pixels_px=pixels_px, indices=indices,
        normals=normals, uv=uv,
    )  # fmt: skip


def pixels_inside(scene: Scene, section_T_cam: Transform, section: Section) -> NDArray[np.bool_]:
    """(H, W) pixels whose surface a section shows."""
    shown = inside(unproject(scene.depth.z_m, rays_of(scene.intrinsics)), section_T_cam, section)
    return scene.depth.valid.copy() if shown is None else scene.depth.valid & shown


def section_box(section: Section, reach: Corners) -> Box:
    """The box of a section in the turned frame, for its outline; where it has no limit, as far as the scene reaches.

    Args:
        section: Its limits.
        reach: Corners of the scene along right, ahead and up, m.
    """
    sides = zip(section.low, section.high, *reach, strict=True)
    (left, right), (near, far), (bottom, top) = (
        _ordered(float(first) if low is None else low, float(last) if high is None else high)
        for low, high, first, last in sides
    )
    return Box((left, bottom, -far), (right, top, -near))


def _ordered(low: float, high: float) -> tuple[float, float]:
    return low, max(high, low + _THINNEST_M)


class Sections:
    """Cuts layers, and keeps what it made of each until its drawing or the section changes."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], tuple[Drawn, tuple[Section, bytes], Drawn]] = {}
        self._reaches: dict[int, tuple[Drawn, bytes, Corners]] = {}

    def forget(self, keys: set[int]) -> None:
        """Drops what was kept of other layers than these."""
        self._made = {at: made for at, made in self._made.items() if at[0] in keys}
        self._reaches = {key: made for key, made in self._reaches.items() if key in keys}

    def cut(self, key: int, level: str, drawn: Drawn, section_T_world: Transform, section: Section) -> Drawn:
        """A layer's drawing at a level of detail within the section."""
        if section == Section():
            self._made.pop((key, level), None)
            return drawn
        inputs = section, section_T_world.tobytes()
        before = self._made.get((key, level))
        if before is not None and before[0] is drawn and before[1] == inputs:
            return before[2]
        made = cut(drawn, section_T_world, section)
        self._made[key, level] = (drawn, inputs, made)
        return made

    def shown(
        self,
        levels: Mapping[int, tuple[Drawn, Drawn | None]],
        section_T_world: Transform,
        section: Section,
        few: bool,
    ) -> tuple[dict[int, Drawn], dict[int, Drawn]]:
        """What a section leaves of each layer, at rest and while the camera moves.

        Args:
            levels: The same, uncut; None: the layer moves as it is at rest.
            section_T_world: (4, 4) to the axes of the section.
            section: Its limits.
            few: Whether to show at rest what is drawn while the camera moves.
        """
        drawn, moving = {}, {}
        for key, (full, few_of_it) in levels.items():
            cut_coarse = (
                None if few_of_it is None else self.cut(key, "few", few_of_it, section_T_world, section)
            )
            if few and cut_coarse is not None:
                drawn[key] = cut_coarse
                continue
            drawn[key] = self.cut(key, "full", full, section_T_world, section)
            if cut_coarse is not None:
                moving[key] = cut_coarse
        return drawn, moving

    def reach_of_all(self, uncut: Mapping[int, Drawn], section_T_world: Transform) -> Corners | None:
        """The corners around all of these layers; None: there are none."""
        boxes = [self.reach(key, drawn, section_T_world) for key, drawn in uncut.items()]
        if not boxes:
            return None
        return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)

    def reach(self, key: int, drawn: Drawn, section_T_world: Transform) -> Corners:
        """Corners of a whole layer, without far outliers, along right, ahead and up, m."""
        frame, before = section_T_world.tobytes(), self._reaches.get(key)
        if before is not None and before[0] is drawn and before[1] == frame:
            return before[2]
        rows = section_T_world.astype(np.float32)
        low, high = replace(drawn, points=drawn.points @ rows[:3, :3].T + rows[:3, 3]).bounds
        made = low - _SPARE * (high - low), high + _SPARE * (high - low)
        self._reaches[key] = (drawn, frame, made)
        return made


def ceiling_m(scene: Scene, upright_T_cam: Transform) -> float | None:
    """Height of the ceiling in the frame of the floor grid, m; None if none is visible."""
    small = coarse(scene, _PIXELS)
    cloud = small.with_options(replace(small.options, stride=1, voxel=None)).cloud(normals=True)
    if cloud.normals is None or not len(cloud.points):
        return None
    heights = cloud.points @ upright_T_cam[1, :3] + upright_T_cam[1, 3]
    low, high = np.percentile(heights, (2, 98))
    is_ceiling = (cloud.normals @ upright_T_cam[1, :3] < _DOWNWARDS) & (heights > low + _UPPER * (high - low))
    return float(np.median(heights[is_ceiling])) if is_ceiling.mean() > _LEAST_SHARE else None
