"""Pictures for an agent to look at, as JPEG."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from mcp.server.mcpserver import Image
from mcp_types import ImageContent
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw

LARGEST_PX = 1024
"""Longer side of a picture: more would only fill the agent's context."""
_MARK, _OUTLINE = (255, 64, 0), (255, 255, 255)


def picture_content(rgb: NDArray[np.uint8]) -> ImageContent:
    """(H, W, 3) uint8 sRGB as content, reduced to ``LARGEST_PX``."""
    picture = Picture.fromarray(np.ascontiguousarray(rgb))
    picture.thumbnail((LARGEST_PX, LARGEST_PX))
    return _content(picture)


def marked_photo(
    rgb: NDArray[np.uint8], positions_px: Sequence[Sequence[float]], *, closed: bool
) -> ImageContent:
    """The photo with numbered positions and the lines between them, to check that they are what was meant.

    Args:
        rgb: (H, W, 3) uint8 sRGB, the upright photo.
        positions_px: x and y, px of the photo.
        closed: Also a line from the last position to the first.
    """
    picture = Picture.fromarray(np.ascontiguousarray(rgb))
    width = picture.width
    picture.thumbnail((LARGEST_PX, LARGEST_PX))
    scale = picture.width / width
    places = [(scale * x, scale * y) for x, y in positions_px]
    draw = ImageDraw.Draw(picture)
    line = places + places[:1] if closed else places
    if len(line) > 1:
        draw.line(line, fill=_OUTLINE, width=5)
        draw.line(line, fill=_MARK, width=3)
    for number, (x, y) in enumerate(places, start=1):
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=_MARK, outline=_OUTLINE, width=2)
        draw.text((x + 8, y - 8), str(number), fill=_MARK, stroke_width=2, stroke_fill=_OUTLINE)
    return _content(picture)


def _content(picture: Picture.Image) -> ImageContent:
    data = BytesIO()
    picture.save(data, "JPEG", quality=85)
    return Image(data=data.getvalue(), format="jpeg").to_image_content()
