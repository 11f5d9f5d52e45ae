"""Everything that is shown for one state, and the two layers of it that stand side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, gl_T_cam
from recon.render.drawable import Drawn
from recon.scene import Scene
from recon_viewer.drawing.line_sets import Lines, joined
from recon_viewer.drawing.plan_overlay import NO_PLAN, PlanOverlay
from recon_viewer.drawing.section import Corners, section_T_turned
from recon_viewer.model.measurements import Reading
from recon_viewer.model.same_photo import of_one_photo
from recon_viewer.model.state import State


@dataclass(frozen=True, eq=False)
class Pictures:
    """The photo, its depth in colours and the legend, (H, W, 3) uint8 each."""

    photo: NDArray[np.uint8]
    depth: NDArray[np.uint8]
    legend: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """Everything drawn for one state."""

    state: State
    preview: bool
    drawn: Mapping[int, Drawn] = field(default_factory=dict)
    """By layer key; without hidden layers."""
    moving: Mapping[int, Drawn] = field(default_factory=dict)
    """What is drawn instead while the camera moves, of layers that would be too slow."""
    scenes: Mapping[int, Scene] = field(default_factory=dict)
    """Current scenes, by layer key."""
    lines: Lines = field(default_factory=lambda: joined([]))
    frusta: Lines = field(default_factory=lambda: joined([]))
    """Camera frusta of all photos."""
    frusta_of: Mapping[int, Lines] = field(default_factory=dict)
    """By layer key."""
    pictures: Pictures | None = None
    """Pictures of the active layer."""
    readings: tuple[Reading, ...] = ()
    pending: tuple[tuple[float, float, float], ...] = ()
    """Marks of the unfinished measurement, world frame, m."""
    world_T_cam: Transform = field(default_factory=lambda: gl_T_cam)
    """Pose of the active layer."""
    poses: Mapping[int, Transform] = field(default_factory=dict)
    """``world_T_cam`` of every layer, by key."""
    upright_T_cam: Transform = field(default_factory=lambda: gl_T_cam)
    vertical: NDArray[np.float64] = field(default_factory=lambda: np.array([0.0, 1.0, 0.0]))
    """Up, world frame."""
    notes: tuple[str, ...] = ()
    """Notes for the user: what is dropped, downsampled or refused."""
    ceiling_m: float | None = None
    """Height of the active layer's ceiling in the frame of the floor grid, m; None if there is none."""
    plan: PlanOverlay = NO_PLAN
    """The floor plan, if it is shown and known."""
    section_T_world: Transform = field(default_factory=lambda: section_T_turned())
    """(4, 4) to right, ahead and up, along the walls of the active layer."""
    reach: Corners | None = None
    """Corners of all layers along these, whole, m."""
    problem: str | None = None
    """Why the state cannot be shown; the window then keeps the previous picture."""

    @property
    def is_level(self) -> bool:
        """Whether the active layer is shown upright: as its option says, by default if gravity is sure."""
        layer = self.state.layer
        asked = None if layer is None else layer.options.level
        return not np.array_equal(self.world_T_cam, gl_T_cam) if asked is None else asked

    def beside(self) -> tuple["Picture", "Picture"] | None:
        """The two layers to show side by side, left and right: the active one and the first other; None: one view.

        Scenes of one photo stay where they are when the other becomes the active one.
        """
        keys, active = list(self.drawn), self.state.active
        if not self.state.view.beside or len(keys) < 2:
            return None
        if active in keys:
            keys = [active, next(key for key in keys if key != active)]
        if self._of_one_photo(*keys[:2]):
            keys = sorted(keys[:2], key=list(self.drawn).index)
        return self._only(keys[0]), self._only(keys[1])

    def _of_one_photo(self, first: int, second: int) -> bool:
        left, right = self.state.by_key(first), self.state.by_key(second)
        return left is None or right is None or of_one_photo(left, right)

    def other_view(self) -> Transform:
        """(4, 4) that moves the camera of the left view to that of the right one, world frame.

        Scenes of one photo are seen by one camera. Scenes of different photos stand at different heights: each is
        seen as from its own photo, the active one on the left, by the camera that it had alone.
        """
        pair = self.beside()
        if pair is None or self._of_one_photo(*(key for one in pair for key in one.drawn)):
            return np.eye(4)
        return pair[1].world_T_cam @ np.linalg.inv(pair[0].world_T_cam)

    def _only(self, key: int) -> "Picture":
        """One layer, with what was measured in it."""
        kept = [one for one in self.state.measured if self.state.by_key(one.picks[0].layer)]
        clicked = zip(self.state.pending, self.pending, strict=False)
        return replace(
            self,
            drawn={key: self.drawn[key]},
            lines=self.lines if key == self.state.active else NO_PLAN.lines,
            frusta=self.frusta_of.get(key, NO_PLAN.lines),
            world_T_cam=self.poses.get(key, self.world_T_cam),
            moving={at: drawn for at, drawn in self.moving.items() if at == key},
            readings=tuple(
                reading for one, reading in zip(kept, self.readings, strict=True) if one.picks[0].layer == key
            ),
            pending=tuple(mark for pick, mark in clicked if pick.layer == key),
        )

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the box around all layers, m, world frame."""
        boxes = [drawn.bounds for drawn in self.drawn.values()]
        if not boxes:
            return np.array([-1.0, -1.0, -3.0]), np.array([1.0, 1.0, -1.0])
        return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)

    @property
    def upright_bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the box around all layers in the frame of the floor grid and the crop box, m."""
        world_T_upright = self.world_T_cam @ np.linalg.inv(self.upright_T_cam)
        low, high = self.bounds
        corners = np.array([[(low, high)[at >> k & 1][k] for k in range(3)] for at in range(8)])
        upright = (corners - world_T_upright[:3, 3]) @ world_T_upright[:3, :3]
        return upright.min(axis=0), upright.max(axis=0)
