"""What a sample picture is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.sample_data.camera import Camera

Point = tuple[float, float, float]


@dataclass(frozen=True)
class KnownLength:
    """Two points of the world that the camera sees, on surfaces, and what lies between them."""

    name: str
    a: Point
    b: Point


@dataclass(frozen=True)
class Level:
    """A level surface at a height above z = 0 that fills a rectangle (x0, y0, x1, y1) of the picture, in px."""

    name: str
    height_m: float
    rect_px: tuple[int, int, int, int]


@dataclass(frozen=True)
class Sample:
    """One picture: its scene, its camera, how it is exposed and how it is stored.

    `build` fills the empty Blender scene. `exposure` is in stops. `depth_units_per_metre` must keep the
    deepest surface within 16 bits. `orientation` is the EXIF tag of the stored picture: 1, or 6 for a
    portrait picture of a sensor that lay on its side.
    """

    name: str
    build: Callable[[], None]
    camera: Camera
    surroundings: str
    exposure: float
    depth_units_per_metre: float
    known_lengths: tuple[KnownLength, ...]
    levels: tuple[Level, ...]
    orientation: int = 1
    view_transform: str = "AgX"
    look: str = "AgX - Medium High Contrast"
