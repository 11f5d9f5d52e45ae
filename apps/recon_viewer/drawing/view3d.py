"""The 3D view: Open3D's scene widget with our own camera, level of detail, marks and labels."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui, rendering

from recon.frames import Transform
from recon.malloc_trim import trim_memory
from recon.render.drawable import Drawn
from recon.render.style import View
from recon.render.view_camera import ViewCamera
from recon_viewer.drawing import open3d_geometry
from recon_viewer.drawing.backdrop import backdrop
from recon_viewer.drawing.guides import palette
from recon_viewer.drawing.labels import Tags
from recon_viewer.drawing.markers import PENDING_RGB, Point, mark_lines, mark_points, tag_texts
from recon_viewer.drawing.picture import Picture
from recon_viewer.drawing.ui_scale import scale_of
from recon_viewer.model.crop_rectangle import Position, outline
from recon_viewer.model.picking import SNAP_PX, Hit, hit

COARSE_POINTS = 60_000
"""Number of points drawn while the camera moves, for layers that have more and no coarse mesh."""
_REST_S = 0.25
_AGAIN_S = (0.4, 0.8, 2.0, 5.0)
"""After a change the view is drawn again, each time so long after the last: a renderer that lags behind skips frames
silently, and the newest one may be among them."""
_AT_PHOTO = 0.005
"""Distance from the photo's camera, as a fraction of the scene size, below which the view is the photo's."""
_NOT_DRAWN = 1.001
"""Of the width: tells the projection for a new size from the one that Open3D sets when it draws."""
_MARK_PX, _LINE_PX, _OUTLINE_PX, _COARSE_SIZE = 9.0, 2.5, 3.0, 1.6
_OVERLAYS = ("lines", "frusta", "plan", "marks", "marked lines", "mark outlines", "line outlines")


class View3D:
    """Draws pictures and finds the point under the mouse."""

    def __init__(self, window: Any) -> None:
        self.widget = gui.SceneWidget()
        self.widget.scene = rendering.Open3DScene(window.renderer)
        self.widget.enable_scene_caching(True)
        self._scene = self.widget.scene
        # Post-processing would change the photo's colours.
        self._scene.view.set_post_processing(False)
        # Each of these needs passes over all points, and has no effect on unlit ones.
        self._scene.view.set_antialiasing(False)
        self._scene.view.set_sample_count(1)
        self._scene.view.set_shadowing(False)
        # Eight passes over the window; and Mesa 22.3 compiles two of their shaders anew for each frame, 1 MB each.
        self._scene.view.set_ambient_occlusion(False)
        self._window = window
        self._scale = scale_of(window)
        self._camera = ViewCamera()
        self._picture: Picture | None = None
        self._shown: dict[str, Drawn] = {}
        self._coarse: dict[str, Drawn] = {}
        self._view: View | None = None
        self._line_materials: dict[str, tuple[Any, float]] = {}
        """Of the lines in the scene: with the width that they have in perspective, px."""
        self._backdrop: tuple[int, int, bool] | None = None
        self._tags: Tags | None = None
        self._moving_until = 0.0
        self._is_coarse = False
        self._again: list[float] = []
        """What is left of these delays."""
        self._drawn_at = 0.0
        self._projection: NDArray[np.float32] = np.zeros((4, 4), np.float32)
        """The projection that was set last."""
        self._drawn_size = self._awaited_size = (0.0, 0.0)
        """At which Open3D drew the widget last, and is to draw it, px."""
        self._twin: View3D | None = None
        """A view that moves with this one."""
        self._twin_T_self: Transform = np.eye(4)
        """Moves the camera to that of the twin, world frame."""

    @property
    def camera(self) -> ViewCamera:
        """The camera of the view."""
        return self._camera

    @property
    def open3d_scene(self) -> Any:
        """For rendering it elsewhere."""
        return self._scene

    @property
    def scale(self) -> float:
        """Screen pixels per design pixel."""
        return self._scale

    @property
    def size(self) -> tuple[float, float]:
        """Size of the view, px."""
        frame = self.widget.frame
        return max(float(frame.width), 1.0), max(float(frame.height), 1.0)

    @property
    def shows_anything(self) -> bool:
        """Whether it has a layer."""
        return bool(self._shown)

    def shows(self, key: int) -> bool:
        """Whether it has that layer."""
        return f"layer {key}" in self._shown

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
        share, self._camera = self._line_share, camera
        if self._line_share != share:
            for name, (material, width_px) in self._line_materials.items():
                if self._scene.has_geometry(name):
                    material.line_width = width_px * self._line_share
                    self._scene.modify_geometry_material(name, material)
        if self._tags is not None:
            # The mouse will be over something else.
            self._tags.hover(None, "")
        if self._picture is not None and (self._picture.readings or self._picture.pending):
            # They are placed between the surface and the eye, which has moved.
            self._put_marks(self._picture)
        self._moving_until = time.monotonic() + _REST_S
        self._detail(coarse=True)
        self.project()

    def project(self) -> None:
        """Sets the renderer's camera; also needed after the widget's size changed."""
        self._was_drawn_anew()
        self.project_for(*self.size)
        if self.size != self._drawn_size:
            self._await_size()
        self.place_tags()
        self._redraw()

    def project_for(self, width: float, height: float) -> None:
        """Sets the renderer's camera for an image of another size."""
        camera, picture = self._camera, self._picture
        self._put_backdrop(int(width), int(height))
        low, high = picture.bounds if picture is not None else (np.full(3, -5.0), np.full(3, 5.0))
        reach = float(np.linalg.norm(np.maximum(np.abs(low - camera.eye), np.abs(high - camera.eye))))
        near, far = camera.clip_m(4 * reach)
        lens = camera.lens.fitted(width, height)
        self._scene.camera.look_at(camera.target, camera.eye, camera.axes[1])
        perspective = rendering.Camera.Projection.Perspective
        self._scene.camera.set_projection(perspective, *lens.frustum(near), near, far)
        self._projection = self._scene.camera.get_projection_matrix()
        if picture is not None and self._scene.has_geometry("frusta"):
            # From inside, the photo's camera would be a frame around the photo.
            off = np.linalg.norm(np.subtract(camera.eye, picture.world_T_cam[:3, 3]))
            self._scene.show_geometry("frusta", bool(off > _AT_PHOTO * reach))

    def _await_size(self) -> None:
        """When Open3D first draws the widget at a new size, it sets a projection by the last angle of view; a frustum
        has none, and that frame would be empty."""
        camera, (width, height) = self._scene.camera, self.size
        self._awaited_size = self.size
        angle = 2 * np.degrees(np.arctan(height / 2 / self._camera.lens.fitted(width, height).fy))
        vertical = rendering.Camera.FovType.Vertical
        camera.set_projection(
            angle, _NOT_DRAWN * width / height, camera.get_near(), camera.get_far(), vertical
        )
        self._projection = camera.get_projection_matrix()

    def _was_drawn_anew(self) -> bool:
        """Whether Open3D has set its own projection."""
        if np.array_equal(self._scene.camera.get_projection_matrix(), self._projection):
            return False
        self._drawn_size = self._awaited_size
        return True

    def tick(self) -> bool:
        """Draws all points once the camera rests; returns whether the view changed."""
        now = time.monotonic()
        if self._was_drawn_anew():
            self.project()
            return True
        if self._is_coarse and now > self._moving_until:
            self._detail(coarse=False)
            self._redraw()
            return True
        if self._again and now > self._drawn_at + self._again[0]:
            del self._again[0]
            self._drawn_at = now
            self.widget.force_redraw()
            if len(self._again) < len(_AGAIN_S) - 1:
                # Drawing leaves what it freed in the heaps of several threads, 200 MB after seconds of movement; and
                # the renderer frees a layer's buffers only after it has drawn some pictures without it.
                trim_memory()
            return True
        return False

    def show(self, picture: Picture) -> None:
        """Draws a picture, updating only what has changed."""
        before, self._picture = self._picture, picture
        self._show_layers(picture)
        for name in ("lines", "frusta"):
            if before is None or getattr(before, name) is not getattr(picture, name):
                self._replace(
                    name,
                    open3d_geometry.guide_geometry(getattr(picture, name)),
                    open3d_geometry.material("lines"),
                )
        if before is None or before.plan is not picture.plan:
            self._replace(
                "plan",
                open3d_geometry.guide_geometry(picture.plan.lines),
                open3d_geometry.material("lines", line_width_px=_LINE_PX * self._scale),
            )
        if before is None or (before.readings, before.pending) != (picture.readings, picture.pending):
            self._put_marks(picture)
        if self._tags is not None:
            texts = [*picture.plan.labels, *tag_texts(picture.readings)]
            self._tags.show(texts if picture.state.view.labels else [])
        self._detail(coarse=self._is_coarse)
        self.project()

    def show_rectangle(self, corners: tuple[Position, Position] | None) -> None:
        """Shows the rectangle that is being dragged, px from the view's top-left corner; None hides it."""
        made = None
        if corners is not None and corners[0][0] != corners[1][0] and corners[0][1] != corners[1][1]:
            ends, rgb = (
                np.array([[0, 1], [1, 2], [2, 3], [3, 0]], np.int32),
                np.array([PENDING_RGB] * 4, np.uint8),
            )
            made = open3d_geometry.lines(outline(self._camera, self.size, *corners), ends, rgb)
        self._replace(
            "rectangle", made, open3d_geometry.material("lines", line_width_px=_LINE_PX * self._scale)
        )
        self._redraw()

    def hit(self, x: float, y: float, *, quick: bool = False) -> tuple[int, Hit] | None:
        """The layer and the point under a position in the window, px; ``quick`` looks at fewer points."""
        best: tuple[int, Hit] | None = None
        at = (x - self.widget.frame.x, y - self.widget.frame.y)
        for name, shown in self._shown.items():
            drawn = self._coarse.get(name, shown) if quick else shown
            candidate = hit(drawn, self._camera, at, self.size, SNAP_PX * self._scale)
            if candidate is not None and (best is None or candidate.ahead_m < best[1].ahead_m):
                best = int(name.split()[1]), candidate
        return best

    def mark_hover(self, point: Point | None, text: str) -> None:
        """Shows a label next to a point, on top of everything; None hides it."""
        if self._tags is not None:
            self._tags.hover(point, text)
            self.place_tags()

    def place_tags(self) -> None:
        """Moves the labels to the current positions of their points."""
        if self._tags is not None:
            self._tags.place(self._camera, self.widget.frame, visible=self.widget.visible)

    def visible_overlays(self, visible: bool) -> None:
        """Shows or hides guides and marks, for screenshots without them."""
        for name in _OVERLAYS:
            if self._scene.has_geometry(name):
                self._scene.show_geometry(name, visible)

    def all_points(self) -> None:
        """Draws all points immediately, for a screenshot."""
        self._detail(coarse=False)

    def restore_size(self) -> None:
        """Restores the size after a screenshot: the widget sets the renderer's size only when its own changes."""
        frame = self.widget.frame
        self.widget.frame = gui.Rect(frame.x, frame.y, max(frame.width - 1, 1), frame.height)
        self.widget.frame = frame
        self._window.set_needs_layout()
        self._drawn_size = (0.0, 0.0)
        self.project()

    def close(self) -> None:
        """Releases the geometry before the window closes."""
        self._scene.clear_geometry()
        self._shown.clear()
        self._coarse.clear()

    def _put_backdrop(self, width: int, height: int) -> None:
        """Open3D fits the picture into the view, with plain ground beside it: it must have the view's shape."""
        dark = self._view is None or self._view.dark
        if self._backdrop == (width, height, dark):
            return
        self._backdrop = width, height, dark
        colours = palette(dark)
        picture = open3d_geometry.texture_image(backdrop(width, height, colours))
        self._scene.set_background(open3d_geometry.linear(colours.ground), picture)

    def _show_layers(self, picture: Picture) -> None:
        view, before = picture.state.view, self._view
        new_look = before is None or (before.light, before.most_points) != (view.light, view.most_points)
        resized = before is not None and before.point_size_px != view.point_size_px
        self._view = view
        layers = {f"layer {key}": drawn for key, drawn in picture.drawn.items()}
        for name in [name for name in self._shown if name not in layers]:
            self._remove(name)
        for name, drawn in layers.items():
            if new_look or self._shown.get(name) is not drawn:
                self._remove(name)
                self._add(
                    name, drawn, picture.moving.get(int(name.split()[1])), view, thin=not picture.preview
                )
            elif resized and drawn.kind == "points":
                self._resize(name, view)

    def _add(self, name: str, drawn: Drawn, moving: Drawn | None, view: View, *, thin: bool) -> None:
        self._shown[name] = drawn
        # What opens a scene is few pixels already, and as points it would be a picture full of holes.
        if moving is None and thin and len(drawn.points) > COARSE_POINTS:
            moving = Drawn("points", drawn.points, drawn.rgb, drawn.pixels_px).thinned(COARSE_POINTS)
        if moving is not None:
            self._coarse[name] = moving
        for each, what, larger in ((name, drawn, 1.0), (f"{name} coarse", moving, _COARSE_SIZE)):
            if what is not None:
                material = open3d_geometry.material(
                    what.kind,
                    point_size_px=view.point_size_px * larger * self._scale,
                    light=view.light,
                    texture=what.texture,
                )
                self._replace(each, open3d_geometry.drawn_geometry(what.thinned(view.most_points)), material)

    def _put_marks(self, picture: Picture) -> None:
        marks, eye, scale = (picture.readings, picture.pending), self._camera.eye, self._scale
        # A dark outline behind each mark makes it visible on a light background and on a white wall.
        for points, lines, is_outline, wider_px in (
            ("marks", "marked lines", False, 0.0),
            ("mark outlines", "line outlines", True, _OUTLINE_PX),
        ):
            size, width = (_MARK_PX + wider_px) * scale, (_LINE_PX + wider_px) * scale
            self._replace(
                points,
                mark_points(*marks, eye, outline=is_outline),
                open3d_geometry.material("points", point_size_px=size),
            )
            self._replace(
                lines,
                mark_lines(*marks, eye, outline=is_outline),
                open3d_geometry.material("lines", line_width_px=width),
            )

    def _resize(self, name: str, view: View) -> None:
        for each, factor in ((name, 1.0), (f"{name} coarse", _COARSE_SIZE)):
            what = (self._shown if each == name else self._coarse).get(name)
            if what is not None and what.kind == "points" and self._scene.has_geometry(each):
                size = view.point_size_px * factor * self._scale
                self._scene.modify_geometry_material(
                    each, open3d_geometry.material("points", point_size_px=size)
                )

    def _remove(self, name: str) -> None:
        self._shown.pop(name, None)
        self._coarse.pop(name, None)
        for each in (name, f"{name} coarse"):
            if self._scene.has_geometry(each):
                self._scene.remove_geometry(each)

    @property
    def _line_share(self) -> float:
        """Open3D draws lines the wider, the narrower the lens is."""
        return self._camera.in_perspective().lens.fy / self._camera.lens.fy

    def _replace(self, name: str, geometry: Any, material: Any) -> None:
        if self._scene.has_geometry(name):
            self._scene.remove_geometry(name)
        self._line_materials.pop(name, None)
        if material.shader == open3d_geometry.LINE_SHADER:
            self._line_materials[name] = material, material.line_width
            material.line_width *= self._line_share
        if geometry is not None:
            self._scene.add_geometry(name, geometry, material)

    def _detail(self, *, coarse: bool) -> None:
        self._is_coarse = coarse
        for name in self._shown:
            has_coarse = name in self._coarse and self._scene.has_geometry(f"{name} coarse")
            if has_coarse:
                self._scene.show_geometry(f"{name} coarse", coarse)
            if self._scene.has_geometry(name):
                self._scene.show_geometry(name, not (coarse and has_coarse))

    def _redraw(self) -> None:
        self.widget.force_redraw()
        self._window.post_redraw()
        self._drawn_at = time.monotonic()
        self._again = list(_AGAIN_S)
