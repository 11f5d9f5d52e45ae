"""The 3D view: Open3D's scene widget with our own camera, level of detail, marks and labels."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from open3d.visualization import gui, rendering

from recon_viewer import adapter
from recon_viewer.camera import ViewCamera
from recon_viewer.display import Drawn
from recon_viewer.measuring import Reading
from recon_viewer.picking import Hit, hit
from recon_viewer.picture import Picture
from recon_viewer.state import View

Point = tuple[float, float, float]
_DARK_RGB, _LIGHT_RGB = (28, 30, 34), (236, 237, 240)
_MARK_RGB, _PENDING_RGB = (255, 220, 40), (60, 255, 170)
_COARSE_POINTS = 250_000
"""Drawn while the camera moves, of a layer that has more."""
_REST_S = 0.25
_MARK_PX, _LINE_PX = 9.0, 2.5
_TOWARDS_EYE = 0.004
"""Share of the distance by which marks stand before the surface that they mark."""


class View3D:
    """Draws pictures and answers what lies under the mouse."""

    def __init__(self, window: Any) -> None:
        self.widget = gui.SceneWidget()
        self.widget.scene = rendering.Open3DScene(window.renderer)
        self.widget.enable_scene_caching(True)
        self._scene = self.widget.scene
        # Post-processing would change the photo's colours.
        self._scene.view.set_post_processing(False)
        self._window = window
        self._camera = ViewCamera()
        self._picture: Picture | None = None
        self._shown: dict[str, Drawn] = {}
        self._coarse: dict[str, Drawn] = {}
        self._view: View | None = None
        self._labels: list[Any] = []
        self._hover = self.widget.add_3d_label([0, 0, 0], "")
        self._moving_until = 0.0
        self._is_coarse = False

    @property
    def camera(self) -> ViewCamera:
        """Where the view is taken from."""
        return self._camera

    @property
    def size(self) -> tuple[float, float]:
        """Of the view, px."""
        frame = self.widget.frame
        return max(float(frame.width), 1.0), max(float(frame.height), 1.0)

    def look(self, camera: ViewCamera, *, moving: bool = False) -> None:
        """Takes the view from there; ``moving``: more of that comes, so that fewer points must do."""
        self._camera = camera
        if moving:
            self._moving_until = time.monotonic() + _REST_S
            self._detail(coarse=True)
        self.project()

    def project(self) -> None:
        """Sets the renderer's camera; also needed after the widget's size changed."""
        self.project_for(*self.size)
        self.widget.force_redraw()

    def project_for(self, width: float, height: float) -> None:
        """The same for a picture of another size."""
        camera = self._camera
        low, high = self._picture.bounds if self._picture is not None else (np.full(3, -5.0), np.full(3, 5.0))
        reach = float(np.linalg.norm(np.maximum(np.abs(low - camera.eye), np.abs(high - camera.eye))))
        near, far = camera.clip_m(4 * reach)
        lens = camera.lens.fitted(width, height)
        self._scene.camera.look_at(camera.target, camera.eye, camera.axes[1])
        perspective = rendering.Camera.Projection.Perspective
        self._scene.camera.set_projection(perspective, *lens.frustum(near), near, far)

    def tick(self) -> bool:
        """Goes back to all points where the camera rests; True where that changed the view."""
        if self._is_coarse and time.monotonic() > self._moving_until:
            self._detail(coarse=False)
            self.widget.force_redraw()
            return True
        return False

    def show(self, picture: Picture) -> None:
        """Draws what is new in a picture."""
        view = picture.state.view
        before, self._picture = self._picture, picture
        look_changed = self._view is None or any(
            getattr(self._view, name) != getattr(view, name) for name in ("light", "most_points")
        )
        resized = self._view is not None and self._view.point_size_px != view.point_size_px
        self._background(view)
        names = {f"layer {key}": drawn for key, drawn in picture.drawn.items()}
        for name in [name for name in self._shown if name not in names]:
            self._remove(name)
        for name, drawn in names.items():
            if look_changed or self._shown.get(name) is not drawn:
                self._remove(name)
                self._add(name, drawn, view)
            elif resized and drawn.kind == "points":
                for each, factor in ((name, 1.0), (f"{name} coarse", 1.6)):
                    if self._scene.has_geometry(each):
                        size = view.point_size_px * factor * self._window.scaling
                        self._scene.modify_geometry_material(
                            each, adapter.material("points", point_size_px=size)
                        )
        self._view = view
        if before is None or before.lines is not picture.lines:
            self._replace("guides", adapter.guide_geometry(picture.lines), adapter.material("lines"))
        self._draw_readings(picture.readings, picture.pending, view)
        self._detail(coarse=self._is_coarse)
        self.project()

    def hit(self, x: float, y: float, *, quick: bool = False) -> tuple[int, Hit] | None:
        """The layer and the point under a position in the window, px; ``quick`` looks at fewer points."""
        best: tuple[int, Hit] | None = None
        at = (x - self.widget.frame.x, y - self.widget.frame.y)
        for name, shown in self._shown.items():
            drawn = self._coarse.get(name, shown) if quick else shown
            found = hit(drawn, self._camera, at, self.size)
            if found is not None and (best is None or found.ahead_m < best[1].ahead_m):
                best = int(name.split()[1]), found
        return best

    def mark_hover(self, point: Point | None, text: str) -> None:
        """A caret under the point and a text beside it, on top of everything; None: none."""
        self._hover.text = "" if point is None else f"^ {text}"
        if point is not None:
            self._hover.position = point
            self._hover.color = gui.Color(*(value / 255 for value in _PENDING_RGB))

    def visible_overlays(self, visible: bool) -> None:
        """Shows or hides guides and marks, for a picture without them."""
        for name in ("guides", "marks", "marked lines"):
            if self._scene.has_geometry(name):
                self._scene.show_geometry(name, visible)

    @property
    def open3d_scene(self) -> Any:
        """For rendering it elsewhere."""
        return self._scene

    def close(self) -> None:
        """Gives the geometry back before the window goes."""
        for label in self._labels:
            self.widget.remove_3d_label(label)
        self._labels = []
        self._scene.clear_geometry()
        self._shown.clear()
        self._coarse.clear()

    def _background(self, view: View) -> None:
        if self._view is None or self._view.dark != view.dark:
            self._scene.set_background(adapter.linear(_DARK_RGB if view.dark else _LIGHT_RGB))

    def _add(self, name: str, drawn: Drawn, view: View) -> None:
        self._shown[name] = drawn
        scale = self._window.scaling
        full = drawn.thinned(view.most_points)
        size = view.point_size_px * scale
        self._replace(
            name,
            adapter.drawn_geometry(full),
            adapter.material(drawn.kind, point_size_px=size, light=view.light),
        )
        if len(drawn.points) > _COARSE_POINTS:
            as_points = Drawn("points", drawn.points, drawn.rgb, drawn.pixels_px).thinned(_COARSE_POINTS)
            self._coarse[name] = as_points
            self._replace(
                f"{name} coarse",
                adapter.drawn_geometry(as_points),
                adapter.material("points", point_size_px=1.6 * size),
            )

    def _remove(self, name: str) -> None:
        self._shown.pop(name, None)
        self._coarse.pop(name, None)
        for each in (name, f"{name} coarse"):
            if self._scene.has_geometry(each):
                self._scene.remove_geometry(each)

    def _replace(self, name: str, geometry: Any, material: Any) -> None:
        if self._scene.has_geometry(name):
            self._scene.remove_geometry(name)
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

    def _draw_readings(self, readings: Sequence[Reading], pending: Sequence[Point], view: View) -> None:
        for label in self._labels:
            self.widget.remove_3d_label(label)
        self._labels = []
        marks = [(point, _MARK_RGB) for one in readings for point in one.points_world]
        marks += [(point, _PENDING_RGB) for point in pending]
        chains = [(one.points_world, _MARK_RGB) for one in readings] + [(tuple(pending), _PENDING_RGB)]
        scale = self._window.scaling
        self._replace(
            "marks", self._mark_points(marks), adapter.material("points", point_size_px=_MARK_PX * scale)
        )
        self._replace(
            "marked lines", self._mark_lines(chains), adapter.material("lines", line_width_px=_LINE_PX)
        )
        if not view.labels:
            return
        for one in readings:
            at = self._before(np.mean(np.array(one.points_world), axis=0)[None])[0]
            label = self.widget.add_3d_label(at, one.text)
            label.color = gui.Color(*(value / 255 for value in (_MARK_RGB if view.dark else (150, 80, 0))))
            label.scale = 1.15
            self._labels.append(label)

    def _mark_points(self, marks: Sequence[tuple[Point, tuple[int, int, int]]]) -> Any:
        if not marks:
            return None
        at = self._before(np.array([point for point, _ in marks]))
        return adapter.points(at, np.array([rgb for _, rgb in marks], np.uint8))

    def _mark_lines(self, chains: Sequence[tuple[Sequence[Point], tuple[int, int, int]]]) -> Any:
        points: list[Point] = []
        ends: list[tuple[int, int]] = []
        rgb: list[tuple[int, int, int]] = []
        for chain, colour in chains:
            ends += [(len(points) + k, len(points) + k + 1) for k in range(len(chain) - 1)]
            rgb += [colour] * (len(chain) - 1)
            points += chain
        if not ends:
            return None
        return adapter.lines(
            self._before(np.array(points)), np.array(ends, np.int32), np.array(rgb, np.uint8)
        )

    def _before(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        eye = np.array(self._camera.eye)
        return (points + _TOWARDS_EYE * (eye - points)).astype(np.float32)
