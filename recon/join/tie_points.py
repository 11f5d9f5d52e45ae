"""Points that several photos of known poses show: features matched along epipolar lines, and triangulated.

Two rays of a point are nearest to each other at its depths (Hartley and Zisserman, Multiple View Geometry, 12.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform
from recon.join.poses import CameraPose
from recon.journal import Journal
from recon.types import Intrinsics, Photo

Floats = NDArray[np.float64]
_LONGEST_PX = 1600
_MOST_FEATURES = 4000
_RATIO = 0.8
"""Of the distances to the best and the second best match (Lowe, IJCV 2004)."""
_OFF_PX = 2.0
"""Greatest distance between a feature and the point, in the reduced picture."""
_LEAST_ANGLE_DEG = 1.0
_LEAST_COS = 0.5
"""Cosine of the angle between the viewing directions of two photos that are compared."""
_NEIGHBOURS = 6
"""Photos that each is compared with: the nearest ones that look the same way."""


@dataclass(frozen=True, eq=False)
class _Features:
    px: Floats
    """(N, 2) in the photo."""
    descriptors: NDArray[np.float32]
    rays: Floats
    """(N, 3) in the world, not of unit length: z of the cam frame is 1."""
    pixel: float
    """Size of a pixel of the reduced picture, px of the photo."""


def with_tie_points(
    poses: Mapping[int, CameraPose],
    photos: Sequence[Photo],
    cameras: Mapping[int, Intrinsics],
    journal: Journal,
) -> dict[int, CameraPose]:
    """The poses with the points that each photo shares with its neighbours.

    Args:
        poses: By the index of the photo.
        photos: All photos.
        cameras: Of each photo with a pose.
        journal: Receives the progress.
    """
    features: dict[int, _Features] = {}
    found: dict[int, list[tuple[Floats, Floats]]] = {index: [] for index in poses}
    pairs = _pairs(poses)
    with journal.stage("Matching the photos", len(poses) + len(pairs)) as progress:
        for done, index in enumerate(poses, start=1):
            features[index] = _features(photos[index], cameras[index], poses[index].world_T_cam)
            progress(done)
        for done, (a, b) in enumerate(pairs, start=len(poses) + 1):
            one, other = _matched(features[a], features[b], poses[a], poses[b], cameras[a], cameras[b])
            found[a].append(one)
            found[b].append(other)
            progress(done)
    return {
        index: replace(
            pose,
            points_px=np.concatenate([np.zeros((0, 2)), *(px for px, _ in found[index])]),
            points_z=np.concatenate([np.zeros(0), *(z for _, z in found[index])]),
        )
        for index, pose in poses.items()
    }


def _pairs(poses: Mapping[int, CameraPose]) -> list[tuple[int, int]]:
    indices = list(poses)
    centres = np.array([pose.world_T_cam[:3, 3] for pose in poses.values()])
    forward = np.array([pose.world_T_cam[:3, 2] for pose in poses.values()])
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    apart[(forward @ forward.T < _LEAST_COS) | (apart == 0)] = np.inf
    chosen = set()
    for row, nearest in enumerate(np.argsort(apart, axis=1)[:, :_NEIGHBOURS]):
        chosen |= {tuple(sorted((row, int(k)))) for k in nearest if np.isfinite(apart[row, k])}
    return sorted((indices[a], indices[b]) for a, b in chosen)


def _features(photo: Photo, camera: Intrinsics, world_T_cam: Transform) -> _Features:
    factor = min(1.0, _LONGEST_PX / max(photo.width, photo.height))
    grey = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    detector: Any = cv2.SIFT_create(_MOST_FEATURES)  # type: ignore[attr-defined]
    keys, descriptors = detector.detectAndCompute(grey, None)
    # OpenCV has the centre of the first pixel at 0.
    px = (np.array([key.pt for key in keys], np.float64).reshape(-1, 2) + 0.5) * (
        photo.width / grey.shape[1],
        photo.height / grey.shape[0],
    )
    rays = np.column_stack(
        [(px[:, 0] - camera.cx) / camera.fx, (px[:, 1] - camera.cy) / camera.fy, np.ones(len(px))]
    )
    known = descriptors if descriptors is not None else np.zeros((0, 128), np.float32)
    return _Features(px, known, rays @ world_T_cam[:3, :3].T, 1 / factor)


def _matched(
    a: _Features,
    b: _Features,
    pose_a: CameraPose,
    pose_b: CameraPose,
    camera_a: Intrinsics,
    camera_b: Intrinsics,
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Positions and depths of the common points, in either photo."""
    rows = _candidates(a.descriptors, b.descriptors)
    ray_a, ray_b = a.rays[rows[:, 0]], b.rays[rows[:, 1]]
    z = _depths(ray_a, ray_b, pose_b.world_T_cam[:3, 3] - pose_a.world_T_cam[:3, 3])
    points_a = pose_a.world_T_cam[:3, 3] + ray_a * z[:, :1]
    points_b = pose_b.world_T_cam[:3, 3] + ray_b * z[:, 1:]
    middle = (points_a + points_b) / 2
    cos = (ray_a * ray_b).sum(axis=1) / np.linalg.norm(ray_a, axis=1) / np.linalg.norm(ray_b, axis=1)
    good = (z > 0).all(axis=1) & (cos < np.cos(np.deg2rad(_LEAST_ANGLE_DEG)))
    for one, pose, camera, px in (
        (a, pose_a, camera_a, a.px[rows[:, 0]]),
        (b, pose_b, camera_b, b.px[rows[:, 1]]),
    ):
        seen = (middle - pose.world_T_cam[:3, 3]) @ pose.world_T_cam[:3, :3]
        with np.errstate(divide="ignore", invalid="ignore"):
            shown = seen[:, :2] / seen[:, 2:] * (camera.fx, camera.fy) + (camera.cx, camera.cy)
        good &= np.nan_to_num(np.linalg.norm(shown - px, axis=1), nan=np.inf) < _OFF_PX * one.pixel
    rows, z = rows[good], z[good]
    return (a.px[rows[:, 0]], z[:, 0]), (b.px[rows[:, 1]], z[:, 1])


def _candidates(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.intp]:
    """(N, 2) rows of mutually best matches that are clearly better than the second best."""
    if len(a) < 2 or len(b) < 2:
        return np.zeros((0, 2), np.intp)
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    back = {match.queryIdx: match.trainIdx for match in matcher.match(b, a)}
    rows = [
        (best.queryIdx, best.trainIdx)
        for best, second in matcher.knnMatch(a, b, k=2)
        if best.distance < _RATIO * second.distance and back.get(best.trainIdx) == best.queryIdx
    ]
    return np.array(rows, np.intp).reshape(-1, 2)


def _depths(ray_a: Floats, ray_b: Floats, a_to_b: Floats) -> Floats:
    """(N, 2) factors of both rays where they are nearest to each other; NaN for parallel ones."""
    aa, bb, ab = (ray_a**2).sum(axis=1), (ray_b**2).sum(axis=1), (ray_a * ray_b).sum(axis=1)
    along_a, along_b = ray_a @ a_to_b, ray_b @ a_to_b
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.stack([bb * along_a - ab * along_b, ab * along_a - aa * along_b]) / (aa * bb - ab**2)
    return np.asarray(both.T)
