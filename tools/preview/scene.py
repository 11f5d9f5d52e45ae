"""What a scene is made of, and the builder that the composers write it with.

World frame: x right, y up, z ahead, metres; the ground is at y = 0. It is left-handed, as a floor plan is
drawn: `world_T_cam` mirrors (determinant -1), which depth does not mind. An instance is a unit mesh with a
size, a turn and a place; its material is a row of the material table. Triangles are made of them in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tools.preview.bodies import body_meshes
from tools.preview.meshes import UnitMesh, unit_meshes

Floats = NDArray[np.float32]
Rng = np.random.Generator
Colour = tuple[float, float, float]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """How a surface looks. `scale_m`: metres per texture tile, or 0 to fit the texture to the object's size."""

    colour: Colour  # linear reflectance
    second: Colour = (0.1, 0.1, 0.1)
    texture: str = ""  # a kind of the texture bank, or "own": a picture of the scene; empty: one colour
    variant: int = 0
    scale_m: float = 1.0
    glow: float = 0.0  # emitted light in units of the exposure's white
    gloss: float = 0.0  # strength of the highlights, 0..1
    turned: bool = False  # texture turned by 90 degrees


@dataclass(frozen=True)
class Pane:
    """A window pane that lights a room: a rectangle of the world and the light that it sends."""

    centre: Vector
    across: Vector  # half of its width, as a vector
    up: Vector  # half of its height
    inward: Vector  # unit normal into the room
    power: float


@dataclass(frozen=True)
class Lamp:
    """A lamp: a small bright sphere at `centre`, `power` in units where 1 lights a table at 1 m well."""

    centre: Vector
    power: float
    colour: Colour


@dataclass
class Sky:
    """What is above: the sun (direction towards it), the sky's colours and the haze (1/m)."""

    to_sun: Vector
    sun: float
    ambient: Colour
    zenith: Colour
    horizon: Colour
    clouds: float
    haze_per_m: float
    seed: int
    sun_colour: Colour = (1.0, 0.93, 0.82)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: `world_T_cam` (4, 4) float64 and the focal length over the picture's width."""

    world_T_cam: NDArray[np.float64]
    focal_over_width: float


@dataclass(frozen=True)
class Geometry:
    """All triangles of a scene in the world, and for each instance its frame, size and material row."""

    vertices: Floats  # (V, 3)
    normals: Floats  # (V, 3)
    triangles: NDArray[np.uint32]  # (T, 3)
    triangle_instance: NDArray[np.int32]  # (T,)
    turn: Floats  # (I, 3, 3) world_R_object
    centre: Floats  # (I, 3)
    size: Floats  # (I, 3)
    material: NDArray[np.int32]  # (I,)
    tint: Floats | None = None  # (V, 3), if any mesh has its own colours


@dataclass(frozen=True)
class Shot:
    """How the photos of a scene are taken, where its kind differs from the usual; None: as usual."""

    eye_m: tuple[float, float] | None = None  # height of the camera above the ground
    pitch_deg: tuple[float, float] | None = None  # mean and spread, up is positive
    target_m: tuple[float, float] | None = None  # distance of the camera from what it looks at
    target_share: float | None = None  # how often it looks at a thing rather than at the place
    above_deg: tuple[float, float] | None = None  # it looks down on the target at such angles
    around: float = 3.15  # it looks at the target from within this turn (radians) off the target's front
    front: float = 0.0  # yaw of the direction in which that target's photographer looks
    near_m: float | None = None  # nothing should be nearer than this
    middle_m: float | None = None  # half of the picture should be farther than this
    blur: float = 0.0  # how often the background is out of focus
    zoom: float = 1.0  # the focal length is up to so many times the usual one
    offset: float = 0.12  # how far off the middle a target may be (radians)


@dataclass
class Scene:
    """A composed scene: instances as rows, materials, lights and where a camera may stand."""

    kind: str
    seed: int
    indoor: bool
    materials: list[Material] = field(default_factory=list)
    meshes: list[str] = field(default_factory=list)
    rows: list[tuple[float, ...]] = field(default_factory=list)  # centre 3, size 3, yaw, tilt, roll, material
    panes: list[Pane] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    sky: Sky | None = None
    ambient: Colour = (0.35, 0.35, 0.35)
    stand: list[tuple[float, float, float, float]] = field(default_factory=list)  # x0, x1, z0, z1 to stand in
    targets: list[tuple[float, float, float, float]] = field(
        default_factory=list
    )  # x, y, z, radius to look at
    heading: float | None = None  # main direction of view (yaw), where there is one
    shot: Shot = Shot()
    own: dict[str, UnitMesh] = field(default_factory=dict)  # meshes of this scene alone
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)  # its own prints, (SIZE, SIZE, 3) sRGB

    def geometry(self) -> Geometry:
        """Return the triangles of all instances."""
        data = np.array(self.rows, np.float64)
        turn = _turns(data[:, 6], data[:, 7], data[:, 8])
        names = np.array(self.meshes)
        vertices, normals, triangles, owner, tints = [], [], [], [], []
        count = 0
        library = unit_meshes() | body_meshes() | self.own
        used = sorted(set(self.meshes))
        tinted = any(library[name].tint is not None for name in used)
        for name in used:
            mesh = library[name]
            which = np.flatnonzero(names == name)
            size, r = data[which, 3:6], turn[which]
            forward = (r * size[:, None, :]).astype(np.float32)
            p = mesh.vertices @ forward.transpose(0, 2, 1) + data[which, None, 0:3].astype(np.float32)
            n = mesh.normals @ (r / size[:, None, :]).astype(np.float32).transpose(0, 2, 1)
            k = len(which)
            shift = count + len(mesh.vertices) * np.arange(k)[:, None, None]
            vertices.append(p.reshape(-1, 3))
            normals.append(n.reshape(-1, 3))
            triangles.append((mesh.triangles[None] + shift).reshape(-1, 3))
            owner.append(np.repeat(which, len(mesh.triangles)))
            if tinted:
                tint = np.ones_like(mesh.vertices) if mesh.tint is None else mesh.tint
                tints.append(np.tile(tint, (k, 1)))
            count += k * len(mesh.vertices)
        return Geometry(
            np.concatenate(vertices).astype(np.float32),
            np.concatenate(normals).astype(np.float32),
            np.concatenate(triangles).astype(np.uint32),
            np.concatenate(owner).astype(np.int32),
            turn.astype(np.float32),
            data[:, 0:3].astype(np.float32),
            data[:, 3:6].astype(np.float32),
            data[:, 9].astype(np.int32),
            np.concatenate(tints).astype(np.float32) if tinted else None,
        )


def _turns(yaw: NDArray, tilt: NDArray, roll: NDArray) -> NDArray[np.float64]:
    """Return (N, 3, 3) rotations: about z by roll, then about x by tilt, then about y by yaw (radians)."""
    cy, sy, cx, sx, cz, sz = np.cos(yaw), np.sin(yaw), np.cos(tilt), np.sin(tilt), np.cos(roll), np.sin(roll)
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    ry = np.stack([cy, zero, sy, zero, one, zero, -sy, zero, cy], 1).reshape(-1, 3, 3)
    rx = np.stack([one, zero, zero, zero, cx, -sx, zero, sx, cx], 1).reshape(-1, 3, 3)
    rz = np.stack([cz, -sz, zero, sz, cz, zero, zero, zero, one], 1).reshape(-1, 3, 3)
    return ry @ rx @ rz


@dataclass(frozen=True)
class Group:
    """A thing that is made but not yet placed, with its footprint in metres."""

    meshes: list[str]
    rows: list[tuple[float, ...]]
    targets: list[tuple[float, float, float, float]]
    width: float
    depth: float


class Builder:
    """Writes instances into a scene, within a movable frame (a place on the floor and a turn)."""

    def __init__(self, scene: Scene, rng: Rng) -> None:
        self.scene, self.rng = scene, rng
        self._x, self._y, self._z, self._yaw = 0.0, 0.0, 0.0, 0.0
        self._cos, self._sin = 1.0, 0.0

    @contextmanager
    def at(self, x: float, y: float, z: float, yaw: float = 0.0) -> Iterator[None]:
        """Put what follows into a frame at (x, y, z) of the present one, turned by yaw (radians)."""
        saved = (self._x, self._y, self._z, self._yaw, self._cos, self._sin)
        self._x, self._y, self._z = self.place(x, y, z)
        self._yaw += yaw
        self._cos, self._sin = float(np.cos(self._yaw)), float(np.sin(self._yaw))
        try:
            yield
        finally:
            self._x, self._y, self._z, self._yaw, self._cos, self._sin = saved

    def place(self, x: float, y: float, z: float) -> Vector:
        """Return the world place of a point of the present frame."""
        c, s = self._cos, self._sin
        return (self._x + c * x + s * z, self._y + y, self._z - s * x + c * z)

    def material(self, material: Material) -> int:
        """Add a material; returns its row."""
        self.scene.materials.append(material)
        return len(self.scene.materials) - 1

    def add(
        self,
        mesh: str,
        centre: Vector,
        size: Vector,
        material: int,
        yaw: float = 0.0,
        tilt: float = 0.0,
        roll: float = 0.0,
    ) -> None:
        """Add one instance of a unit mesh by its centre and size (metres) in the present frame."""
        x, y, z = self.place(*centre)
        sx, sy, sz = (max(abs(s), 1e-4) for s in size)
        self.scene.meshes.append(mesh)
        self.scene.rows.append((x, y, z, sx, sy, sz, yaw + self._yaw, tilt, roll, material))

    def stands(
        self, mesh: str, x: float, y: float, z: float, size: Vector, material: int, yaw: float = 0.0
    ) -> None:
        """Add an instance that stands on height y."""
        self.add(mesh, (x, y + size[1] / 2, z), size, material, yaw)

    def made(self, make: Callable[[Builder], tuple[float, float]]) -> Group:
        """Make a thing without placing it yet, so that its footprint is known first."""
        scene = self.scene
        n, t = len(scene.rows), len(scene.targets)
        saved = (self._x, self._y, self._z, self._yaw, self._cos, self._sin)
        self._x, self._y, self._z, self._yaw, self._cos, self._sin = 0.0, 0.0, 0.0, 0.0, 1.0, 0.0
        width, depth = make(self)
        self._x, self._y, self._z, self._yaw, self._cos, self._sin = saved
        group = Group(scene.meshes[n:], scene.rows[n:], scene.targets[t:], width, depth)
        del scene.meshes[n:], scene.rows[n:], scene.targets[t:]
        return group

    def put(self, group: Group, x: float, z: float, yaw: float = 0.0, y: float = 0.0) -> None:
        """Place a made thing in the present frame."""
        with self.at(x, y, z, yaw):
            self.scene.meshes += group.meshes
            for row in group.rows:
                self.scene.rows.append((*self.place(*row[:3]), *row[3:6], row[6] + self._yaw, *row[7:]))
            for tx, ty, tz, radius in group.targets:
                self.target(tx, ty, tz, radius)

    def target(self, x: float, y: float, z: float, radius: float) -> None:
        """Name a thing worth looking at (in the present frame) and its size."""
        self.scene.targets.append((*self.place(x, y, z), radius))

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """Return a number of the interval."""
        return float(low + (high - low) * self.rng.random())

    def pick(self, names: list[str]) -> str:
        """Return one of the names."""
        return names[int(self.rng.integers(len(names)))]
