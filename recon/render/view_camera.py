"""The camera of the view: pose, motion and projection. No widget."""

from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform
from recon.types import Intrinsics

Array = NDArray[np.float64]
_FAR_OVER_NEAR = 1e5
_STEEPEST = 0.495 * pi
_PARALLEL = 40.0
"""How much farther away, and zoomed in, the eye of a parallel view is: a wall of 3 m leans by 1 % of the view."""
_MARGIN = 1.06
"""Of a box in a standard view: how much farther the eye is than where it just fits."""


@dataclass(frozen=True)
class Lens:
    """The projection of the view: that of the photo's camera, or a default."""

    width: float
    """Image size of the intrinsics below, px."""
    height: float
    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def of(cls, camera: Intrinsics) -> "Lens":
        """The photo's projection, with its principal point."""
        return cls(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)

    @classmethod
    def plain(cls) -> "Lens":
        """A default projection with a vertical field of view of 50 degrees."""
        return cls(4 / 3, 1.0, 1.072, 1.072, 2 / 3, 0.5)

    @classmethod
    def parallel(cls) -> "Lens":
        """A projection so narrow that it is parallel to the eye; all that holds for perspective holds for it."""
        plain = cls.plain()
        return replace(plain, fx=_PARALLEL * plain.fx, fy=_PARALLEL * plain.fy)

    def fitted(self, width: float, height: float) -> "Lens":
        """Scales the projection so that the whole image is centred in a view of this size, px."""
        zoom = min(width / self.width, height / self.height)
        return Lens(
            width,
            height,
            self.fx * zoom,
            self.fy * zoom,
            self.cx * zoom + (width - self.width * zoom) / 2,
            self.cy * zoom + (height - self.height * zoom) / 2,
        )

    def frustum(self, near: float) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the near plane, as for OpenGL's ``glFrustum``."""
        return (
            -self.cx / self.fx * near,
            (self.width - self.cx) / self.fx * near,
            -(self.height - self.cy) / self.fy * near,
            self.cy / self.fy * near,
        )


@dataclass(frozen=True)
class ViewCamera:
    """A camera at ``eye`` that looks at ``target``; metres in the world frame (y up)."""

    eye: tuple[float, float, float] = (0.0, 0.0, 0.0)
    target: tuple[float, float, float] = (0.0, 0.0, -3.0)
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """The direction that appears upright."""
    vertical: tuple[float, float, float] = (0.0, 1.0, 0.0)
    """The orbit axis."""
    lens: Lens = Lens.plain()

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Right, up and back, unit vectors in the world frame."""
        back = _unit(np.subtract(self.eye, self.target))
        right = np.cross(self.up, back)
        if np.linalg.norm(right) < 1e-6:
            # Looking straight down or up: any up vector will do.
            right = np.cross((0.0, 0.0, -1.0) if abs(back[2]) < 0.9 else (1.0, 0.0, 0.0), back)
        right = _unit(right)
        return right, np.cross(back, right), back

    @property
    def view_T_world(self) -> Transform:
        """(4, 4): x right, y up, z back, the eye at the origin."""
        right, up, back = self.axes
        made = np.eye(4)
        made[:3, :3] = [right, up, back]
        made[:3, 3] = -made[:3, :3] @ np.array(self.eye)
        return made

    @property
    def distance_m(self) -> float:
        """Distance from the eye to the target."""
        return float(np.linalg.norm(np.subtract(self.eye, self.target)))

    @property
    def span_m(self) -> float:
        """Height of what the image of the lens shows at the target."""
        return self.distance_m * self.lens.height / self.lens.fy

    def in_perspective(self) -> "ViewCamera":
        """The same part of the world with the default projection, if this one is parallel."""
        return replace(self, lens=Lens.plain()).dolly(1 / _PARALLEL) if self._is_parallel else self

    def orbit(self, turn_rad: float, tilt_rad: float) -> "ViewCamera":
        """Orbits around the target: to the left by ``turn``, and up by ``tilt``, but not over the pole."""
        axis = _unit(np.array(self.vertical))
        back = np.subtract(self.eye, self.target)
        back = _turned(back, axis, -turn_rad)
        height = float(np.arcsin(np.clip(_unit(back) @ axis, -1, 1)))
        tilt_rad = float(np.clip(height + tilt_rad, -_STEEPEST, _STEEPEST)) - height
        side = np.cross(axis, back)
        if np.linalg.norm(side) > 1e-9:
            back = _turned(back, _unit(side), -tilt_rad)
        return replace(self, eye=_tuple(np.array(self.target) + back), up=self.vertical)

    def revolve(self, turn_rad: float, tilt_rad: float) -> "ViewCamera":
        """Like ``orbit``, but keeps the roll of the camera; angles of zero change nothing."""
        axis, target = _unit(np.array(self.vertical)), np.array(self.target)
        back, up = (
            _turned(each, axis, -turn_rad) for each in (np.subtract(self.eye, target), np.array(self.up))
        )
        side = np.cross(axis, back)
        if np.linalg.norm(side) > 1e-9:
            height = float(np.arcsin(np.clip(_unit(back) @ axis, -1, 1)))
            # Not over the pole; a camera that is there already is not tilted back.
            tilt_rad = min(tilt_rad, max(_STEEPEST - height, 0.0))
            back, up = (_turned(each, _unit(side), -tilt_rad) for each in (back, up))
        return replace(self, eye=_tuple(target + back), up=_tuple(up))

    def look_around(self, turn_rad: float, tilt_rad: float) -> "ViewCamera":
        """Rotates the camera in place: to the right by ``turn``, up by ``tilt``."""
        reversed_view = replace(self, eye=self.target, target=self.eye).orbit(turn_rad, tilt_rad)
        return replace(self, target=reversed_view.eye, up=self.vertical)

    def pan(self, right_m: float, up_m: float) -> "ViewCamera":
        """Moves eye and target sideways."""
        right, up, _ = self.axes
        return self._moved(right_m * right + up_m * up)

    def forward(self, metres: float) -> "ViewCamera":
        """Moves eye and target forward; a parallel view, where nothing comes closer, becomes larger."""
        if self._is_parallel:
            return self.dolly(1 - metres / self.distance_m)
        return self._moved(-metres * self.axes[2])

    def dolly(self, factor: float) -> "ViewCamera":
        """Scales the distance to the target: closer (below 1) or farther (above 1)."""
        distance = float(np.clip(self.distance_m * factor, 1e-3, 1e5))
        return replace(self, eye=_tuple(np.array(self.target) + distance * self.axes[2]))

    def project(self, points: NDArray[np.float32], width: float, height: float) -> tuple[Array, Array]:
        """Projects points to a view of this size.

        Returns:
            (N, 2) positions (x, y), px from the view's top-left corner, and (N,) distance along the view's axis, m;
            positions of points behind the eye are meaningless.
        """
        lens, view_T_world = self.lens.fitted(width, height), self.view_T_world
        seen = points.astype(np.float64) @ view_T_world[:3, :3].T + view_T_world[:3, 3]
        ahead = -seen[:, 2]
        safe = np.where(np.abs(ahead) > 1e-12, ahead, 1e-12)
        return np.stack(
            [lens.fx * seen[:, 0] / safe + lens.cx, lens.cy - lens.fy * seen[:, 1] / safe], axis=1
        ), ahead

    def clip_m(self, reach_m: float) -> tuple[float, float]:
        """Near and far planes for a scene with this extent from the eye."""
        far = max(reach_m * 1.5, 1.0)
        return far / _FAR_OVER_NEAR, far

    def moved(self, moved_T_world: Transform) -> "ViewCamera":
        """The camera that sees a moved world as this one sees it where it was; (4, 4), rigid."""
        if np.array_equal(moved_T_world, np.eye(4)):
            return self
        turn, by = moved_T_world[:3, :3], moved_T_world[:3, 3]
        return replace(
            self,
            eye=_tuple(turn @ np.array(self.eye) + by),
            target=_tuple(turn @ np.array(self.target) + by),
            up=_tuple(turn @ np.array(self.up)),
            vertical=_tuple(turn @ np.array(self.vertical)),
        )

    @property
    def _is_parallel(self) -> bool:
        return self.lens == Lens.parallel()

    def _moved(self, by: Array) -> "ViewCamera":
        return replace(self, eye=_tuple(np.array(self.eye) + by), target=_tuple(np.array(self.target) + by))


def photo_camera(
    camera: Intrinsics, world_T_cam: Transform, target_m: float, vertical: Array | None = None
) -> ViewCamera:
    """The photo's camera, with its intrinsics.

    Args:
        camera: Intrinsics of the photo.
        world_T_cam: (4, 4) transform to the world frame.
        target_m: Distance of the orbit centre.
        vertical: Orbit axis, world frame; None: y.
    """
    at, rotation = world_T_cam[:3, 3], world_T_cam[:3, :3]
    return ViewCamera(
        eye=_tuple(at),
        target=_tuple(at + target_m * rotation[:, 2]),
        up=_tuple(-rotation[:, 1]),
        vertical=(0.0, 1.0, 0.0) if vertical is None else _tuple(vertical),
        lens=Lens.of(camera),
    )


def preset(
    name: str,
    low: Array,
    high: Array,
    vertical: Array | None = None,
    size: tuple[float, float] = (4.0, 3.0),
    forward: tuple[float, float, float] = (0.0, 0.0, -1.0),
) -> ViewCamera:
    """A camera from the ``front``, ``top`` (parallel), ``side`` or ``fit`` (oblique) that is filled by a box.

    Args:
        name: Name of the view.
        low: (3,) corner of the box, m, world frame.
        high: (3,) the opposite corner.
        vertical: Up axis; None: y.
        size: (width, height) of the view, in any unit.
        forward: Away from who stands in front; upwards in the view from the top.
    """
    up = np.array([0.0, 1.0, 0.0]) if vertical is None else _unit(vertical)
    front = -_unit(np.array(forward) - (up @ forward) * up)
    side = np.cross(up, front)
    ways = {"front": front, "top": up + 1e-4 * front, "side": side, "fit": front + 0.5 * side + 0.45 * up}
    middle, upright = (low + high) / 2, -front if name == "top" else up
    lens = Lens.parallel() if name == "top" else Lens.plain()
    near = ViewCamera(_tuple(middle + _unit(ways[name])), _tuple(middle), _tuple(upright), _tuple(up), lens)
    corners = np.array([[(low, high)[at >> k & 1][k] for k in range(3)] for at in range(8)]) - middle
    right, upwards, back = near.axes
    lens = lens.fitted(*size)
    # Each corner is inside at a distance from which it is seen under the lens's half angle.
    across = np.abs(corners @ right) * lens.fx / lens.cx + corners @ back
    along = np.abs(corners @ upwards) * lens.fy / lens.cy + corners @ back
    return near.dolly(_MARGIN * max(float(across.max()), float(along.max()), 1e-3))


def _turned(vector: Array, axis: Array, angle_rad: float) -> Array:
    """Rodrigues' rotation formula."""
    across: Array = np.cross(axis, vector)
    return vector * cos(angle_rad) + across * sin(angle_rad) + axis * (axis @ vector) * (1 - cos(angle_rad))


def _unit(vector: Array) -> Array:
    made: Array = vector / max(float(np.linalg.norm(vector)), 1e-300)
    return made


def _tuple(vector: Array) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])
