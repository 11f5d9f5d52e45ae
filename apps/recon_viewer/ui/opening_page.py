"""What there is to see while the first photo opens: the photo, then its depth map, where the scene will appear."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui
from PIL import Image

from recon_viewer.background.jobs import Seen
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.backdrop import backdrop
from recon_viewer.drawing.guides import Palette, palette

Place = tuple[int, int, int, int]
"""x, y, width, height, px."""


class OpeningPage:
    """A picture on the ground of the view; under it, the progress display.

    Its widgets do not overlap that display: which of two Open3D draws on top depends on what was shown before.
    """

    def __init__(self, window: Any) -> None:
        self._blank = open3d_geometry.image(np.zeros((4, 4, 3), np.uint8))
        self._image, self._sides = gui.ImageWidget(self._blank), (gui.Vert(), gui.Vert())
        for widget in (self._image, *self._sides):
            widget.visible = False
            window.add_child(widget)
        self.seen: Seen | None = None
        """The picture; None: it is not there yet."""
        self.shown: NDArray[np.uint8] | None = None
        """What its largest widget shows, (H, W, 3)."""
        self._drawn: tuple[object, ...] = ()

    @property
    def visible(self) -> bool:
        """Whether it is shown."""
        return bool(self._image.visible)

    def lay_out(self, whole: Any, view: Any, box: Any, *, visible: bool, dark: bool) -> None:
        """Covers the frame ``whole`` around the progress display ``box``, with the picture where the view will be."""
        for widget in (self._image, *self._sides):
            widget.visible = visible
        if not visible:
            if self._drawn:
                # The next time, its first frame would show this picture.
                self._drawn, self.shown = (), None
                self._image.update_image(self._blank)
            return
        colours, x, width = palette(dark), int(box.x + box.width), int(whole.width)
        height = max(int(box.y - whole.y), 1)
        self._image.frame = gui.Rect(whole.x, whole.y, width, height)
        for side, (left, right) in zip(self._sides, ((whole.x, box.x), (x, whole.x + width)), strict=True):
            side.background_color = gui.Color(*(value / 255 for value in colours.ground))
            side.frame = gui.Rect(left, box.y, max(right - left, 1), whole.y + whole.height - box.y)
        place = int(view.x - whole.x), int(view.y - whole.y), int(view.width), int(view.height)
        wanted = self.seen, width, height, place, dark
        if wanted != self._drawn:
            self._drawn = wanted
            picture = None if self.seen is None else self.seen.picture
            self.shown = page(picture, (width, height), place, colours)
            self._image.update_image(open3d_geometry.image(self.shown))


def page(
    picture: NDArray[np.uint8] | None, size: tuple[int, int], place: Place, colours: Palette
) -> NDArray[np.uint8]:
    """(height, width, 3) sRGB: the picture in the middle of its place, or as much higher that all of it is seen.

    Only the ground where there is no room.
    """
    width, height = size
    x, y, across, down = place
    made = np.full((height, width, 3), colours.ground, np.uint8)
    across = min(across, width - x)
    if min(across, down, height - y) <= 0:
        return made
    made[y : y + down, x : x + across] = backdrop(across, down, colours)[: height - y]
    if picture is None:
        return made
    rows, cols = picture.shape[:2]
    zoom = min(across / cols, (height - y) / rows)
    cols, rows = max(1, round(cols * zoom)), max(1, round(rows * zoom))
    left, top = x + (across - cols) // 2, max(y, min(y + (down - rows) // 2, height - rows))
    fitted = Image.fromarray(picture).resize((cols, rows), Image.Resampling.BILINEAR)
    made[top : top + rows, left : left + cols] = np.asarray(fitted)
    return made
