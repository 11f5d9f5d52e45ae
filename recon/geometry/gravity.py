"""Estimates gravity and the height of the camera from the floor and walls of the scene, and from lines of the photo.

Gravity is normal to horizontal surfaces (floor, tables, ceiling) and parallel to vertical ones (walls, cupboards,
doors), as in the Manhattan-world assumption (Coughlan and Yuille, ICCV 1999), but walls need not be at right angles.
Small plane fits vote for directions on a grid around the camera's up vector; the best direction is refined by
iteratively reweighted fits. Horizontal and vertical surfaces have equal weight. The photo's vertical lines
(``vertical_lines``) are independent of depth, whose errors bend walls and floors: the two are combined. Normals that
the estimator predicts take the place of those of the depth, which then tells the height of the camera alone.

The level frame: x right, y up against gravity, -z the horizontal component of the viewing direction; metres; the
floor is at y = 0 and the camera at (0, h, 0). If no floor is visible, the camera is at the origin.
"""

from dataclasses import dataclass, replace
from math import acos, asin, atan2, cos, degrees, exp, hypot, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, gl_T_cam
from recon.geometry.plane_patches import Patches, patches_of
from recon.geometry.vertical_lines import LinesUp, directions, up_from_lines
from recon.types import BoolMap, Intrinsics, MetricDepth

MIN_CONFIDENCE = 0.3
"""With less confidence, a scene is not levelled."""

SURE_CONFIDENCE = 0.6
"""Above it meshes are levelled by default."""

_MAX_TILT_DEG = 45.0
# Standard deviation of the prior for the camera's tilt.
_TILT_DEG = 25.0
# Angular width of the votes, then of the weights in each refinement.
_WIDTHS_DEG = (6.0, 3.0, 3.0)
_VOTERS = 4_000
_AT_ONCE = 500
_SUPPORT_DEG = 6.0
# Walls determine gravity if they face two directions: smallest share of the weaker one.
_SECOND_WALL = 0.08
_LEAST_FLOOR = 0.015
_ENOUGH_SUPPORT = 0.3
# Bin width of the logarithm of the height below the camera: 2 %.
_HEIGHT_BIN = 0.02
_AGREE_DEG = 3.0
_ALONE = 0.8
_TOGETHER_DEG, _APART_DEG = 5.0, 15.0
"""Within the first angle, lines and surfaces confirm each other; beyond the second, one of them is wrong; in between,
the depth is bent."""
_UNKNOWN_DEG, _LEAST_DEG = 3.0, 0.5
"""Standard deviation of the estimate from surfaces: where floor and walls do not tell, and the least."""
_TELLING = 0.3
"""Confidence from which lines tell that the depth is bent."""


@dataclass(frozen=True)
class Levelling:
    """The estimate of gravity in a scene, and its confidence."""

    up_cam: tuple[float, float, float]
    """Unit vector against gravity, cam frame."""
    camera_height_m: float | None
    """Height of the camera above the lowest visible horizontal surface; None if there is none."""
    confidence: float
    """0 to 1. That of surfaces is the product of support (share of the flat patches that are horizontal or vertical,
    over 0.3, at most 1) and agreement (1 / (1 + (angle between the estimates from floor and walls / 3 degrees)^2);
    0.8 if only one of them is available). Lines that agree raise it; lines that do not may take its place."""
    floor_share: float
    """Share of the valid pixels, by weight of their patches, on horizontal surfaces facing up."""
    wall_share: float
    """The same for vertical surfaces."""
    disagreement_deg: float | None
    """Angle between the floor's normal and the closest direction parallel to all walls; None if only one of the two
    is visible."""

    @property
    def trusted(self) -> bool:
        """Whether the confidence is high enough to level the scene."""
        return self.confidence >= MIN_CONFIDENCE

    @property
    def sure(self) -> bool:
        """Whether a scene is levelled by it that was not asked to be."""
        return self.confidence >= SURE_CONFIDENCE

    @property
    def turn_deg(self) -> float:
        """By how much levelling turns the scene."""
        return degrees(acos(max(-1.0, min(1.0, -self.up_cam[1]))))

    @property
    def pitch_deg(self) -> float:
        """Upward angle of the viewing direction; negative if the camera looks down."""
        return degrees(asin(max(-1.0, min(1.0, self.up_cam[2]))))

    @property
    def roll_deg(self) -> float:
        """Clockwise rotation of the camera, as seen by the photographer."""
        return degrees(atan2(-self.up_cam[0], -self.up_cam[1]))

    @property
    def level_T_gl(self) -> Transform:
        """(4, 4) from the gl frame to the level frame; the identity if the levelling is not trusted."""
        if not self.trusted:
            return np.eye(4)
        up = np.array(self.up_cam)
        forward = np.array([0.0, 0.0, 1.0]) - up[2] * up
        forward /= np.linalg.norm(forward)
        level_T_cam = np.eye(4)
        level_T_cam[:3, :3] = np.stack([np.cross(forward, up), up, -forward])
        level_T_cam[1, 3] = self.camera_height_m or 0.0
        # gl_T_cam is its own inverse.
        return level_T_cam @ gl_T_cam

    def as_provenance(self) -> dict[str, Any]:
        """The entry in a file's provenance; plain JSON values."""
        return {
            "applied": self.trusted,
            "pitch_deg": round(self.pitch_deg, 3),
            "roll_deg": round(self.roll_deg, 3),
            "camera_height_m": None if self.camera_height_m is None else round(self.camera_height_m, 4),
            "confidence": round(self.confidence, 3),
            "floor_share": round(self.floor_share, 3),
            "wall_share": round(self.wall_share, 3),
        }


def estimate_levelling(
    depth: MetricDepth, usable: BoolMap, intrinsics: Intrinsics, rgb: NDArray[np.uint8] | None = None
) -> Levelling:
    """Estimates gravity and the camera's height.

    Args:
        depth: (H, W), with or without normals.
        usable: (H, W) bool, the pixels to use (valid and not sky).
        intrinsics: Of the same image.
        rgb: (H, W, 3) uint8 photo, whose vertical lines are used too; None: depth alone.

    Returns:
        The best estimate with its confidence; without evidence, confidence 0 and the camera's up vector.
    """
    patches = patches_of(depth, usable, intrinsics)
    if len(patches) < 50:
        return _unknown()
    up = _refined(patches, _voted(patches))
    floor = _floor(patches, up)
    if floor is not None:
        up = _combined(patches, up, floor)
    found = _judged(patches, up, floor)
    lines = None if rgb is None else up_from_lines(rgb, intrinsics, _MAX_TILT_DEG)
    return found if lines is None else _with_lines(patches, found, lines)


def _with_lines(patches: Patches, found: Levelling, lines: LinesUp) -> Levelling:
    """Gravity from surfaces and lines together."""
    apart_deg = degrees(acos(max(-1.0, min(1.0, float(lines.up_cam @ found.up_cam)))))
    surfaces, up = found.confidence, lines.up_cam
    if apart_deg < _TOGETHER_DEG:
        confidence = 1 - (1 - surfaces) * (1 - lines.confidence)
        disagreement_deg = found.disagreement_deg
        sigma_deg = hypot(_LEAST_DEG, _UNKNOWN_DEG if disagreement_deg is None else disagreement_deg)
        share = sigma_deg**2 / (sigma_deg**2 + lines.sigma_deg**2)
        up = share * up + (1 - share) * np.array(found.up_cam)
        up /= np.linalg.norm(up)
    elif apart_deg < _APART_DEG and lines.confidence >= _TELLING:
        confidence = lines.confidence
    elif lines.confidence > surfaces:
        confidence = lines.confidence * (1 - surfaces)
    else:
        return replace(found, confidence=surfaces * (1 - lines.confidence))
    return replace(_judged(patches, up, _floor(patches, up)), confidence=confidence)


def _unknown() -> Levelling:
    return Levelling((0.0, -1.0, 0.0), None, 0.0, 0.0, 0.0, None)


def _voted(patches: Patches) -> NDArray[np.float64]:
    """The direction with the most votes, (3,)."""
    some = slice(None, None, max(1, len(patches) // _VOTERS))
    inward, weight = patches.inward[some], patches.weight[some]
    ups = directions(_MAX_TILT_DEG, _WIDTHS_DEG[0] / 3)
    votes = np.zeros(len(ups))
    # All voters together would need several arrays of 50 MB.
    for at in range(0, len(inward), _AT_ONCE):
        level, upright = _likeness(inward[at : at + _AT_ONCE] @ ups.T, _WIDTHS_DEG[0])
        votes += weight[at : at + _AT_ONCE] @ (level + upright)
    votes *= np.exp(-0.5 * (np.degrees(np.arccos(-ups[:, 1])) / _TILT_DEG) ** 2)
    return np.asarray(ups[votes.argmax()])


def _refined(patches: Patches, up: NDArray[np.float64]) -> NDArray[np.float64]:
    """Iteratively reweighted fit: maximises the sum of (normal . up)^2 over horizontal minus that over vertical
    patches."""
    for width_deg in _WIDTHS_DEG:
        level, upright = _likeness(patches.inward @ up, width_deg)
        level, upright = patches.weight * level, patches.weight * upright
        up = _principal(_scatter(patches.inward, level) - _scatter(patches.inward, upright), up)
    return up


def _likeness(
    cosine: NDArray[np.float64], width_deg: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Degree, 0 to 1, to which surfaces are horizontal and vertical, from the cosine of normal and up."""
    width = radians(width_deg)
    return np.exp(-2 * (1 - np.abs(cosine)) / width**2), np.exp(-((cosine / sin(width)) ** 2))


def _scatter(normals: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((normals * weight[:, None]).T @ normals)


def _principal(matrix: NDArray[np.float64], like: NDArray[np.float64]) -> NDArray[np.float64]:
    """Eigenvector of the largest eigenvalue, on the side of ``like``."""
    vector = np.linalg.eigh(matrix)[1][:, -1]
    return np.asarray(vector if vector @ like > 0 else -vector)


@dataclass(frozen=True)
class _Floor:
    up: NDArray[np.float64]
    """(3,) unit normal towards the camera."""
    distance_m: float
    """Distance from the camera to the plane."""
    weight: float
    """Sum of the weights of its patches."""


def _floor(patches: Patches, up: NDArray[np.float64]) -> _Floor | None:
    """The lowest horizontal surface facing up that is large enough, fitted as a single plane."""
    below_m = -(patches.centre @ up)
    faces_up = (patches.inward @ up < -cos(radians(10.0))) & (below_m > 0)
    total = patches.weight.sum()
    if patches.weight[faces_up].sum() < _LEAST_FLOOR * total:
        return None
    height_m = _lowest(below_m[faces_up], patches.weight[faces_up], _LEAST_FLOOR * total)
    if height_m is None:
        return None
    inverse = 1 / patches.centre[:, 2]
    ray = patches.centre * inverse[:, None]
    q = -up / height_m
    for width in (0.06, 0.04, 0.03, 0.03, 0.03):
        # The relative residual in inverse depth equals that in height: far and near pixels have equal weight.
        residual = (ray @ q) / inverse - 1
        weight = np.where(faces_up, patches.weight, 0) * np.exp(-((residual / width) ** 2))
        scaled = ray / inverse[:, None]
        normal_matrix = _scatter(scaled, weight)
        if weight.sum() < 0.5 * _LEAST_FLOOR * total or np.linalg.cond(normal_matrix) > 1e10:
            return None
        q = np.linalg.solve(normal_matrix, (scaled * weight[:, None]).sum(axis=0))
    distance_m = 1 / float(np.linalg.norm(q))
    floor_up = -q * distance_m
    if patches.predicted:
        floor_up = -weight @ patches.inward
        floor_up /= np.linalg.norm(floor_up)
        distance_m = float(-weight @ (patches.centre @ floor_up) / weight.sum())
    return _Floor(up=floor_up, distance_m=distance_m, weight=float(weight.sum()))


def _lowest(below_m: NDArray[np.float64], weight: NDArray[np.float64], least: float) -> float | None:
    """Distance below the camera of the lowest peak of the distribution that is large enough for a floor, m."""
    lowest = float(np.log(below_m.min()))
    bins = np.rint((np.log(below_m) - lowest) / _HEIGHT_BIN).astype(np.intp)
    # Surfaces within about 4 % of each other count as one.
    reach = 4
    kernel = np.exp(-((np.arange(-reach, reach + 1) / 2.0) ** 2))
    mass = np.convolve(np.bincount(bins, weight), kernel)
    padded = np.pad(mass, 1)
    peak = (mass >= padded[:-2]) & (mass > padded[2:]) & (mass >= max(least, 0.15 * mass.max()))
    peaks = np.flatnonzero(peak)
    return float(np.exp(lowest + _HEIGHT_BIN * (peaks[-1] - reach))) if len(peaks) else None


def _combined(patches: Patches, up: NDArray[np.float64], floor: _Floor) -> NDArray[np.float64]:
    """Gravity from the floor's plane and the walls' normals together."""
    _, upright = _likeness(patches.inward @ floor.up, _WIDTHS_DEG[-1])
    plane = floor.weight * np.outer(floor.up, floor.up)
    return _principal(plane - _scatter(patches.inward, patches.weight * upright), up)


def _judged(patches: Patches, up: NDArray[np.float64], floor: _Floor | None) -> Levelling:
    cosine = patches.inward @ up
    total = patches.weight.sum()
    level = cosine < -cos(radians(_SUPPORT_DEG))
    upright = np.abs(cosine) < sin(radians(_SUPPORT_DEG))
    ceiling = cosine > cos(radians(_SUPPORT_DEG))
    floor_share = float(patches.weight[level].sum() / total)
    wall_share = float(patches.weight[upright].sum() / total)
    ceiling_share = float(patches.weight[ceiling].sum() / total)
    # Fraction of randomly oriented normals that are within the tolerance of horizontal.
    by_chance = sin(radians(_SUPPORT_DEG)) * (1 - floor_share - ceiling_share)
    walls = wall_share if wall_share > by_chance else 0.0
    scatter = _scatter(patches.inward, np.where(upright, patches.weight, 0)) / max(wall_share * total, 1e-12)
    disagreement_deg = None
    if floor is not None and walls:
        in_walls = np.linalg.solve(scatter + 0.02 * np.eye(3), floor.up)
        in_walls /= np.linalg.norm(in_walls)
        disagreement_deg = degrees(float(np.arccos(np.clip(in_walls @ floor.up, -1, 1))))
        agreement = 1 / (1 + (disagreement_deg / _AGREE_DEG) ** 2)
    elif floor is not None:
        agreement = _ALONE
    else:
        # Walls that all face the same direction do not determine the roll.
        agreement = _ALONE if walls and np.linalg.eigvalsh(scatter)[1] > _SECOND_WALL else 0.0
    support = max(0.0, (floor_share + ceiling_share + wall_share - by_chance) / _ENOUGH_SUPPORT)
    tilt_deg = degrees(float(np.arccos(np.clip(-up[1], -1, 1))))
    inside = 1.0 if tilt_deg <= _MAX_TILT_DEG else exp(-(tilt_deg - _MAX_TILT_DEG))
    height_m = None if floor is None else 1 / float(floor.up @ up) * floor.distance_m
    return Levelling(
        up_cam=(float(up[0]), float(up[1]), float(up[2])),
        camera_height_m=height_m,
        confidence=min(1.0, support) * agreement * inside,
        floor_share=floor_share,
        wall_share=wall_share,
        disagreement_deg=disagreement_deg,
    )
