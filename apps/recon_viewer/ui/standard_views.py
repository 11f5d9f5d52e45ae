"""The views that have a key and a button: from the photo's camera, the front, a side, above, and all of the scene."""

from typing import Final

import numpy as np

from recon.render.view_camera import ViewCamera, photo_camera, preset
from recon_viewer.controller import Controller
from recon_viewer.drawing.plan_overlay import NO_PLAN
from recon_viewer.drawing.view3d import View3D

STANDARD_VIEWS: Final = ("photo-camera", "front", "top", "side", "fit")
"""Names of the actions."""
_TARGET_M = 3.0
"""Distance around which the photo's camera orbits if no depth is known, m."""


class StandardViews:
    """Moves the view to standard cameras."""

    def __init__(self, controller: Controller, view: View3D) -> None:
        self._controller, self._view = controller, view
        self._unturned: ViewCamera | None = None
        """The view from above while the floor plan, by which it is turned, is not painted yet."""

    def look(self, name: str) -> None:
        """Moves the view to one of ``STANDARD_VIEWS``."""
        self._controller.section.look_from(name)
        picture, scene = self._controller.picture, self._controller.scene
        if name == "photo-camera" and scene is not None:
            known = scene.depth.z_m[::9, ::9][scene.depth.valid[::9, ::9]]
            target_m = float(np.median(known)) if known.size else _TARGET_M
            self._view.look(photo_camera(scene.intrinsics, picture.world_T_cam, target_m, picture.vertical))
        else:
            name = "fit" if name == "photo-camera" else name
            plan = picture.plan if name == "top" else NO_PLAN
            low, high = plan.with_walls(*picture.bounds)
            self._view.look(preset(name, low, high, picture.vertical, self._view.size, plan.forward))
        self._unturned = self._view.camera if name == "top" and picture.plan is NO_PLAN else None

    def turn_to_plan(self) -> None:
        """Turns the view from above as soon as the floor plan is painted, unless the view was moved before."""
        known = self._controller.picture.plan is not NO_PLAN
        if known and self._unturned is not None and self._view.camera is self._unturned:
            self.look("top")
