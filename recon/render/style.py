"""How a scene is shown."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

ShownAs = Literal["cloud", "mesh", "wireframe"]
SHOWN_AS: tuple[ShownAs, ...] = ("cloud", "mesh", "wireframe")
Colours = Literal["photo", "depth", "normals", "masks", "error", "error_m", "difference"]
COLOURS: tuple[Colours, ...] = get_args(Colours)

Limits = tuple[float | None, float | None, float | None]
RIGHT, AHEAD, UP = range(3)


@dataclass(frozen=True)
class Section:
    """The box outside of which nothing is shown; files are not affected."""

    low: Limits = (None, None, None)
    """Limits to the right of the photo's camera, ahead of it, and over the floor grid, m; None: no limit."""
    high: Limits = (None, None, None)

    def limited(self, axis: int, side: Literal["low", "high"], value_m: float | None) -> "Section":
        """With another limit along RIGHT, AHEAD or UP."""
        limits: list[float | None] = list(getattr(self, side))
        limits[axis] = value_m
        right, ahead, up = limits
        return replace(self, **{side: (right, ahead, up)})

    @property
    def is_of_the_floor(self) -> bool:
        """Whether it is limited along the floor or from below, and not only from above."""
        return self != Section().limited(UP, "high", self.high[UP])


EVERYTHING = Section()


@dataclass(frozen=True)
class View:
    """Display settings; not part of undo."""

    shown_as: ShownAs = "cloud"
    colours: Colours = "photo"
    colormap: str = "Spectral_r"
    point_size_px: float = 2.0
    dark: bool = True
    light: bool = False
    """Whether a mesh is lit; without lighting, it has the colours of the photo."""
    grid: bool = True
    axes: bool = False
    frustum: bool = True
    labels: bool = True
    pictures: bool = True
    """Whether to show the photo and the depth map."""
    swapped: bool = False
    """Whether they have most of the window, and the 3D view the rest."""
    aside_em: float | None = None
    """Width of the narrower of the two, the pictures or, if swapped, the 3D view, em of the font; None: automatic."""
    panel: bool = True
    beside: bool = False
    """Whether to show two layers side by side, seen by one camera."""
    curtain: float = 1.0
    """Position of the split between two layers, as a fraction of the photo's width; 1: show both everywhere."""
    section: Section = EVERYTHING
    plan: bool = False
    """Whether to show the floor plan's outline with its lengths."""
    most_points: int = 3_000_000
    """Larger point clouds are downsampled for drawing, but not for measurements or export."""
