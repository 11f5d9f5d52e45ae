"""The toolbar's icons, drawn as lines on a grid of 24 x 24."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb = tuple[int, int, int]
_GRID, _FINER = 24, 4
"""Side of the grid; and how much larger they are drawn, to be smooth."""
_ICON_EM, _TEXT_EM, _EDGE_EM, _BASE_EM = 1.5, 0.86, 0.2, 0.4
"""Of a tile: sides of icon and letters, what is free above the icon and below the letters."""
_CUBE = "4,8 12,4 20,8 20,16 12,20 4,16 4,8 12,12 20,8;12,12 12,20"
# Lines by ";", their points by blanks; "x,y,r" is a circle.
_LINES = {
    "open": "3,19 3,6 9,6 11,8 19,8 19,11;3,19 6,11 22,11 19,19 3,19",
    "undo": "8,5 4,9 8,13;4,9 14,9 19,12 19,16 14,19 8,19",
    "redo": "16,5 20,9 16,13;20,9 10,9 5,12 5,16 10,19 16,19",
    "photo-camera": "3,8 7,8 9,5 15,5 17,8 21,8 21,19 3,19 3,8;12,13,3.6",
    "front": f"{_CUBE};6,10 6,15;8,11 8,16;10,12 10,17",
    "side": f"{_CUBE};18,10 18,15;16,11 16,16;14,12 14,17",
    "top": f"{_CUBE};8,8 16,8;10,7 14,7;10,9 14,9",
    "fit": "3,9 3,3 9,3;15,3 21,3 21,9;21,15 21,21 15,21;9,21 3,21 3,15;9,9 15,9 15,15 9,15 9,9",
    "distance": "3,15 15,3 21,9 9,21 3,15;6,12 9,15;9,9 11,11;12,6 15,9",
    "known length": "3,12 21,12;3,7 3,17;21,7 21,17;7,9 3,12 7,15;17,9 21,12 17,15",
    "rectangle": "7,2 7,17 22,17;2,7 17,7 17,22",
    "cloud": "6,6,1.3;12,4,1.3;18,7,1.3;4,13,1.3;11,11,1.3;19,14,1.3;7,19,1.3;14,18,1.3",
    "mesh": "4,18 8,6 16,4 20,14 13,20 4,18;8,6 12,13 4,18;12,13 16,4;12,13 20,14;12,13 13,20",
    "depth-colours": "3,20 3,4 21,4 21,20 3,20;6,16 10,16;6,12 14,12;6,8 18,8",
    "export": "12,15 12,3;8,7 12,3 16,7;4,13 4,20 20,20 20,13",
    "film": "3,5 21,5 21,19 3,19 3,5;7,5 7,19;17,5 17,19;3,12 7,12;17,12 21,12",
    "page": "3,5 21,5 21,19 3,19 3,5;3,9 21,9;6,7 7,7;9,7 10,7",
    "pictures": "3,4 21,4 21,20 3,20 3,4;3,18 9,11 13,16 16,13 21,18;16,8,1.6",
    "panel": "3,7 13,7;17,7 21,7;15,7,2;3,17 6,17;10,17 21,17;8,17,2",
}  # fmt: skip


def icon(name: str, side_px: int, ink: Rgb, ground: Rgb) -> NDArray[np.uint8]:
    """An icon, (side, side, 3) uint8.

    Raises:
        KeyError: There is no icon of that name.
    """
    scale = side_px * _FINER / _GRID
    made = Image.new("RGB", (side_px * _FINER, side_px * _FINER), ground)
    draw = ImageDraw.Draw(made)
    for line in _LINES[name].split(";"):
        _draw(
            draw, [[float(part) * scale for part in point.split(",")] for point in line.split()], scale, ink
        )
    return np.asarray(made.resize((side_px, side_px), Image.Resampling.BOX))


def tile(name: str, text: str, size: tuple[int, int], em: float, ink: Rgb, ground: Rgb) -> NDArray[np.uint8]:
    """An icon with its label under it, on a tile of (width, height) px: (height, width, 3) uint8."""
    width, height = size
    made = Image.new("RGB", size, ground)
    side = int(_ICON_EM * em)
    made.paste(Image.fromarray(icon(name, side, ink, ground)), ((width - side) // 2, int(_EDGE_EM * em)))
    at = width / 2, height - _BASE_EM * em
    ImageDraw.Draw(made).text(at, text, fill=ink, font=_font(round(_TEXT_EM * em)), anchor="ms")
    return np.asarray(made)


def text_px(text: str, em: float) -> int:
    """Width of a label, px."""
    return int(_font(round(_TEXT_EM * em)).getlength(text))


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """That of Open3D's widgets, where it is found."""
    spec = find_spec("open3d")
    try:
        return ImageFont.truetype(
            Path(str(spec and spec.origin)).with_name("resources") / "Roboto-Medium.ttf", size
        )
    except OSError:
        return ImageFont.load_default(size)


def _draw(draw: ImageDraw.ImageDraw, points: Sequence[Sequence[float]], scale: float, ink: Rgb) -> None:
    wide = max(1, round(1.6 * scale))
    if len(points[0]) == 3:
        (x, y, radius) = points[0]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=wide)
        return
    draw.line([(x, y) for x, y in points], fill=ink, width=wide, joint="curve")
