"""Stereo pictures: two parallel cameras, one eye distance apart, and ways to put their pictures into one.

The parallax of a point at depth z is ``x_right - x_left = f * ipd * (1 / convergence - 1 / z)`` px: both pictures are
shifted so that it is 0 at the convergence distance, which appears in the plane of the screen; what is farther appears
behind it. The cameras are not turned towards each other, which would shift points up and down as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recon.errors import ExportError
from recon.file_info.colours import from_linear, to_linear
from recon.render.camera_paths import moved
from recon.render.subject import Subject
from recon.render.view_camera import ViewCamera

Picture = NDArray[np.uint8]
Layout = Literal["sbs", "tb", "anaglyph", "cross"]
IPD_M = 0.063
"""Mean distance of the eyes of adults, m (Dodgson, Variation and extrema of human interpupillary distance, 2004)."""
COMFORTABLE = 1 / 30
"""Parallax relative to the width that stereographers rarely exceed."""
_ENDS = 2.0, 98.0
"""Percentiles of depth that count as the nearest and the farthest."""
_MOST_CROPPED = 1 / 8

_FROM_LEFT = ((0.4561, 0.500484, 0.176381), (-0.0400822, -0.0378246, -0.0157589),
              (-0.0152161, -0.0205971, -0.00546856))  # fmt: skip
_FROM_RIGHT = ((-0.0434706, -0.0879388, -0.00155529), (0.378476, 0.73364, -0.0184503),
               (-0.0721527, -0.112961, 1.2264))  # fmt: skip
"""Red and cyan glasses, linear light: Dubois, "A projection method to generate anaglyph stereo images", 2001."""


@dataclass(frozen=True)
class Stereo:
    """Two eyes, and how their pictures are put together."""

    layout: Layout
    """``sbs``: left and right side by side. ``tb``: left above right. ``cross``: right and left, to look at with
    crossed eyes. ``anaglyph``: for red and cyan glasses."""
    ipd_m: float
    """Distance of the eyes."""
    convergence_m: float
    """Depth without parallax; infinite: parallel."""
    range_m: tuple[float, float]
    """Nearest and farthest depth in view, without outliers."""

    def parallax_px(self, depth_m: float, focal_px: float) -> float:
        """``x_right - x_left`` of a point at that depth, px; positive behind the screen."""
        return focal_px * self.ipd_m * (1 / self.convergence_m - 1 / depth_m)

    def eyes(self, camera: ViewCamera) -> tuple[ViewCamera, ViewCamera]:
        """The cameras of the left and the right eye of a viewer at ``camera``."""
        left, right = (self._eye(camera, side * self.ipd_m / 2) for side in (-1, 1))
        return left, right

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the combined picture, px, from that of one eye."""
        return {"anaglyph": (width, height), "tb": (width, 2 * height)}.get(self.layout, (2 * width, height))

    def _eye(self, camera: ViewCamera, right_m: float) -> ViewCamera:
        lens = camera.lens
        shifted = replace(lens, cx=lens.cx + lens.fx * right_m / self.convergence_m)
        return replace(moved(camera, (right_m, 0.0, 0.0)), lens=shifted)

    def cropped(self, subject: Subject) -> Subject:
        """The subject without the columns at both borders that only one eye sees."""
        lens, (width, height) = subject.start.lens, subject.size
        parallaxes = [abs(self.parallax_px(depth_m, lens.fx)) for depth_m in self.range_m]
        border = min(ceil(max(parallaxes) / 2), int(_MOST_CROPPED * width))
        narrower = replace(lens, width=lens.width - 2 * border, cx=lens.cx - border)
        return replace(
            subject, start=replace(subject.start, lens=narrower), size=(width - 2 * border, height)
        )


def stereo_for(
    subject: Subject, layout: Layout, ipd_m: float = IPD_M, convergence_m: float | None = None
) -> Stereo:
    """Two eyes for a subject.

    Args:
        subject: What is shown, and the camera between the eyes.
        layout: How the pictures are put together.
        ipd_m: Distance of the eyes, m.
        convergence_m: Depth without parallax, m; infinite: parallel. None: the nearest in view, so that the scene
            lies behind the screen.

    Raises:
        ExportError: Nothing is in view.
    """
    depths_m = subject.depths_in_view_m
    if not len(depths_m):
        raise ExportError("nothing is in view of the camera, so there is no distance for a stereo picture")
    near_m, far_m = np.percentile(depths_m, _ENDS).tolist()
    return Stereo(layout, ipd_m, near_m if convergence_m is None else convergence_m, (near_m, far_m))


def combined(pairs: Iterator[Picture], layout: Layout) -> Iterator[Picture]:
    """Puts pictures of the left and the right eye, which alternate, into one each: (H, W, 3) uint8 sRGB."""
    for left in pairs:
        right = next(pairs)
        if layout == "anaglyph":
            yield anaglyph(left, right)
        else:
            ordered = (right, left) if layout == "cross" else (left, right)
            yield np.concatenate(ordered, axis=0 if layout == "tb" else 1)


def anaglyph(left: Picture, right: Picture) -> Picture:
    """One picture for red (left eye) and cyan glasses: (H, W, 3) uint8 sRGB."""
    seen = to_linear(left) @ np.array(_FROM_LEFT, np.float32).T
    seen += to_linear(right) @ np.array(_FROM_RIGHT, np.float32).T
    return from_linear(seen)
