"""Photos of a walk around the middle of a generated room, with their true depth, intrinsics and poses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, gl_T_cam
from recon.join.posed_view import PosedView
from recon.types import Intrinsics, MetricDepth, Photo
from tools.sequences.room import Room, furnished_room

_FOV_DEG = 68.0
_RADIUS_M = 2.1
_FINER = 2
"""Samples along each side of a pixel's colour; depth is that of the pixel's centre."""


@dataclass(frozen=True)
class Walk:
    """The photos, in order, with their true depth and poses in the world of the room."""

    views: tuple[PosedView, ...]
    room: Room


def walk(count: int, *, seed: int = 0, width: int = 320, height: int = 240, step_deg: float = 6.0) -> Walk:
    """Takes photos on an arc around the middle of a room, each looking across the middle to the wall behind it.

    Args:
        count: Number of photos.
        seed: Of the room, its textures and the photographer's hand; the same seed gives the same photos.
        width: Of each photo, px.
        height: Of each photo, px.
        step_deg: Part of the arc between two photos; 6 degrees are 0.22 m.
    """
    room = furnished_room(seed)
    camera = Intrinsics.from_fov(_FOV_DEG, width=width, height=height, source="user")
    hand = np.random.default_rng([seed, 1])
    views = tuple(
        _view(room, camera, _place(np.radians(step_deg) * k, hand), name=f"walk_{k:03d}.png")
        for k in range(count)
    )
    return Walk(views, room)


def _place(angle_rad: float, hand: np.random.Generator) -> Transform:
    """A camera on the arc, held about level at 1.5 m and pointed about at the middle of the room."""
    radius, height = _RADIUS_M + hand.uniform(-0.15, 0.15), 1.5 + hand.uniform(-0.08, 0.08)
    eye = np.array([radius * np.sin(angle_rad), height, radius * np.cos(angle_rad)])
    target = np.array([*hand.uniform(-0.2, 0.2, 2), 0.0])[[0, 2, 1]] + [0, 0.9, 0]
    back = eye - target
    back /= np.linalg.norm(back)
    right = np.cross([0.0, 1.0, 0.0], back)
    right /= np.linalg.norm(right)
    roll = np.radians(hand.normal(0, 1.5))
    up = np.cross(back, right)
    right, up = np.cos(roll) * right + np.sin(roll) * up, np.cos(roll) * up - np.sin(roll) * right
    world_T_gl = np.eye(4)
    world_T_gl[:3] = np.stack([right, up, back, eye], axis=1)
    return world_T_gl @ gl_T_cam


def _view(room: Room, camera: Intrinsics, world_T_cam: Transform, *, name: str) -> PosedView:
    z_m, _ = _cast(room, camera, world_T_cam)
    finer = camera.resized(width=_FINER * camera.width, height=_FINER * camera.height)
    _, fine = _cast(room, finer, world_T_cam)
    tiles = fine.reshape(camera.height, _FINER, camera.width, _FINER, 3).astype(np.float32)
    rgb = np.rint(tiles.mean(axis=(1, 3))).astype(np.uint8)
    depth = MetricDepth(z_m.astype(np.float32), np.ones(z_m.shape, np.bool_))
    return PosedView(Photo(rgb, path=name), camera, world_T_cam, depth)


def _cast(
    room: Room, camera: Intrinsics, world_T_cam: Transform
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """(H, W) z-depth, m, and (H, W, 3) colours at the pixel centres."""
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    rays = np.stack(
        [(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], axis=-1
    ).reshape(-1, 3)
    # The rays have z = 1, so that distances along them are z-depths.
    t, rgb = room.cast(world_T_cam[:3, 3], rays @ world_T_cam[:3, :3].T)
    return t.reshape(u.shape), rgb.reshape(*u.shape, 3)
