"""The 3D view: Open3D's scene widget with our own camera, level of detail, marks and labels."""

import time
from typing import Any

import numpy as np
from open3d.visualization import gui, rendering

from recon.frames import Transform
from recon.render.view_camera import ViewCamera
from recon_viewer.drawing.backdrop import Backdrop
from recon_viewer.drawing.drawn_layers import DrawnLayers
from recon_viewer.drawing.labels import Tags
from recon_viewer.drawing.markers import Point, tag_texts
from recon_viewer.drawing.named_geometry import NamedGeometry
from recon_viewer.drawing.overlays import Overlays
from recon_viewer.drawing.picture import Picture
from recon_viewer.drawing.projection import Projection
from recon_viewer.drawing.repeated_frames import RepeatedFrames
from recon_viewer.drawing.ui_scale import scale_of
from recon_viewer.model.crop_rectangle import Position
from recon_viewer.model.picking import Hit

_REST_S = 0.25
_AT_PHOTO = 0.005
"""Distance from the photo's camera, as a fraction of the scene size, below which the view is the photo's."""


class View3D:
    """Draws pictures and finds the point under the mouse."""

    def __init__(self, window: Any) -> None:
        self.widget = gui.SceneWidget()
        self.widget.scene = _plain_scene(window)
        self.widget.enable_scene_caching(True)
        self.open3d_scene: Any = self.widget.scene
        """For rendering it elsewhere."""
        self._window = window
        self._scale = scale_of(window)
        self._camera = ViewCamera()
        self._picture: Picture | None = None
        self.geometry = NamedGeometry(self.open3d_scene)
        self.layers = DrawnLayers(self.geometry, self._scale)
        self.overlays = Overlays(self.geometry, self._scale)
        self._backdrop = Backdrop(self.open3d_scene)
        self._projection = Projection(self.open3d_scene)
        self._frames = RepeatedFrames(window, self.widget)
        self._tags: Tags | None = None
        self._moving_until = 0.0
        self._twin: View3D | None = None
        """A view that moves with this one."""
        self._twin_T_self: Transform = np.eye(4)
        """Moves the camera to that of the twin, world frame."""

    @property
    def camera(self) -> ViewCamera:
        """The camera of the view."""
        return self._camera

    @property
    def scale(self) -> float:
        """Screen pixels per design pixel."""
        return self._scale

    @property
    def size(self) -> tuple[float, float]:
        """Size of the view, px."""
        frame = self.widget.frame
        return max(float(frame.width), 1.0), max(float(frame.height), 1.0)

    def link(self, other: "View3D", other_T_self: Transform) -> None:
        """From now on, the two move together: the camera of the other is this one's, moved by (4, 4)."""
        self._twin, other._twin = other, self
        self._twin_T_self = other_T_self
        other._twin_T_self = np.linalg.inv(other_T_self).astype(np.float64)

    def use_tags(self, tags: Tags) -> None:
        """Sets the label widgets, which were created after the view so that they are drawn over it."""
        self._tags = tags

    def look(self, camera: ViewCamera) -> None:
        """Moves the camera, and that of a linked view; fewer points are drawn until it rests."""
        self._follow(camera)
        self.lead()

    def lead(self) -> None:
        """Moves a linked view to where this one is."""
        if self._twin is not None and self._twin.widget.visible:
            camera = self._camera.moved(self._twin_T_self)
            if camera != self._twin.camera:
                self._twin._follow(camera)

    def _follow(self, camera: ViewCamera) -> None:
        self._camera = camera
        self.geometry.fit_lines(camera)
        if self._tags is not None:
            # The mouse will be over something else.
            self._tags.hover(None, "")
        self.overlays.follow(camera)
        self._moving_until = time.monotonic() + _REST_S
        self.layers.detail(coarse=True)
        self.project()

    def project(self) -> None:
        """Sets the renderer's camera; also needed after the widget's size changed."""
        self._projection.was_replaced()
        self.project_for(*self.size)
        self._projection.await_size(self._camera, self.size)
        self.place_tags()
        self._frames.draw()

    def project_for(self, width: float, height: float) -> None:
        """Sets the renderer's camera for an image of another size."""
        camera, picture = self._camera, self._picture
        self._backdrop.fit(int(width), int(height), dark=picture is None or picture.state.view.dark)
        low, high = picture.bounds if picture is not None else (np.full(3, -5.0), np.full(3, 5.0))
        reach_m = float(np.linalg.norm(np.maximum(np.abs(low - camera.eye), np.abs(high - camera.eye))))
        self._projection.set(camera, reach_m, width, height)
        if picture is not None:
            # From inside, the photo's camera would be a frame around the photo.
            off_m = np.linalg.norm(np.subtract(camera.eye, picture.world_T_cam[:3, 3]))
            self.geometry.set_visible("frusta", bool(off_m > _AT_PHOTO * reach_m))

    def tick(self) -> bool:
        """Draws all points once the camera rests; returns whether the view changed."""
        if self._projection.was_replaced():
            self.project()
            return True
        if self.layers.is_coarse and time.monotonic() > self._moving_until:
            self.layers.detail(coarse=False)
            self._frames.draw()
            return True
        return self._frames.tick()

    def show(self, picture: Picture) -> None:
        """Draws a picture, updating only what has changed."""
        self._picture = picture
        self.layers.show(picture)
        self.overlays.show(picture, self._camera)
        if self._tags is not None:
            texts = [*picture.plan.labels, *tag_texts(picture.readings)]
            self._tags.show(texts if picture.state.view.labels else [])
        self.layers.detail(coarse=self.layers.is_coarse)
        self.project()

    def show_rectangle(self, corners: tuple[Position, Position] | None) -> None:
        """Shows the rectangle that is being dragged, px from the view's top-left corner; None hides it."""
        self.overlays.show_rectangle(corners, self._camera, self.size)
        self._frames.draw()

    def hit(self, x: float, y: float, *, quick: bool = False) -> tuple[int, Hit] | None:
        """The layer and the point under a position in the window, px; ``quick`` looks at fewer points."""
        at = (x - self.widget.frame.x, y - self.widget.frame.y)
        return self.layers.hit(at, self._camera, self.size, quick=quick)

    def mark_hover(self, point: Point | None, text: str) -> None:
        """Shows a label next to a point, on top of everything; None hides it."""
        if self._tags is not None:
            self._tags.hover(point, text)
            self.place_tags()

    def place_tags(self) -> None:
        """Moves the labels to the current positions of their points."""
        if self._tags is not None:
            self._tags.place(self._camera, self.widget.frame, visible=self.widget.visible)

    def restore_size(self) -> None:
        """Restores the size after a screenshot: the widget sets the renderer's size only when its own changes."""
        frame = self.widget.frame
        self.widget.frame = gui.Rect(frame.x, frame.y, max(frame.width - 1, 1), frame.height)
        self.widget.frame = frame
        self._window.set_needs_layout()
        self._projection.forget_size()
        self.project()

    def close(self) -> None:
        """Releases the geometry before the window closes."""
        self.open3d_scene.clear_geometry()
        self.layers.clear()


def _plain_scene(window: Any) -> Any:
    """An empty Open3D scene in which the photo keeps its colours."""
    scene = rendering.Open3DScene(window.renderer)
    # Post-processing would change the photo's colours.
    scene.view.set_post_processing(False)
    # Each of these needs passes over all points, and has no effect on unlit ones.
    scene.view.set_antialiasing(False)
    scene.view.set_sample_count(1)
    scene.view.set_shadowing(False)
    # Eight passes over the window; and Mesa 22.3 compiles two of their shaders anew for each frame, 1 MB each.
    scene.view.set_ambient_occlusion(False)
    return scene
