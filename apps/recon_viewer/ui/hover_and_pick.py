"""Links the view, the photo and the depth map: hovering in one marks the others, clicks pick points."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from recon.constraints import PICKING_PX
from recon.frames import gl_T_cam
from recon_viewer.actions.crop import crop_to_rectangle
from recon_viewer.controller import Controller
from recon_viewer.drawing.section import inside
from recon_viewer.drawing.view3d import View3D
from recon_viewer.model.measurements import on_ray
from recon_viewer.model.picking import Hit
from recon_viewer.model.same_photo import share_pixels
from recon_viewer.model.state import Pick


class Linking:
    """Passes mouse events to the controller."""

    def __init__(self, controller: Controller, view: View3D, refresh: Callable[[], None]) -> None:
        self._controller, self._view, self._refresh = controller, view, refresh
        self.photos: Any = None
        """The column with photo and depth map, created later."""
        self.twin: View3D | None = None
        """The other view, if two layers are side by side."""

    def hover_view(self, x: float, y: float) -> None:
        """The mouse is over the 3D view, with no button down."""
        self._controller.let_go()
        hit = self._view.hit(x, y, quick=True)
        if hit is None:
            self.clear()
            return
        key, at = hit
        self._view.mark_hover(at.point, self._distance_text(key, at.point))
        pixel = self._pixel_of(self._controller.state.active, key, at.pixel_px)
        if self.twin is not None:
            self._mark_pixel(self.twin, pixel)
        self._mark(pixel)
        self._refresh()

    def hover_photo(self, pixel_px: tuple[float, float] | None) -> None:
        """The mouse is over the photo or the depth map, with no button down."""
        self._controller.let_go()
        if pixel_px is None:
            self.clear()
            return
        self._mark(pixel_px)
        for view in filter(None, (self._view, self.twin)):
            self._mark_pixel(view, pixel_px)
        self._refresh()

    def click_view(self, x: float, y: float, with_ctrl: bool) -> None:
        """A click on the 3D view; with Ctrl, it measures a distance with any tool."""
        controller = self._controller
        if with_ctrl and controller.state.tool == "look":
            controller.use("distance")
        if controller.state.tool in ("look", "rectangle", "camera height"):
            return
        exact = self._photo_pixel(x, y)
        picked = None if exact is None else self._pick_at(exact)
        if picked is not None and self._is_shown(picked):
            controller.pick(replace(picked, sigma_px=self._sigma_px()))
            return
        hit = self._view.hit(x, y)
        if hit is None:
            controller.say("no point here")
            return
        controller.pick(self._pick_of(*hit))

    def rectangle(self, a: tuple[int, int], b: tuple[int, int], done: bool) -> bool:
        """Handles dragging a rectangle from a to b, px of the window; returns whether the tool uses it."""
        if self._controller.state.tool != "rectangle":
            return False
        frame = self._view.widget.frame
        corners = (a[0] - frame.x, a[1] - frame.y), (b[0] - frame.x, b[1] - frame.y)
        self._view.show_rectangle(None if done else corners)
        if done:
            crop_to_rectangle(self._controller, self._view.camera, self._view.size, *corners)
        self._refresh()
        return True

    def click_photo(self, pixel_px: tuple[float, float]) -> None:
        """A click on the photo or the depth map picks exactly this position, not the nearest drawn point."""
        controller = self._controller
        if controller.state.tool == "rectangle":
            controller.say("drag the rectangle in the 3D view")
            return
        if controller.state.tool in ("look", "camera height"):
            controller.say("choose a tool first: D distance, O polyline, A angle, H height")
            return
        picked = self._pick_at(pixel_px)
        if picked is None:
            controller.say("depth is unknown here")
            return
        controller.pick(picked)

    def clear(self) -> None:
        """Clears the hover marks."""
        for view in filter(None, (self._view, self.twin)):
            view.mark_hover(None, "")
        self._mark(None)
        self._refresh()

    def _mark_pixel(self, view: View3D, pixel_px: tuple[float, float] | None) -> None:
        """Marks a position of the active layer's photo in a view, on the layer that is shown there."""
        state = self._controller.state
        shown = [layer.key for layer in state.layers if view.layers.has(layer.key)]
        keys = [key for key in shown if self._pixel_of(key, state.active, pixel_px) is not None]
        key = state.active if state.active in keys else next(iter(keys), None)
        pixel_px = self._pixel_of(key, state.active, pixel_px)
        pick = None if pixel_px is None else self._pick_at(pixel_px, key)
        if pick is None:
            view.mark_hover(None, "")
            return
        point = self._world(pick)
        view.mark_hover(point, self._distance_text(pick.layer, point))

    def _pixel_of(
        self, key: int | None, other: int | None, pixel_px: tuple[float, float] | None
    ) -> tuple[float, float] | None:
        """The position in a layer's photo of one in another layer's; None: they are not of one photo."""
        if pixel_px is None or key == other:
            return pixel_px
        state = self._controller.state
        own, its = (None if each is None else state.by_key(each) for each in (key, other))
        if own is None or its is None or own.base is None or its.base is None or not share_pixels(own, its):
            return None
        photo, from_ = own.base.photo, its.base.photo
        return pixel_px[0] * photo.width / from_.width, pixel_px[1] * photo.height / from_.height

    def _mark(self, pixel_px: tuple[float, float] | None) -> None:
        scene = self._controller.scene
        self.photos.mark(pixel_px, None if scene is None else scene.depth)

    def _photo_pixel(self, x: float, y: float) -> tuple[float, float] | None:
        """The subpixel position in the photo, if the view is exactly that of the photo's camera; otherwise None."""
        controller, view = self._controller, self._view
        scene, at, key = controller.scene, controller.picture.world_T_cam, controller.state.active
        if key is None or not view.layers.has(key):
            return None
        seen = view.camera.view_T_world @ at @ np.linalg.inv(gl_T_cam)
        if scene is None or not np.allclose(seen, np.eye(4), atol=1e-6):
            return None
        lens, frame, camera = view.camera.lens.fitted(*view.size), view.widget.frame, scene.intrinsics
        across, down = (x + 0.5 - frame.x - lens.cx) / lens.fx, (y + 0.5 - frame.y - lens.cy) / lens.fy
        pixel = across * camera.fx + camera.cx, down * camera.fy + camera.cy
        return pixel if 0 <= pixel[0] < camera.width and 0 <= pixel[1] < camera.height else None

    def _pick_of(self, key: int, at: Hit) -> Pick:
        picture, layer = self._controller.picture, self._controller.state.by_key(key)
        pixel = at.pixel_px if layer is not None and layer.base is not None else None
        cam_T_world = np.linalg.inv(picture.poses[key])
        x, y, z = cam_T_world[:3, :3] @ np.array(at.point) + cam_T_world[:3, 3]
        return Pick(key, pixel, (float(x), float(y), float(z)), self._sigma_px())

    def _sigma_px(self) -> float:
        """Standard deviation of a click in px of the photo: half a pixel of the coarser of view and photo."""
        scene = self._controller.scene
        # As in perspective: a narrow lens far away has no finer pixels.
        lens = self._view.camera.in_perspective().lens.fitted(*self._view.size)
        return PICKING_PX if scene is None else PICKING_PX * max(1.0, scene.intrinsics.fx / max(lens.fx, 1.0))

    def _pick_at(self, pixel_px: tuple[float, float], key: int | None = None) -> Pick | None:
        """The point at a position in a layer's photo, by default that of the active layer."""
        key = self._controller.state.active if key is None else key
        scene = None if key is None else self._controller.picture.scenes.get(key)
        if scene is None or key is None:
            return None
        row = min(int(pixel_px[1]), scene.photo.height - 1)
        col = min(int(pixel_px[0]), scene.photo.width - 1)
        if not scene.depth.valid[row, col]:
            return None
        return Pick(key, pixel_px, on_ray(scene.intrinsics, pixel_px, float(scene.depth.z_m[row, col])))

    def _is_shown(self, pick: Pick) -> bool:
        """Whether a point lies in the section: in the view, the user cannot mean what it hides."""
        picture = self._controller.picture
        point = np.array(self._world(pick), np.float32)
        shown = inside(point, picture.section_T_world, picture.state.view.section)
        return shown is None or bool(shown)

    def _world(self, pick: Pick) -> tuple[float, float, float]:
        world_T_cam = self._controller.picture.poses[pick.layer]
        x, y, z = world_T_cam[:3, :3] @ np.array(pick.point_cam) + world_T_cam[:3, 3]
        return float(x), float(y), float(z)

    def _distance_text(self, key: int, point: tuple[float, float, float]) -> str:
        """Distance from the first end of the length that is being measured, otherwise from the photo's camera."""
        state = self._controller.state
        if state.tool in ("distance", "known length") and len(state.pending) == 1:
            start = state.pending[0]
            if start.layer == key:
                return f"{float(np.linalg.norm(np.subtract(point, self._world(start)))):.2f} m long"
        at = self._controller.picture.poses[key][:3, 3]
        return f"{float(np.linalg.norm(np.subtract(point, at))):.2f} m away"
