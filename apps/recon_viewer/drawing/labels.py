"""Text labels at 3D points of the view, of constant size, on a dark background that keeps them readable."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing.ui_scale import scale_of

Point = tuple[float, float, float]
_MOST = 16
_LETTER_EM, _HEIGHT_EM, _PADDING_EM = 0.53, 1.35, 0.5
_BELOW_PX, _RIGHT_PX = 8.0, 10.0
_LEAST_PX = 32
"""Smallest height of the background that Open3D draws behind a widget."""
_GROUND = gui.Color(0.08, 0.09, 0.1)
_HOVER_GROUND = gui.Color(0.05, 0.35, 0.22)


class Tags:
    """A fixed number of small widgets over the view; labels behind the camera or outside the view are hidden."""

    def __init__(self, window: Any) -> None:
        self._em = window.theme.font_size
        self._scale = scale_of(window)
        self._height = max(int(_HEIGHT_EM * self._em), _LEAST_PX)
        self._tags = [self._made(window, _GROUND) for _ in range(_MOST)]
        self._hover = self._made(window, _HOVER_GROUND)
        self._texts: list[tuple[NDArray[np.float64], str]] = []
        self._hovered: tuple[NDArray[np.float64], str] | None = None

    def show(self, texts: Sequence[tuple[Point, str]]) -> None:
        """Sets the labels and their points in the world; if there are too many, only the newest are shown."""
        self._texts = [(np.array(point), text) for point, text in texts][-_MOST:]

    def hover(self, point: Point | None, text: str) -> None:
        """Sets the label next to the point under the mouse; None removes it."""
        self._hovered = None if point is None else (np.array(point), text)

    def place(self, camera: ViewCamera, frame: Any, *, visible: bool = True) -> None:
        """Moves every label to the position of its point in the view.

        Args:
            camera: Camera of the view.
            frame: Frame of the view in the window, px.
            visible: False hides all labels.
        """
        below = _BELOW_PX * self._scale
        for tag, label in zip(self._tags, [*self._texts, *[None] * _MOST], strict=False):
            self._put(tag, label if visible else None, camera, frame, below)
        self._put(
            self._hover,
            self._hovered if visible else None,
            camera,
            frame,
            -self._height - _BELOW_PX * self._scale,
        )

    def _made(self, window: Any, ground: Any) -> Any:
        tag = gui.Button("")
        tag.background_color = ground
        tag.horizontal_padding_em = tag.vertical_padding_em = 0.0
        tag.visible = False
        window.add_child(tag)
        return tag

    def _put(
        self,
        tag: Any,
        label: tuple[NDArray[np.float64], str] | None,
        camera: ViewCamera,
        frame: Any,
        below_px: float,
    ) -> None:
        tag.visible = False
        if label is None or frame.width < 2:
            return
        point, text = label
        (at,), (ahead,) = camera.project(point[None].astype(np.float32), frame.width, frame.height)
        width, height = int((_LETTER_EM * len(text) + _PADDING_EM) * self._em), self._height
        x, y = int(at[0] + _RIGHT_PX * self._scale), int(at[1] + below_px)
        if ahead <= 0 or not (0 <= at[0] < frame.width and 0 <= at[1] < frame.height):
            return
        tag.text = text
        x, y = min(x, frame.width - width), min(y, frame.height - height)
        tag.frame = gui.Rect(frame.x + max(x, 0), frame.y + max(y, 0), width, height)
        tag.visible = True
