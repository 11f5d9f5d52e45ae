"""Two layers side by side: a second 3D view, whose camera moves with that of the first, and the names above both."""

from collections.abc import Callable
from typing import Any

import numpy as np
from open3d.visualization import gui

from recon_viewer.controller import Controller
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.labels import Tags
from recon_viewer.drawing.picture import Picture
from recon_viewer.drawing.ui_scale import scale_of
from recon_viewer.drawing.view3d import View3D
from recon_viewer.ui.glide import Glide
from recon_viewer.ui.hover_and_pick import Linking
from recon_viewer.ui.mouse_and_keys import Steering

_GROUND = gui.Color(0.08, 0.09, 0.1)
_LINE_PX, _LINE_GREY = 2, 90
_WIDE = 4 / 3
"""Width over height of a view above which two are beside each other, and below which one is above the other."""
_LETTER_EM, _HEIGHT_EM, _EDGE_EM = 0.53, 2.0, 0.5


class Beside:
    """The second view, which is hidden while there is nothing to compare."""

    def __init__(
        self,
        window: Any,
        controller: Controller,
        first: View3D,
        linking: Linking,
        on_key: Callable[[str], bool],
        glide: Glide,
    ) -> None:
        """``linking`` is that of the first view; the mouse in both is handled from here."""
        self._first = first
        self.second = View3D(window)
        self.second.widget.visible = False
        window.add_child(self.second.widget)
        first.link(self.second, np.eye(4))
        self._line_px = round(_LINE_PX * scale_of(window))
        self._line_size = (2, 2)
        self._line = gui.ImageWidget(_plain(self._line_size))
        # Open3D draws at least 32 px of ground behind a widget.
        self._line.background_color = gui.Color(0, 0, 0, 0)
        self._line.visible = False
        window.add_child(self._line)
        self.second.use_tags(Tags(window))
        self.linking = Linking(controller, self.second, window.post_redraw)
        self.linking.photos, self.linking.twin, linking.twin = linking.photos, first, self.second
        for view, links in ((first, linking), (self.second, self.linking)):
            Steering(view, links.hover_view, links.click_view, on_key, links.rectangle, glide.stop)
        self._em = window.theme.font_size
        self._names: tuple[str, str] | None = None
        self._labels = tuple(gui.Button("") for _ in range(2))
        for label in self._labels:
            label.background_color, label.visible = _GROUND, False
            label.horizontal_padding_em = label.vertical_padding_em = 0.0
            window.add_child(label)

    def show(self, picture: Picture) -> None:
        """Draws a picture in one view, or its two layers in two."""
        pair = picture.beside()
        self._first.show(pair[0] if pair else picture)
        self._names = None
        if pair:
            layers = [picture.state.by_key(key) for one in pair for key in one.drawn]
            left, right = (layer.name if layer else "" for layer in layers)
            self._names = left, right
            self.second.show(pair[1])
            self._first.link(self.second, picture.other_view())
        elif self.second.layers.names:
            self.second.show(Picture(picture.state, preview=False))

    def lay_out(self, middle: Any, *, visible: bool) -> None:
        """Divides the frame of the view."""
        two = visible and self._names is not None
        first, second = halves(middle) if two else (middle, middle)
        self._first.widget.frame, self._first.widget.visible = first, visible
        self.second.widget.visible = self._line.visible = two
        if two:
            self.second.widget.frame = second
            across, down = (
                (self._line_px, second.height) if second.x > first.x else (second.width, self._line_px)
            )
            self._line.frame = gui.Rect(second.x, second.y, across, down)
            if (across, down) != self._line_size:
                self._line_size = across, down
                self._line.update_image(
                    open3d_geometry.image(np.full((down, across, 3), _LINE_GREY, np.uint8))
                )
            self._first.lead()
        for label, name, view in zip(self._labels, self._names or ("", ""), (first, second), strict=False):
            self._name(label, name if two else "", view)

    def _name(self, label: Any, name: str, view: Any) -> None:
        edge = int(_EDGE_EM * self._em)
        most = int((view.width - 2 * edge) / (_LETTER_EM * self._em))
        label.visible = bool(name) and most > 3
        label.text = name if len(name) <= most else f"{name[: most - 3]}..."
        width = int((_LETTER_EM * len(label.text) + 1) * self._em)
        label.frame = gui.Rect(view.x + edge, view.y + edge, width, int(_HEIGHT_EM * self._em))


def halves(whole: Any) -> tuple[Any, Any]:
    """The frames of two views in that of one, beside or above each other, whichever leaves a photo more room."""
    if whole.width > _WIDE * whole.height:
        width = max(whole.width // 2, 1)
        return (
            gui.Rect(whole.x, whole.y, width, whole.height),
            gui.Rect(whole.x + width, whole.y, max(whole.width - width, 1), whole.height),
        )
    height = max(whole.height // 2, 1)
    return (
        gui.Rect(whole.x, whole.y, whole.width, height),
        gui.Rect(whole.x, whole.y + height, whole.width, max(whole.height - height, 1)),
    )


def _plain(size: tuple[int, int]) -> Any:
    return open3d_geometry.image(np.full((size[1], size[0], 3), _LINE_GREY, np.uint8))
