"""Cuts a panorama into perspective views that overlap, which depth networks understand."""

from dataclasses import dataclass
from math import ceil, degrees, pi, radians, tan

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.errors import PhotoError
from recon.panorama.sphere import Array, Sphere
from recon.types import BoolMap, Intrinsics, Photo

FOV_DEG = 100.0
"""Of each view: 10 degrees more than a cube's faces on each side."""
MOST_WIDTH_PX = 4096
"""Width of all 360 degrees at which views are cut out; networks see no more."""
_LEAST_DEG = 10.0
"""Of a partial panorama's width and height; it also limits the size of views, which have its pixels per degree."""
_LEAST_SHARE = 0.1
"""Of a view's pixels: views that show less of a partial panorama are left out."""


@dataclass(frozen=True, eq=False)
class View:
    """A perspective view out of a panorama."""

    camera: Intrinsics
    view_R_cam: Array
    """(3, 3) rotation from the panorama's cam frame to the view's."""
    photo: Photo

    def project(self, directions: Array) -> tuple[Array, Array, BoolMap]:
        """Where directions (..., 3) lie at z = 1 of the view, and which are in it."""
        turned = directions @ self.view_R_cam.T
        ahead = turned[..., 2] > 1e-6
        z = np.where(ahead, turned[..., 2], 1.0)
        x, y = turned[..., 0] / z, turned[..., 1] / z
        half = self.camera.width / 2 / self.camera.fx
        return x, y, ahead & (np.abs(x) < half) & (np.abs(y) < half)


def cut_views(photo: Photo, sphere: Sphere) -> list[View]:
    """The views that show enough of the panorama.

    Raises:
        PhotoError: It is too small a part for any view.
    """
    across, down = degrees(photo.width / sphere.chart.fx), degrees(photo.height / sphere.chart.fy)
    if min(across, down) < _LEAST_DEG:
        raise _too_narrow(across, down)
    shrink = max(1.0, 2 * pi * sphere.chart.fx / MOST_WIDTH_PX)
    rgb, present = np.array(photo.rgb), photo.present
    if shrink > 1:
        size = (ceil(photo.width / shrink), ceil(photo.height / shrink))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        if present is not None:
            present = cv2.resize(present.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        sphere = sphere.resized(width=size[0], height=size[1])
    half = tan(radians(FOV_DEG / 2))
    side = max(32, round(2 * sphere.chart.fx * half))
    camera = Intrinsics.from_focal(side / 2 / half, width=side, height=side, source="user")
    views = []
    for turn in cube():
        picture, seen = _cut(rgb, present, sphere, camera, turn)
        if seen.mean() >= _LEAST_SHARE:
            part = None if seen.all() else seen
            own = Photo(rgb=picture, path=photo.path, intrinsics=camera, present=part)
            views.append(View(camera, turn, own))
    if not views:
        raise _too_narrow(across, down)
    return views


def _too_narrow(across: float, down: float) -> PhotoError:
    return PhotoError(
        f"the panorama shows {across:.2g}° x {down:.2g}°, too little for views of {FOV_DEG:g}°: check the sizes in "
        "its GPano metadata, or remove them and give it as a perspective photo with --fov"
    )


def cube() -> list[Array]:
    """``view_R_cam`` of four views around the horizon, one up and one down."""
    turns = []
    for yaw in np.arange(4) * pi / 2:
        c, s = np.cos(yaw), np.sin(yaw)
        turns.append(np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]))
    turns.append(np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]))  # up: its z is -y of the panorama
    turns.append(np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]))  # down
    return turns


def _cut(
    rgb: NDArray[np.uint8], present: BoolMap | None, sphere: Sphere, camera: Intrinsics, view_R_cam: Array
) -> tuple[NDArray[np.uint8], BoolMap]:
    """The picture of one view, white where the panorama has nothing, and where it has something."""
    at = (np.arange(camera.width) + 0.5 - camera.cx) / camera.fx
    x, y = np.meshgrid(at, at)
    u, v = sphere.positions(np.stack([x, y, np.ones_like(x)], axis=-1) @ view_R_cam)
    # Straight down lies on the lower edge itself.
    inside = (u >= 0) & (u <= sphere.chart.width) & (v >= 0) & (v <= sphere.chart.height)
    if present is not None:
        columns, rows = (
            np.where(inside, np.minimum(each, count - 1), 0).astype(np.intp)
            for each, count in ((u, rgb.shape[1]), (v, rgb.shape[0]))
        )
        inside &= present[rows, columns]
    border = cv2.BORDER_WRAP if sphere.wraps else cv2.BORDER_REPLICATE
    # OpenCV counts pixels from 0. It wraps both ways, but up and down are no neighbours.
    across, down = (u - 0.5).astype(np.float32), np.clip(v - 0.5, 0, len(rgb) - 1).astype(np.float32)
    picture = cv2.remap(rgb, across, down, cv2.INTER_LINEAR, borderMode=border)
    picture[~inside] = 255
    return np.asarray(picture, np.uint8), inside
