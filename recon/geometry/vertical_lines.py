"""Estimates where up is from a photo's straight lines: edges of walls, doors, windows, and posts.

The images of vertical lines meet in one vanishing point, which with the focal length is the direction of gravity,
whatever the depth is. The plane through the camera and such a line contains that direction. Directions around the
camera's up vector are compared by the length of the lines whose planes contain them; the best is refined by
iteratively reweighted least squares (Kosecka and Zhang, "Video Compass", ECCV 2002, without the horizontal ones).
"""

from dataclasses import dataclass
from math import asin, cos, degrees, radians

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.types import Intrinsics

Vectors = NDArray[np.float64]

_LONGEST_PX = 1024
"""Longer side of the picture in which lines are detected."""
_LEAST_LENGTH = 0.03
"""Length of the shortest line, as a fraction of the longer side."""
_MOST_LINES = 1_000
_SPACING_DEG, _WIDTHS_DEG = 1.0, (1.5, 1.0, 1.0, 1.0, 1.0)
"""Spacing of the compared directions; width of the votes, then of the weights in each refinement."""
_TILT_DEG = 25.0
"""Standard deviation of the prior for the camera's tilt."""
_INSIDE_DEG, _AROUND_DEG = 1.5, 20.0
"""Lines within the first angle of the vanishing point agree; those within the second might have."""
_BY_CHANCE, _ENOUGH_SHARE = 2 * _INSIDE_DEG / _AROUND_DEG, 0.45
"""Share of the lines around that agree, where their directions are random (the best of many), and in a building."""
_ENOUGH_LENGTH = 1.0
"""Length of the lines that agree, together, in longer sides."""
_SAME_DEG = 1.0
"""Lines of one direction that are seen within this angle are one."""
_END_PX, _CURVED_DEG = 0.7, 0.4
"""Standard deviations of a line's end, and of an angle because of the lens and the carpenter."""
_SPREAD_DEG = 1.5
"""Standard deviation of the estimate at which its confidence is halved."""
_LOOKS_UP_DEG = 20.0
"""Above it, lines of a table that the camera looks down at are as likely as a facade."""


@dataclass(frozen=True)
class LinesUp:
    """Where the lines say that up is."""

    up_cam: Vectors
    """(3,) unit vector against gravity, cam frame."""
    sigma_deg: float
    """Standard deviation along its most uncertain direction."""
    confidence: float
    """0 to 1."""


def directions(max_tilt_deg: float, spacing_deg: float) -> Vectors:
    """Unit vectors around the camera's up vector, (M, 3), on a Fibonacci spiral."""
    cap = 1 - cos(radians(max_tilt_deg))
    count = round(2 * np.pi * cap / radians(spacing_deg) ** 2)
    k = np.arange(count)
    along_up = 1 - cap * (k + 0.5) / count
    across = np.sqrt(1 - along_up**2)
    angle = k * np.pi * (3 - 5**0.5)
    return np.stack([across * np.cos(angle), -along_up, across * np.sin(angle)], axis=1)


def up_from_lines(rgb: NDArray[np.uint8], intrinsics: Intrinsics, max_tilt_deg: float) -> LinesUp | None:
    """Estimates up from the lines of a photo.

    Args:
        rgb: (H, W, 3) uint8 photo.
        intrinsics: Of the same size.
        max_tilt_deg: The largest angle between up and the camera's up vector.

    Returns:
        None without lines.
    """
    lines = _lines(rgb, intrinsics)
    if lines is None:
        return None
    ups = directions(max_tilt_deg, _SPACING_DEG)
    votes = lines.length @ np.exp(-((lines.off_deg(ups) / _WIDTHS_DEG[0]) ** 2))
    votes *= np.exp(-0.5 * (np.degrees(np.arccos(-ups[:, 1])) / _TILT_DEG) ** 2)
    up = ups[votes.argmax()]
    for width_deg in _WIDTHS_DEG[1:]:
        weight = lines.length * np.exp(-((lines.off_deg(up[None])[:, 0] / width_deg) ** 2))
        found = np.linalg.eigh((lines.normal * weight[:, None]).T @ lines.normal)[1][:, 0]
        up = found if found[1] < 0 else -found
    return _judged(lines, up)


@dataclass(frozen=True)
class _Lines:
    normal: Vectors
    """(N, 3) unit normals of the planes through the camera and each line, the longest line first."""
    middle: Vectors
    """(N, 3) unit vectors to the middle of each line."""
    length: Vectors
    """(N,) as a fraction of the photo's longer side."""
    sigma_deg: Vectors
    """(N,) standard deviation of the angle of each line in the photo."""

    def only(self, chosen: NDArray[np.intp]) -> "_Lines":
        """Some of the lines."""
        each = (self.normal, self.middle, self.length, self.sigma_deg)
        return _Lines(*(values[chosen] for values in each))

    def off_deg(self, ups: Vectors) -> Vectors:
        """(N, M) signed angle in the photo between each line and the direction to each vanishing point."""
        sine = self.normal @ ups.T
        reach = np.sqrt(np.maximum(1 - (self.middle @ ups.T) ** 2, 1e-6))
        return np.asarray(np.degrees(np.arcsin(np.clip(sine / reach, -1, 1))))


def _lines(rgb: NDArray[np.uint8], intrinsics: Intrinsics) -> _Lines | None:
    """The longest lines of a photo; None if there is none."""
    height, width = rgb.shape[:2]
    shrink = min(1.0, _LONGEST_PX / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    if found is None:
        return None
    # The detector puts the centre of the first pixel at 0.
    ends = found.reshape(-1, 2, 2).astype(np.float64) + 0.5
    length_px = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    longest = np.argsort(-length_px, kind="stable")[:_MOST_LINES]
    longest = longest[length_px[longest] >= _LEAST_LENGTH * max(size)]
    if not len(longest):
        return None
    ends, length_px = ends[longest], length_px[longest]
    camera = intrinsics.resized(width=size[0], height=size[1])
    x, y = (ends[..., 0] - camera.cx) / camera.fx, (ends[..., 1] - camera.cy) / camera.fy
    rays = np.stack([x, y, np.ones_like(x)], axis=-1)
    normal, middle = np.cross(rays[:, 0], rays[:, 1]), rays.mean(axis=1)
    return _Lines(
        normal / np.linalg.norm(normal, axis=1, keepdims=True),
        middle / np.linalg.norm(middle, axis=1, keepdims=True),
        length_px / max(size),
        np.hypot(np.degrees(_END_PX * 2**0.5 / length_px), _CURVED_DEG),
    )


def _judged(lines: _Lines, up: Vectors) -> LinesUp:
    lines = lines.only(_distinct(lines, up))
    off_deg = np.abs(lines.off_deg(up[None])[:, 0])
    inside = off_deg < _INSIDE_DEG
    # Any two lines agree somewhere: they say nothing.
    length = np.sort(lines.length[inside])[:-2].sum()
    around = length + lines.length[(off_deg < _AROUND_DEG) & ~inside].sum()
    share = (length / max(around, 1e-9) - _BY_CHANCE) / (_ENOUGH_SHARE - _BY_CHANCE)
    normal = lines.normal[inside] / np.radians(lines.sigma_deg[inside])[:, None]
    known = np.linalg.eigvalsh(normal.T @ normal)[1]
    sigma_deg = min(90.0, degrees(1 / max(known, 1e-9) ** 0.5))
    confidence = (
        np.clip(share, 0, 1) * min(1.0, length / _ENOUGH_LENGTH) / (1 + (sigma_deg / _SPREAD_DEG) ** 2)
    )
    looks_up_deg = degrees(asin(up[2]))
    return LinesUp(up, sigma_deg, float(confidence) * (0.5 if looks_up_deg > _LOOKS_UP_DEG else 1.0))


def _distinct(lines: _Lines, up: Vectors) -> NDArray[np.intp]:
    """The longest of the lines at each place: both sides of a post, and the parts of a broken line, are one."""
    east = np.cross(up, [0.0, 0.0, 1.0])
    east /= np.linalg.norm(east)
    along = np.stack([lines.normal @ east, lines.normal @ np.cross(up, east)])
    side = np.where(along[0] < 0, -1, 1)
    place = np.degrees(np.arctan(along[1] * side / np.maximum(along[0] * side, 1e-9)))
    signed_deg = lines.off_deg(up[None])[:, 0] * side
    cells = np.stack([np.floor(place / _SAME_DEG), np.rint(signed_deg / (2 * _INSIDE_DEG))], axis=1)
    # The lines come in the order of their lengths.
    return np.unique(cells, axis=0, return_index=True)[1]
