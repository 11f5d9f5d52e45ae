"""What is drawn over the layers: guides, floor plan, marks, and the rectangle that is being dragged."""

import numpy as np

from recon.render.view_camera import ViewCamera
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.markers import PENDING_RGB, mark_lines, mark_points
from recon_viewer.drawing.named_geometry import NamedGeometry
from recon_viewer.drawing.picture import Picture
from recon_viewer.model.crop_rectangle import Position, outline

_MARK_PX, _LINE_PX, _OUTLINE_PX = 9.0, 2.5, 3.0
_NAMES = ("lines", "frusta", "plan", "marks", "marked lines", "mark outlines", "line outlines")


class Overlays:
    """Updates only what has changed."""

    def __init__(self, geometry: NamedGeometry, scale: float) -> None:
        """``scale``: screen pixels per design pixel."""
        self._geometry, self._scale = geometry, scale
        self._shown: Picture | None = None

    def show(self, picture: Picture, camera: ViewCamera) -> None:
        """Draws those of a picture."""
        before, self._shown = self._shown, picture
        for name in ("lines", "frusta"):
            if before is None or getattr(before, name) is not getattr(picture, name):
                made = open3d_geometry.guide_geometry(getattr(picture, name))
                self._geometry.replace(name, made, open3d_geometry.material("lines"))
        if before is None or before.plan is not picture.plan:
            made = open3d_geometry.guide_geometry(picture.plan.lines)
            width_px = _LINE_PX * self._scale
            self._geometry.replace("plan", made, open3d_geometry.material("lines", line_width_px=width_px))
        if before is None or (before.readings, before.pending) != (picture.readings, picture.pending):
            self._put_marks(picture, camera)

    def follow(self, camera: ViewCamera) -> None:
        """Moves the marks, which are between the surface and the eye, with the camera."""
        if self._shown is not None and (self._shown.readings or self._shown.pending):
            self._put_marks(self._shown, camera)

    def show_rectangle(
        self, corners: tuple[Position, Position] | None, camera: ViewCamera, size: Position
    ) -> None:
        """Shows a rectangle, px from the view's top-left corner; None hides it."""
        made = None
        if corners is not None and corners[0][0] != corners[1][0] and corners[0][1] != corners[1][1]:
            ends = np.array([[0, 1], [1, 2], [2, 3], [3, 0]], np.int32)
            rgb = np.array([PENDING_RGB] * 4, np.uint8)
            made = open3d_geometry.lines(outline(camera, size, *corners), ends, rgb)
        width_px = _LINE_PX * self._scale
        self._geometry.replace("rectangle", made, open3d_geometry.material("lines", line_width_px=width_px))

    def set_visible(self, visible: bool) -> None:
        """Shows or hides all but the rectangle."""
        for name in _NAMES:
            self._geometry.set_visible(name, visible)

    def _put_marks(self, picture: Picture, camera: ViewCamera) -> None:
        marks, eye, scale = (picture.readings, picture.pending), camera.eye, self._scale
        # A dark outline behind each mark makes it visible on a light background and on a white wall.
        for points, lines, is_outline, wider_px in (
            ("marks", "marked lines", False, 0.0),
            ("mark outlines", "line outlines", True, _OUTLINE_PX),
        ):
            size, width = (_MARK_PX + wider_px) * scale, (_LINE_PX + wider_px) * scale
            self._geometry.replace(
                points,
                mark_points(*marks, eye, outline=is_outline),
                open3d_geometry.material("points", point_size_px=size),
            )
            self._geometry.replace(
                lines,
                mark_lines(*marks, eye, outline=is_outline),
                open3d_geometry.material("lines", line_width_px=width),
            )
