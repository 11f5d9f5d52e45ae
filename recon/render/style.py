"""How a scene is shown."""

from dataclasses import dataclass
from typing import Literal

ShownAs = Literal["cloud", "mesh", "wireframe"]
SHOWN_AS: tuple[ShownAs, ...] = ("cloud", "mesh", "wireframe")
Colours = Literal["photo", "depth", "normals", "masks"]
COLOURS: tuple[Colours, ...] = ("photo", "depth", "normals", "masks")


@dataclass(frozen=True)
class View:
    """How it is shown; not undone."""

    shown_as: ShownAs = "cloud"
    colours: Colours = "photo"
    colormap: str = "Spectral_r"
    point_size_px: float = 2.0
    dark: bool = True
    light: bool = False
    """Whether lamps shade a mesh; without them its colours are the photo's."""
    grid: bool = True
    axes: bool = False
    frustum: bool = True
    labels: bool = True
    pictures: bool = True
    """Whether the photo and the depth map stand beside."""
    panel: bool = True
    curtain: float = 1.0
    """Of two layers, the first is shown left of this share of the photo's width, the second right of it; 1: both."""
    most_points: int = 3_000_000
    """More points than this are thinned when they are drawn, never in what is measured or exported."""
