"""The photo, the depth map and a plot of its slices next to the view; the point under the mouse is marked in all."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui
from PIL import Image

from recon.types import MetricDepth
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.depth_slice import depth_slice
from recon_viewer.drawing.guides import palette
from recon_viewer.drawing.picture import Pictures
from recon_viewer.drawing.ui_scale import scale_of

Pixel = tuple[float, float]
_CROSS_RGB, _SHADOW_RGB = (60, 255, 170), (0, 0, 0)
_GAP = 0.4
_PLOT_EM, _LETTERS_EM = 7.5, 0.75
"""Height of the plot and of its letters."""
_TEXT_EM = 18.0
_LEAST_EM = 30.0
"""Of a column with a plot: in a lower one, the pictures need all of it."""


class PhotoColumn:
    """The column with the photo, the depth map with its legend, and the plot."""

    def __init__(
        self,
        window: Any,
        on_hover: Callable[[Pixel | None], None],
        on_click: Callable[[Pixel], None],
        done: Callable[[], None],
    ) -> None:
        """``done`` is called after each click, which takes the keyboard from the 3D view."""
        # Areas that no widget covers keep their old pixels.
        self._ground = gui.Vert()
        window.add_child(self._ground)
        blank = open3d_geometry.image(np.zeros((4, 4, 3), np.uint8))
        self.widgets = {name: gui.ImageWidget(blank) for name in ("photo", "depth", "legend", "plot")}
        self.widgets["photo"].tooltip = "Photo: move over it to mark the point, click to measure"
        self.widgets["depth"].tooltip = "Depth map; the legend shows metres"
        self._on_hover, self._on_click, self._done = on_hover, on_click, done
        self._thick_px = round(scale_of(window))
        for name, widget in self.widgets.items():
            if name in ("photo", "depth"):
                widget.set_on_mouse(self._mouse_of(name))
            window.add_child(widget)
        self._pictures: Pictures | None = None
        self._shown: tuple[Pictures | None, int, int] = (None, 0, 0)
        self._scaled: dict[str, NDArray[np.uint8]] = {}
        self._marked: Pixel | None = None
        self._dark, self._letters_px = True, 0

    def show(self, pictures: Pictures | None, *, dark: bool) -> None:
        """Sets the pictures, which appear at the next layout, and a dark or light background."""
        self._ground.background_color = gui.Color(*(value / 255 for value in palette(dark).ground))
        if dark != self._dark:
            self._shown = (None, 0, 0)
        self._pictures, self._dark = pictures, dark

    def lay_out(self, x: int, y: int, width: int, height: int, em: float) -> bool:
        """Arranges the pictures in a column; returns False if there are none."""
        visible = self._pictures is not None and width > 0
        for widget in (self._ground, *self.widgets.values()):
            widget.visible = visible
        if self._pictures is None or not visible:
            return False
        self._ground.frame = gui.Rect(x, y, width, height)
        gap, self._letters_px = int(_GAP * em), int(_LETTERS_EM * em)
        plot_px = int(_PLOT_EM * em) if height >= _LEAST_EM * em else 0
        is_new = self._scale(self._pictures, width, height - plot_px, em)
        photo, depth, legend = (self._scaled[name] for name in ("photo", "depth", "legend"))
        below = y + photo.shape[0] + gap
        self._place("photo", x, y, photo)
        self._place("depth", x, below, depth)
        self._place("legend", x + depth.shape[1], below, legend)
        plot, below = self.widgets["plot"], below + depth.shape[0] + gap
        # Under the depth map, column by column, unless that is too narrow for the text.
        across = depth.shape[1] if depth.shape[1] > _TEXT_EM * em else width
        plot.visible, plot.frame = plot_px > gap, gui.Rect(x, below, across, max(plot_px - gap, 1))
        if is_new:
            self._plot(None, None)
        return True

    def mark(self, pixel_px: Pixel | None, depth: MetricDepth | None) -> None:
        """Draws a cross at a position of the photo in both pictures, and the slices of the depth through it."""
        if pixel_px == self._marked or self._pictures is None or not self._scaled:
            return
        self._marked = pixel_px
        for name in ("photo", "depth"):
            picture = self._scaled[name]
            if pixel_px is not None:
                zoom = picture.shape[1] / self._pictures.photo.shape[1]
                picture = crossed(picture, pixel_px[0] * zoom, pixel_px[1] * zoom, self._thick_px)
            self.widgets[name].update_image(open3d_geometry.image(picture))
        self._plot(depth, pixel_px)

    def _plot(self, depth: MetricDepth | None, pixel_px: Pixel | None) -> None:
        plot = self.widgets["plot"]
        if plot.visible:
            size = int(plot.frame.width), int(plot.frame.height)
            drawn = depth_slice(depth, pixel_px, size, self._letters_px, dark=self._dark)
            plot.update_image(open3d_geometry.image(drawn))

    def _scale(self, pictures: Pictures, width: int, height: int, em: float) -> bool:
        """Scales the pictures to the column; returns whether pictures or size have changed."""
        if self._shown[0] is pictures and self._shown[1:] == (width, height):
            return False
        rows, cols = pictures.photo.shape[:2]
        strip = pictures.legend.shape[1] / pictures.legend.shape[0] * rows / cols
        each = (height - _GAP * em) / 2
        # The legend is to the right of the depth map; the photo has the same size as the depth map.
        zoom = min(width / (cols * (1 + strip)), each / rows)
        size = max(1, int(cols * zoom)), max(1, int(rows * zoom))
        legend = max(1, int(strip * cols * zoom)), size[1]
        self._scaled = {
            "photo": _resized(pictures.photo, size),
            "depth": _resized(pictures.depth, size),
            "legend": _resized(pictures.legend, legend),
        }
        for name, picture in self._scaled.items():
            self.widgets[name].update_image(open3d_geometry.image(picture))
        self._shown, self._marked = (pictures, width, height), None
        return True

    def _place(self, name: str, x: int, y: int, picture: NDArray[np.uint8]) -> None:
        self.widgets[name].frame = gui.Rect(x, y, picture.shape[1], picture.shape[0])

    def _mouse_of(self, name: str) -> Callable[[Any], Any]:
        def mouse(event: Any) -> Any:
            pixel = self._pixel(name, event.x, event.y)
            if event.type == gui.MouseEvent.Type.MOVE:
                self._on_hover(pixel)
            elif event.type == gui.MouseEvent.Type.BUTTON_DOWN and pixel is not None:
                self._on_click(pixel)
            elif event.type == gui.MouseEvent.Type.BUTTON_UP:
                self._done()
            return gui.Widget.HANDLED

        return mouse

    def _pixel(self, name: str, x: int, y: int) -> Pixel | None:
        """Position in the photo, px, of a position in the window."""
        if self._pictures is None or name not in self._scaled:
            return None
        frame = self.widgets[name].frame
        rows, cols = self._pictures.photo.shape[:2]
        at = (x + 0.5 - frame.x) / frame.width * cols, (y + 0.5 - frame.y) / frame.height * rows
        return at if 0 <= at[0] < cols and 0 <= at[1] < rows else None


def _resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX if size[0] < picture.shape[1]
                                                      else Image.Resampling.BILINEAR))  # fmt: skip


def crossed(picture: NDArray[np.uint8], x: float, y: float, wide: int = 1) -> NDArray[np.uint8]:
    """Draws cross hairs, ``wide`` px thick, with a gap at the point itself."""
    made = picture.copy()
    row, col = min(int(y), len(made) - 1), min(int(x), made.shape[1] - 1)
    for offset, rgb in ((wide, _SHADOW_RGB), (0, _CROSS_RGB)):
        r, c = row + offset, col + offset
        for low, high in ((-14, -4), (5, 15)):
            made[r : r + wide, max(c + wide * low, 0) : max(c + wide * high, 0)] = rgb
            made[max(r + wide * low, 0) : max(r + wide * high, 0), c : c + wide] = rgb
    return made
