"""Text labels at 3D points of the view, of constant size, on a dark background that keeps them readable."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing.ui_scale import scale_of

Point = tuple[float, float, float]
Rectangle = tuple[int, int, int, int]
"""x, y, width, height, px."""
_MOST = 16
_FARTHEST_ROWS = 4
"""A label is moved by so many of its heights at most."""
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
        for tag in (*self._tags, self._hover):
            tag.visible = False
        if not visible or frame.width < 2:
            return
        taken: list[Rectangle] = []
        # The last first: lengths that were measured come after those of the plan, which give way.
        for tag, label in zip(self._tags, reversed(self._texts), strict=False):
            self._put(tag, label, camera, frame, taken)
        if self._hovered is not None:
            self._put(self._hover, self._hovered, camera, frame, [], above=True)

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
        label: tuple[NDArray[np.float64], str],
        camera: ViewCamera,
        frame: Any,
        taken: list[Rectangle],
        *,
        above: bool = False,
    ) -> None:
        point, text = label
        (at,), (ahead,) = camera.project(point[None].astype(np.float32), frame.width, frame.height)
        if ahead <= 0 or not (0 <= at[0] < frame.width and 0 <= at[1] < frame.height):
            return
        size = int((_LETTER_EM * len(text) + _PADDING_EM) * self._em), self._height
        place = free_place(
            (float(at[0]), float(at[1])), size, (frame.width, frame.height), self._scale, taken, above=above
        )
        taken.append(place)
        tag.text = text
        tag.frame = gui.Rect(frame.x + place[0], frame.y + place[1], *size)
        tag.visible = True


def free_place(
    at: tuple[float, float],
    size: tuple[int, int],
    view: tuple[int, int],
    scale: float,
    taken: Sequence[Rectangle],
    *,
    above: bool = False,
) -> Rectangle:
    """Where a label covers no other one: right below its point, or else at another side of it, or farther off.

    Args:
        at: The point, px of the view.
        size: Width and height of the label, px.
        view: Width and height of the view, px; the label is inside.
        scale: Screen pixels per design pixel.
        taken: x, y, width and height of the other labels.
        above: Begin above the point.
    """
    (x, y), (width, height) = at, size
    right, below = int(x + _RIGHT_PX * scale), int(y + _BELOW_PX * scale)
    left, over = int(x - _RIGHT_PX * scale) - width, int(y - _BELOW_PX * scale) - height
    rows = [over, below] if above else [below, over]
    for k in range(1, _FARTHEST_ROWS):
        rows += [below + k * (height + 2), over - k * (height + 2)]
    places = [
        (min(max(column, 0), max(view[0] - width, 0)), min(max(row, 0), max(view[1] - height, 0)), *size)
        for row in rows
        for column in (right, left)
    ]
    return next((one for one in places if not any(_overlap(one, other) for other in taken)), places[0])


def _overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
