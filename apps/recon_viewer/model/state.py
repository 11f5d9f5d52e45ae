"""The state of the viewer as frozen values, changed by commands and restored by undo. No widget."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recon.constraints import PICKING_PX, Constraint
from recon.frames import Transform
from recon.options import Options
from recon.render.style import View
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, PointCloud

Tool = Literal[
    "look", "distance", "polyline", "angle", "height", "known length", "known distance", "known rectangle",
    "camera height", "rectangle",
]  # fmt: skip
TOOLS: tuple[Tool, ...] = get_args(Tool)
POINTS_NEEDED: dict[Tool, int | None] = {
    "look": 0,
    "distance": 2,
    "polyline": None,
    "angle": 3,
    "height": 1,
    "known length": 2,
    "known distance": 1,
    "known rectangle": 4,
    "camera height": 0,
    "rectangle": 0,
}
"""Number of picks that finish a measurement; None: any number."""


@dataclass(frozen=True)
class Box:
    """A crop box, m, in the upright frame of a scene: x right, y up, z towards the camera."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")


@dataclass(frozen=True, eq=False)
class JoinedCamera:
    """One of several photos that a geometry was made from."""

    intrinsics: Intrinsics
    cam_T_own: Transform
    """(4, 4) from its cam frame to that of the geometry."""


@dataclass(frozen=True, eq=False)
class Layer:
    """An opened scene or file, with the changes of the user."""

    key: int
    """Unique for the session."""
    name: str
    base: Scene | None = None
    """The scene as opened; None for a geometry file."""
    geometry: PointCloud | Mesh | None = None
    """The geometry of such a file, cam frame."""
    cameras: tuple[JoinedCamera, ...] = ()
    """Of the photos that the geometry was made from, if the file says so."""
    source: Path | None = None
    """The opened file; a model can be re-run on it if it is a photo."""
    options: Options = field(default_factory=Options)
    focal_px: float | None = None
    """Set in the viewer; None: as opened."""
    known: tuple[Constraint, ...] = ()
    """What the user has stated about sizes in the viewer; it rescales the scene."""
    unused: frozenset[Constraint] = frozenset()
    """Those of them that are left out for now."""
    crop: Box | None = None
    kept: NDArray[np.bool_] | None = None
    """(H, W) pixels kept by crop rectangles; None: all."""
    visible: bool = True

    @property
    def is_changed(self) -> bool:
        """Whether the user has changed what will be saved."""
        changes = (self.focal_px, self.crop, self.kept)
        moved = self.base is not None and self.options != self.base.options
        return moved or bool(self.used) or any(one is not None for one in changes)

    @property
    def used(self) -> tuple[Constraint, ...]:
        """The known sizes that the scene is fitted to."""
        return tuple(one for one in self.known if one not in self.unused)

    @property
    def can_run_again(self) -> bool:
        """Whether it was opened from a photo, so that a model can be re-run."""
        return self.base is not None and self.source is not None and self.source.suffix.lower() != ".npz"


@dataclass(frozen=True)
class Pick:
    """A clicked point."""

    layer: int
    pixel_px: tuple[float, float] | None
    """Position in the photo, px; None in a file without a photo."""
    point_cam: tuple[float, float, float]
    """Position when it was clicked, m; in rescaled scenes, the position is computed from the pixel."""
    sigma_px: float = PICKING_PX
    """Standard deviation of the position, px of the photo."""


@dataclass(frozen=True)
class Measured:
    """A measurement between picks; its value is computed from the current scene."""

    tool: Tool
    picks: tuple[Pick, ...]
    name: str = ""
    """By the user; empty: none."""


@dataclass(frozen=True, eq=False)
class State:
    """The complete state."""

    layers: tuple[Layer, ...] = ()
    active: int | None = None
    """Key of the layer that panels and tools apply to."""
    tool: Tool = "look"
    pending: tuple[Pick, ...] = ()
    """Picks of an unfinished measurement."""
    measured: tuple[Measured, ...] = ()
    view: View = field(default_factory=View)

    @property
    def layer(self) -> Layer | None:
        """The active layer, or None."""
        return None if self.active is None else self.by_key(self.active)

    def by_key(self, key: int) -> Layer | None:
        """The layer with that key."""
        return next((layer for layer in self.layers if layer.key == key), None)

    def with_layer(self, changed: Layer) -> "State":
        """Replaces the layer with the same key."""
        return replace(
            self, layers=tuple(changed if layer.key == changed.key else layer for layer in self.layers)
        )
