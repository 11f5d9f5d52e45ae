"""Pictures with a shallow depth of field: the mean of what a scene looks like from all over a lens's aperture.

All views show the same at the focus distance, as in a camera; what is nearer or farther moves from view to view and
becomes a disc of ``aperture * f * |1 / z - 1 / focus|`` px, with the aperture's diameter in metres and the focal
length f in px. What is sharp stays sharp up to its outline, since each view has its own occlusions: a background does
not take colours of the foreground, as it does if a picture is blurred.
"""

from dataclasses import dataclass, replace
from math import ceil, hypot, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.file_info.colours import from_linear, to_linear
from recon.render.camera_paths import moved
from recon.render.picture import Look, Renderer, pictures
from recon.render.subject import Subject
from recon.render.view_camera import ViewCamera

F_NUMBER = 1.8
"""Default."""
FULL_FRAME_MM = hypot(36, 24)
"""Diagonal of the sensor to which f-numbers refer."""
_SPACING_PX = 1.5
"""Distance of neighbouring views within the largest disc."""
_FEWEST, _MOST = 16, 300
_FARTHEST = 98.0
"""Percentile of depth that counts as the farthest."""
_GOLDEN_RAD = pi * (3 - sqrt(5))


@dataclass(frozen=True)
class Focus:
    """A round aperture and where it is focused."""

    aperture_m: float
    """Diameter."""
    distance_m: float
    """Depth that is sharp."""

    def disc_px(self, depth_m: float, focal_px: float) -> float:
        """Diameter of the disc that a point at that depth becomes, px."""
        return self.aperture_m * focal_px * abs(1 / depth_m - 1 / self.distance_m)

    def views(self, camera: ViewCamera, count: int) -> list[ViewCamera]:
        """Cameras spread evenly over the aperture (a Fibonacci spiral), which agree at the focus distance."""
        result = []
        for k in range(count):
            radius_m = self.aperture_m / 2 * sqrt((k + 0.5) / count)
            right_m = radius_m * float(np.cos(k * _GOLDEN_RAD))
            up_m = radius_m * float(np.sin(k * _GOLDEN_RAD))
            lens = camera.lens
            cx = lens.cx + lens.fx * right_m / self.distance_m
            cy = lens.cy - lens.fy * up_m / self.distance_m
            result.append(replace(moved(camera, (right_m, up_m, 0.0)), lens=replace(lens, cx=cx, cy=cy)))
        return result


def aperture_m(f_number: float, camera: ViewCamera) -> float:
    """Diameter of the aperture of a full-frame lens with the camera's angle of view."""
    lens = camera.lens
    return FULL_FRAME_MM * lens.fx / hypot(lens.width, lens.height) / f_number / 1000


def check_inside(at_px: tuple[float, float], *, width: int, height: int) -> None:
    """Raises ExportError unless a position lies in the photo of that size, px."""
    x, y = at_px
    if not (0 <= x < width and 0 <= y < height):
        raise ExportError(f"{x:g},{y:g} is outside the photo, which is {width} x {height} px")


def depth_at(subject: Subject, at_px: tuple[float, float]) -> float:
    """Depth of what the start camera shows at a position in the photo, m.

    Raises:
        ExportError: The position is outside the photo, or nothing is there.
    """
    x, y = at_px
    width, height = subject.size
    check_inside(at_px, width=width, height=height)
    depth_m = Renderer(subject.drawn, Look(width, height), subject.start).depth_m(subject.start)[
        int(y), int(x)
    ]
    if not np.isfinite(depth_m):
        raise ExportError(f"nothing is at {x:g},{y:g}; choose a position on a surface")
    return float(depth_m)


def aimed(subject: Subject, depth_m: float) -> Subject:
    """The subject whose start camera has its orbit centre at a depth."""
    start = subject.start
    x, y, z = (np.array(start.eye) - depth_m * start.axes[2]).tolist()
    return replace(subject, start=replace(start, target=(x, y, z)))


def view_count(subject: Subject, look: Look, focus: Focus) -> int:
    """As many views as make smooth discs of the nearest and the farthest depth."""
    depths_m = subject.depths_in_view_m
    ends = [subject.nearest_m, *([float(np.percentile(depths_m, _FARTHEST))] if len(depths_m) else [])]
    focal_px = subject.start.lens.fitted(look.width, look.height).fx
    largest_px = max(focus.disc_px(max(depth_m, 1e-3), focal_px) for depth_m in ends)
    return min(max(ceil(pi / 4 * (largest_px / _SPACING_PX) ** 2), _FEWEST), _MOST)


def refocused(
    subject: Subject, look: Look, camera: ViewCamera, focus: Focus, count: int
) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB: the mean of ``count`` views, in linear light."""
    total = np.zeros((look.height, look.width, 3), np.float32)
    for view in pictures(subject.drawn, look, focus.views(camera, count)):
        total += to_linear(view)
    return from_linear(total / count)
