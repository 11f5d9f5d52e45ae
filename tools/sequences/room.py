"""A room of textured boxes: rays to first hits, and distances of points to the true surfaces.

World frame: x right, y up, z backward (right-handed), m; the floor is at y = 0.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TEXEL_M = 0.005
_SHEET_PX = 4096
_SHAPES = 40_000
_SIDE_LIGHT = np.array([0.80, 1.0, 0.90])
"""Brightness of faces whose normal is along x, y and z, the same from everywhere."""


@dataclass(frozen=True)
class Box:
    """A box that may be turned about the vertical; the room itself is one, seen from inside."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]
    yaw_rad: float
    sheet_px: tuple[tuple[int, int], ...]
    """Top-left texel (x, y) of the six faces (-x, +x, -y, +y, -z, +z) on the texture sheet."""

    @property
    def box_R_world(self) -> Floats:
        """(3, 3) rotation."""
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])

    def local(self, points: Floats) -> Floats:
        """(N, 3) points in the frame of the box, m."""
        return (points - self.centre) @ self.box_R_world.T

    def distance_m(self, points: Floats) -> Floats:
        """(N,) unsigned distance to the surface."""
        outside = np.abs(self.local(points)) - self.half
        return np.abs(np.linalg.norm(np.maximum(outside, 0), axis=1) + np.minimum(outside.max(axis=1), 0))


@dataclass(frozen=True)
class Room:
    """The walls, and what stands between them."""

    boxes: tuple[Box, ...]
    """The first is the room, whose faces are seen from inside."""
    seed: int

    def distance_m(self, points: NDArray[np.float32]) -> Floats:
        """(N,) distance of points, (N, 3) m in the world, to the nearest surface."""
        exact = points.astype(np.float64)
        return np.min([box.distance_m(exact) for box in self.boxes], axis=0)

    def cast(self, origin: Floats, directions: Floats) -> tuple[Floats, NDArray[np.uint8]]:
        """First hits.

        Args:
            origin: (3,) m, inside the room and outside everything else.
            directions: (N, 3) of any length.

        Returns:
            (N,) distances in units of the directions' lengths, and (N, 3) uint8 sRGB colours.
        """
        hits = [_enter(box, origin, directions, inside=k == 0) for k, box in enumerate(self.boxes)]
        nearest = np.argmin([t for t, _ in hits], axis=0)
        t, rgb = np.empty(len(directions)), np.empty((len(directions), 3), np.uint8)
        for k, (box, (far, axis)) in enumerate(zip(self.boxes, hits, strict=True)):
            at = np.flatnonzero(nearest == k)
            t[at] = far[at]
            rgb[at] = _colours(box, origin + far[at, None] * directions[at], axis[at], self.seed)
        return t, rgb


def _enter(box: Box, origin: Floats, directions: Floats, *, inside: bool) -> tuple[Floats, NDArray[np.intp]]:
    """Where rays hit a box (from inside: leave it), inf for a miss, and the axis of the face: slab method."""
    start = box.local(origin[None])[0]
    # Axis by axis, (3, N): numpy reduces over three columns ten times as slowly.
    along = box.box_R_world @ directions.T
    along[np.abs(along) < 1e-12] = 1e-12
    to_middle, to_faces = -start[:, None] / along, np.array(box.half)[:, None] / np.abs(along)
    near, far = to_middle - to_faces, to_middle + to_faces
    if inside:
        return far.min(axis=0), far.argmin(axis=0)
    enter, leave = near.max(axis=0), far.min(axis=0)
    return np.where((enter < leave) & (enter > 0), enter, np.inf), near.argmax(axis=0)


def _colours(box: Box, points: Floats, axis: NDArray[np.intp], seed: int) -> NDArray[np.uint8]:
    if not len(points):
        return np.empty((0, 3), np.uint8)
    local = box.local(points)
    rows = np.arange(len(points))
    face = 2 * axis + (local[rows, axis] > 0)
    across, down = np.array([2, 0, 0])[axis], np.array([1, 2, 1])[axis]
    half = np.array(box.half)
    metres = np.stack([local[rows, across] + half[across], local[rows, down] + half[down]])
    # cv2's maps put the centre of the first texel at 0.
    x, y = (metres / TEXEL_M + np.array(box.sheet_px)[face].T - 0.5).astype(np.float32)
    sheet = _sheet(seed)
    # cv2.remap takes at most 32767 columns.
    width = 4096
    grid = np.zeros((2, -(-len(points) // width) * width), np.float32)
    grid[:, : len(points)] = x, y
    map_x, map_y = grid.reshape(2, -1, width)
    colours = cv2.remap(sheet, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    lit = colours.reshape(-1, 3)[: len(points)] * _SIDE_LIGHT[axis, None]
    return np.rint(lit).astype(np.uint8)


@lru_cache(maxsize=2)
def _sheet(seed: int) -> NDArray[np.uint8]:
    """Overlapping shapes of all sizes, as in photographs ("dead leaves"): sharp corners everywhere, no repetition."""
    rng = np.random.default_rng(seed)
    sheet = np.full((_SHEET_PX, _SHEET_PX, 3), 128, np.uint8)
    # Sizes with the density r^-3, so that every scale covers the same area; the large ones below the small ones.
    radii = np.sort(1 / np.sqrt(rng.uniform(1 / 90**2, 1 / 3**2, _SHAPES)))[::-1]
    for radius in radii:
        x, y = (int(value) for value in rng.integers(0, _SHEET_PX, 2))
        colour = tuple(int(value) for value in rng.integers(15, 240, 3))
        stretch, turn = rng.uniform(0.4, 1.0), rng.uniform(0, 180)
        size = (radius, radius * stretch)
        if rng.random() < 0.5:
            cv2.ellipse(sheet, ((x, y), (2 * size[0], 2 * size[1]), turn), colour, -1)
        else:
            corners = cv2.boxPoints(((x, y), (2 * size[0], 2 * size[1]), turn))
            cv2.fillConvexPoly(sheet, corners.astype(np.int32), colour)
    return sheet


def furnished_room(seed: int) -> Room:
    """A room of 6 m x 2.6 m x 6 m with boxes on the floor around its middle and on the walls."""
    rng = np.random.default_rng(seed)
    shelf = _Shelf()
    boxes = [shelf.box((0.0, 1.3, 0.0), (3.0, 1.3, 3.0), 0.0)]
    for k in range(6):
        turn = 2 * np.pi * (k + rng.uniform(0, 0.6)) / 6
        reach = rng.uniform(0.25, 0.9)
        half = (rng.uniform(0.12, 0.35), rng.uniform(0.15, 0.55), rng.uniform(0.12, 0.35))
        centre = (reach * np.cos(turn), half[1], reach * np.sin(turn))
        boxes.append(shelf.box(centre, half, rng.uniform(0, np.pi)))
    for _ in range(5):
        side = int(rng.integers(4))
        half = (rng.uniform(0.2, 0.6), rng.uniform(0.2, 0.6), rng.uniform(0.05, 0.2))
        along, height = rng.uniform(-2.2, 2.2), rng.uniform(0.7, 1.8)
        yaw = side * np.pi / 2
        inward = 3.0 - half[2]
        # box_R_world.T takes the box's z axis to the wall's normal.
        centre = Box((0, 0, 0), half, yaw, ()).box_R_world.T @ np.array([along, height, inward])
        boxes.append(shelf.box((float(centre[0]), height, float(centre[2])), half, yaw))
    return Room(tuple(boxes), seed)


class _Shelf:
    """Gives every face a region of the texture sheet of its own, row by row."""

    def __init__(self) -> None:
        self._x, self._y, self._tall = 0, 0, 0

    def box(self, centre: tuple[float, float, float], half: tuple[float, float, float], yaw: float) -> Box:
        across, down = (2, 2, 0, 0, 0, 0), (1, 1, 2, 2, 1, 1)
        places = tuple(
            self._place(round(2 * half[across[face]] / TEXEL_M), round(2 * half[down[face]] / TEXEL_M))
            for face in range(6)
        )
        return Box(centre, half, yaw, places)

    def _place(self, width: int, height: int) -> tuple[int, int]:
        if self._x + width > _SHEET_PX:
            self._x, self._y, self._tall = 0, self._y + self._tall, 0
        place = self._x, self._y
        self._x, self._tall = self._x + width, max(self._tall, height)
        return place
