"""Where the photo is taken from: several candidates as a person would hold a camera, the best one kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tools.preview.raycast import Raycaster
from tools.preview.scene import Camera, Geometry, Rng, Scene

CANDIDATES = 8
_DOWN_SHARE = {"yard": 0.25, "park": 0.12, "plaza": 0.12}
_COLUMNS = 12  # of the coarse grid of rays that rates a candidate
# how often a photo is of some thing rather than of the place
_TARGET_SHARE = {"corridor": 0.1, "street": 0.1, "yard": 0.5, "plaza": 0.45}


def pinhole_rays(camera: Camera, width: int, height: int) -> NDArray[np.float32]:
    """Return rays (height * width, 6) through the pixel centres, in the world, with t equal to z-depth (m)."""
    u = (np.arange(width) + 0.5) / width - 0.5
    v = (np.arange(height) + 0.5 - 0.5 * height) / width
    x, y = np.meshgrid(u / camera.focal_over_width, v / camera.focal_over_width)
    direction = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1) @ camera.world_T_cam[:3, :3].T
    origin = np.broadcast_to(camera.world_T_cam[:3, 3], direction.shape)
    return np.concatenate([origin, direction], 1).astype(np.float32)


def camera_at(position: NDArray, yaw: float, pitch: float, roll: float, focal_over_width: float) -> Camera:
    """Return a camera at `position` (world, m) that looks along yaw (from +z towards +x), pitch (up) and roll."""
    forward = np.array([np.cos(pitch) * np.sin(yaw), np.sin(pitch), np.cos(pitch) * np.cos(yaw)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    down = np.cross(right, forward)
    c, s = np.cos(roll), np.sin(roll)
    matrix = np.eye(4)
    matrix[:3, 0] = c * right + s * down
    matrix[:3, 1] = -s * right + c * down
    matrix[:3, 2] = forward
    matrix[:3, 3] = position
    return Camera(matrix, focal_over_width)


def draw_focal(rng: Rng, width: int, height: int) -> float:
    """Return f / W: a long side seen under 30 to 95 degrees, mostly about 62."""
    u = rng.random()
    if u < 0.75:
        degrees = rng.normal(62, 7)
    elif u < 0.9:
        degrees = rng.uniform(30, 60)
    else:
        degrees = rng.uniform(60, 95)
    focal_over_long = 0.5 / np.tan(np.deg2rad(np.clip(degrees, 30, 95)) / 2)
    return float(focal_over_long * max(width, height) / width)


def place_camera(
    scene: Scene, geometry: Geometry, caster: Raycaster, rng: Rng, width: int, height: int
) -> Camera:
    """Return the candidate that sees most: some depth, several things, nothing right before the lens."""
    focal = draw_focal(rng, width, height)
    if scene.shot.zoom > 1:
        focal *= float(np.exp(rng.uniform(0, np.log(scene.shot.zoom))))
    if scene.kind == "street" and width > 2.2 * height:  # a car's wide strip
        focal = float(rng.uniform(0.5, 0.75))
    best, best_score = None, -np.inf
    for _ in range(CANDIDATES):
        camera = _candidate(scene, rng, focal)
        score = _score(scene, geometry, caster, camera, width, height)
        if score > best_score:
            best, best_score = camera, score
    if best is None:
        raise ValueError(f"no camera candidate scored a number in scene {scene.kind} {scene.seed}")
    return best


def _candidate(scene: Scene, rng: Rng, focal: float) -> Camera:
    shot = scene.shot
    x0, x1, z0, z1 = scene.stand[int(rng.integers(len(scene.stand)))]
    at = np.array([rng.uniform(x0, x1), _eye_height(scene, rng), rng.uniform(z0, z1)])
    pitch = np.deg2rad(rng.normal(-7, 9) if scene.indoor else rng.normal(-3, 5))
    if shot.pitch_deg is not None:
        pitch = np.deg2rad(rng.normal(*shot.pitch_deg))
    elif rng.random() < (0.2 if scene.indoor else _DOWN_SHARE.get(scene.kind, 0.05)):
        pitch = np.deg2rad(rng.normal(-24, 8))  # down at what stands on the floor
    roll = np.deg2rad(rng.normal(0, 2.2 if rng.random() < 0.93 else 9))
    if scene.heading is not None and rng.random() < 0.85:
        yaw = scene.heading + rng.normal(0, 0.2)
    else:
        toward = np.array([rng.uniform(x0, x1), 0, rng.uniform(z0, z1)]) - at
        yaw = np.arctan2(toward[0], toward[2]) + rng.normal(0, 0.25)
    close = scene.kind == "desk"
    share = _TARGET_SHARE.get(scene.kind, 0.35) if shot.target_share is None else shot.target_share
    if scene.targets and (close or rng.random() < share):
        target = scene.targets[int(rng.integers(len(scene.targets)))]
        fixed = shot.target_m is not None
        at = _before(target, scene, rng) if fixed else _near(target, at, rng, close=close)
        if scene.indoor:
            at[0], at[2] = np.clip(at[0], x0, x1), np.clip(at[2], z0, z1)
        d = np.array(target[:3]) - at
        yaw = np.arctan2(d[0], d[2]) + rng.normal(0, shot.offset)
        pitch = np.arctan2(d[1], np.hypot(d[0], d[2])) + rng.normal(0, 0.8 * shot.offset)
    return camera_at(at, float(yaw), float(np.clip(pitch, -1.5, 0.9)), float(roll), focal)


def _near(target: tuple[float, float, float, float], at: NDArray, rng: Rng, *, close: bool) -> NDArray:
    """Return a place some steps away from a target, at the height of `at`, or above it (close)."""
    x, y, z, radius = target
    far = rng.uniform(0.6, 1.8) if close else radius * rng.uniform(1.3, 4.0) + 0.3
    turn = rng.uniform(0, 2 * np.pi)
    lift = max(0.0, y - at[1]) + rng.uniform(0.25, 0.9) if close else 0.0
    return np.array([x - far * np.sin(turn), y + lift if close else at[1], z - far * np.cos(turn)])


def _before(target: tuple[float, float, float, float], scene: Scene, rng: Rng) -> NDArray:
    """Return a place from which the scene's own kind of photo of a target is taken."""
    x, y, z, _ = target
    shot = scene.shot
    near, far = shot.target_m or (1.0, 2.0)
    reach = float(np.exp(rng.uniform(np.log(near), np.log(far))))
    turn = shot.front + rng.uniform(-shot.around, shot.around)
    if shot.above_deg is not None:
        above = np.deg2rad(rng.uniform(*shot.above_deg))
        rise, flat = reach * np.sin(above), reach * np.cos(above)
    else:
        rise, flat = _eye_height(scene, rng) - y, reach
    return np.array([x - flat * np.sin(turn), max(y + rise, 0.05), z - flat * np.cos(turn)])


def _eye_height(scene: Scene, rng: Rng) -> float:
    if scene.shot.eye_m is not None:
        return float(rng.uniform(*scene.shot.eye_m))
    if scene.kind == "street" and rng.random() < 0.5:
        return float(rng.uniform(1.2, 2.0))  # from a car
    if rng.random() < 0.12:
        return float(rng.uniform(0.4, 1.1))
    return float(np.clip(rng.normal(1.5, 0.17), 0.9, 2.1))


def _score(
    scene: Scene, geometry: Geometry, caster: Raycaster, camera: Camera, width: int, height: int
) -> float:
    """Rate a view: spread and middle of log depth, number of things, against near obstacles and bare sky."""
    hits = caster.cast(pinhole_rays(camera, _COLUMNS, max(4, round(_COLUMNS * height / width))))
    seen = np.isfinite(hits.t)
    if seen.mean() < 0.25:
        return -10.0 + float(seen.mean())
    z = hits.t[seen]
    log_z = np.log(np.maximum(z, 1e-3))
    things = len(np.unique(geometry.triangle_instance[hits.triangle[seen]]))
    desk, shot = scene.kind == "desk", scene.shot
    nearest = 0.35 if desk else (0.7 if scene.indoor else 1.2)
    middle = 0.0 if desk else (1.0 if scene.indoor else 2.5)
    nearest = nearest if shot.near_m is None else shot.near_m
    middle = middle if shot.middle_m is None else shot.middle_m
    close = float((z < nearest).mean())
    low = float(np.log(middle)) - float(np.median(log_z)) if middle > 0 else 0.0
    return 0.8 * min(float(log_z.std()), 1.0) + 0.035 * min(things, 25) - 6 * close - 0.8 * max(0.0, low)
