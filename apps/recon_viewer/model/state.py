"""All that the viewer shows, as frozen values: what commands change and undo brings back. No widget."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.constraints import PICKING_PX, LengthBetween
from recon.options import Options
from recon.render.style import View
from recon.scene import Scene
from recon.types import Mesh, PointCloud

Tool = Literal["look", "distance", "polyline", "angle", "height", "known length", "rectangle"]
TOOLS: tuple[Tool, ...] = ("look", "distance", "polyline", "angle", "height", "known length", "rectangle")
POINTS_NEEDED: dict[Tool, int | None] = {
    "look": 0,
    "distance": 2,
    "polyline": None,
    "angle": 3,
    "height": 1,
    "known length": 2,
    "rectangle": 0,
}
"""How many picks finish a measurement; None: as many as the user wants."""


@dataclass(frozen=True)
class Box:
    """What is kept of a scene, m, in its upright frame: x right, y up, z towards the photographer."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"a box needs low below high, got {self.low} and {self.high}")


@dataclass(frozen=True, eq=False)
class Layer:
    """One opened scene or file, and what the user has changed about it."""

    key: int
    """Its own for as long as the viewer runs."""
    name: str
    base: Scene | None = None
    """As it was opened; None for a file that holds geometry alone."""
    geometry: PointCloud | Mesh | None = None
    """Of such a file, cam frame."""
    source: Path | None = None
    """What was opened; a model can be run on it again where it is a photo."""
    options: Options = field(default_factory=Options)
    focal_px: float | None = None
    """Stated in the viewer; None: as it was opened."""
    lengths: tuple[LengthBetween, ...] = ()
    """Known lengths that were stated in the viewer; they rescale the scene."""
    crop: Box | None = None
    kept: NDArray[np.bool_] | None = None
    """(H, W), what rectangles of the view have left; None: everything."""
    visible: bool = True

    @property
    def can_run_again(self) -> bool:
        """Whether it came from a photo that a model can look at again."""
        return self.base is not None and self.source is not None and self.source.suffix.lower() != ".npz"


@dataclass(frozen=True)
class Pick:
    """A point that was clicked."""

    layer: int
    pixel_px: tuple[float, float] | None
    """Position in the photo, px; None in a file without a photo."""
    point_cam: tuple[float, float, float]
    """Where it was when it was clicked, m; scenes that are rescaled find it again by its pixel."""
    sigma_px: float = PICKING_PX
    """Standard deviation of the position, px of the photo."""


@dataclass(frozen=True)
class Measured:
    """What is measured between picks; its value is computed from the scene as it is now."""

    tool: Tool
    picks: tuple[Pick, ...]


@dataclass(frozen=True, eq=False)
class State:
    """Everything."""

    layers: tuple[Layer, ...] = ()
    active: int | None = None
    """Key of the layer that panels and tools act on."""
    tool: Tool = "look"
    pending: tuple[Pick, ...] = ()
    """Clicked, but the measurement is not finished yet."""
    measured: tuple[Measured, ...] = ()
    view: View = field(default_factory=View)

    @property
    def layer(self) -> Layer | None:
        """The active one."""
        return None if self.active is None else self.by_key(self.active)

    def by_key(self, key: int) -> Layer | None:
        """The layer with that key."""
        return next((layer for layer in self.layers if layer.key == key), None)

    def with_layer(self, changed: Layer) -> "State":
        """With the layer of the same key replaced."""
        return replace(
            self, layers=tuple(changed if layer.key == changed.key else layer for layer in self.layers)
        )
