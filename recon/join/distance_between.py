"""The distance between points in two photos of a joined scene, with a 95 % interval."""

from dataclasses import dataclass, replace

import numpy as np

from recon.calibration.values import Array
from recon.join.joined_scene import JoinedScene
from recon.join.joint_errors import CALIBRATION, FOCAL, LENS, OF_PHOTO, PLACE, TURN
from recon.measure import Assumptions, Measurement, MeasurementError
from recon.measure.assemble import inputs_of
from recon.measure.error_budget import Budget, budget_of
from recon.measure.given_length import with_given
from recon.measure.picked_point import Pixel, SurfacePoint, point_at, show
from recon.measure.propagate import LINEAR, LOG_STEP, PIXEL_STEP, Inputs, Output, propagated
from recon.units import scale_text

Place = tuple[str | int, Pixel]
"""A photo, by its file name or its index in ``JoinedScene.views``, and (x, y), px, in it."""
_OWN = 3
"""Errors of an end of its own: log depth, and the picked position along x and y."""
_NO_ERRORS = (
    "the scene does not say what its photos are off by together: an older version joined them (then join them "
    "again), or their fit left something open"
)
_POSES = "the errors of poses, focal length and lens in bundle adjustment"


@dataclass(frozen=True)
class _End:
    """One end of the distance."""

    photo: int
    name: str
    point: SurfacePoint
    inputs: Inputs
    world_T_cam: Array
    by_calibration: Array
    """(2,) derivatives of log depth by scale and shift."""
    squared: float
    """Of the distance from the principal point, in focal lengths."""

    def at(self, own: Array, shared: Array) -> Array:
        """(B, 3) the point, m, in the world, with (B, 3) errors of its own and (B, 10) of its photo."""
        log_z = own[:, :1] + (shared[:, CALIBRATION] @ self.by_calibration)[:, None]
        log_focal = shared[:, FOCAL, None] + self.squared * shared[:, LENS, None]
        errors = np.concatenate([log_z, own[:, 1:], log_focal], axis=1)
        seen = self.inputs.points(errors, depth_follows_focal=False)[:, 0]
        seen = seen + np.cross(shared[:, TURN], seen)
        return np.asarray(seen @ self.world_T_cam[:3, :3].T + self.world_T_cam[:3, 3] + shared[:, PLACE])


def distance(scene: JoinedScene, start: Place, end: Place, assume: Assumptions | None = None) -> Measurement:
    """Straight distance between a point in one photo and a point in another, or the same, m, with a 95 % interval.

    The interval counts the errors of both poses, of focal length and lens, of the common scale, of the depth at both
    ends and of picking. ``details`` contains the photos and the points in the world.

    Args:
        scene: Of ``recon.join.run`` or ``recon.join.load``.
        start: A photo and a position in it: ``("a.jpg", (812.5, 440.0))``.
        end: The other end.
        assume: Assumptions about the errors, as for ``recon.measure.distance``.

    Raises:
        MeasurementError: There is no such photo, or a position is outside it or has no depth, or both are the same.
    """
    assume = assume or Assumptions()
    ends, budgets = [], []
    for photo, pixel in (start, end):
        index = _index(scene, photo)
        budgets.append(_own_budget(scene, index, assume))
        ends.append(_end(scene, index, pixel, assume))
    same = ends[0].photo == ends[1].photo
    if same and ends[0].point.pixel_px == ends[1].point.pixel_px:
        raise MeasurementError(f"{show(ends[0].point.pixel_px)} is given twice: use two different positions")
    measurement = _measured(scene, ends, budgets)
    return with_given(measurement, scene.scene_of(ends[0].photo)) if same else measurement


def _own_budget(scene: JoinedScene, index: int, assume: Assumptions) -> Budget:
    """The errors of a photo besides those that ``scene.errors`` counts."""
    one = scene.scene_of(index)
    if scene.poses_counted:
        one = replace(one, intrinsics=replace(one.intrinsics, source="user"))
    provenance = replace(one.provenance, calibration=None, focal=None)
    return replace(budget_of(replace(one, provenance=provenance), assume), calibrated=True)


def _index(scene: JoinedScene, photo: str | int) -> int:
    names = [view.photo.name for view in scene.views]
    fitting = [k for k, name in enumerate(names) if photo in (k, name)]
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(str(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    if fitting:
        raise MeasurementError(
            f"several photos are called {photo}: use recon.join.distance with their indices"
        )
    raise MeasurementError(f"there is no photo {photo} in the scene: its photos are {shown}")


def _end(scene: JoinedScene, index: int, pixel: Pixel, assume: Assumptions) -> _End:
    one, world_T_cam = scene.scene_of(index), scene.views[index].world_T_cam
    point = point_at(one, pixel, pixel_sigma_px=assume.pixel_sigma_px)
    camera, calibration = one.intrinsics, one.provenance.calibration
    by_calibration = np.zeros(2)
    if calibration is not None:
        value = (1 / point.z_m - calibration.shift) / calibration.scale
        by_calibration = -point.z_m * np.array([value, 1.0])
    x, y = (pixel[0] - camera.cx) / camera.fx, (pixel[1] - camera.cy) / camera.fy
    name = one.photo.name or f"photo {index + 1}"
    return _End(index, name, point, inputs_of(one, [point]), world_T_cam, by_calibration, x**2 + y**2)


def _measured(scene: JoinedScene, ends: list[_End], budgets: list[Budget]) -> Measurement:
    def lengths(errors: Array) -> Array:
        own, shared = errors[:, : 2 * _OWN], errors[:, 2 * _OWN :]
        a, b = (
            end.at(own[:, k * _OWN :][:, :_OWN], shared[:, k * OF_PHOTO :][:, :OF_PHOTO])
            for k, end in enumerate(ends)
        )
        return np.linalg.norm(b - a, axis=1)[:, None]

    unknown = next((each.unknown for each in budgets if each.unknown is not None), None)
    unknown = _NO_ERRORS if unknown is None and scene.errors is None else unknown
    step = np.full(2 * (_OWN + OF_PHOTO), LOG_STEP)
    step[[1, 2, _OWN + 1, _OWN + 2]] = PIXEL_STEP
    covariance = np.zeros((len(step), len(step))) if unknown else _covariance(scene, ends, budgets)
    large = bool(np.sqrt(max(covariance[0, 0], covariance[_OWN, _OWN])) > LINEAR)
    found = propagated(lengths, covariance, step, [Output("length")], large=large).intervals[0]
    if unknown is not None:
        found = replace(found, sigma=None, low=None, high=None, method=None)
    points = [end.at(np.zeros((1, _OWN)), np.zeros((1, OF_PHOTO)))[0].tolist() for end in ends]
    includes, missing = _errors_of(scene, budgets)
    return Measurement(
        **{name: getattr(found, name) for name in ("value", "dimension", "sigma", "low", "high", "method")},
        quantity="distance",
        pixels_px=tuple((float(end.point.pixel_px[0]), float(end.point.pixel_px[1])) for end in ends),
        includes=() if unknown else includes,
        not_included=() if unknown else missing,
        unknown=unknown,
        details={"photos": [end.name for end in ends], "points_world_m": points},
        warnings=tuple(f"{end.name}: {end.point.warning}" for end in ends if end.point.warning is not None),
    )


def _covariance(scene: JoinedScene, ends: list[_End], budgets: list[Budget]) -> Array:
    """(26, 26): what each end is off by itself (3 each), and what the photo of each is off by (10 each)."""
    total = np.zeros((2 * (_OWN + OF_PHOTO), 2 * (_OWN + OF_PHOTO)))
    log_z = np.zeros((2, 2))
    for k, (end, budget) in enumerate(zip(ends, budgets, strict=True)):
        # Ends in one photo share the smooth part of its error.
        together = [j for j, other in enumerate(ends) if other.photo == end.photo]
        px = np.array([ends[j].point.pixel_px for j in together], np.float64)
        z_m = np.array([ends[j].point.z_m for j in together])
        size = {"width": end.inputs.camera.width, "height": end.inputs.camera.height}
        log_z[np.ix_(together, together)] = budget.log_depth_covariance(px, z_m, **size)
        picks = np.arange(k * _OWN + 1, (k + 1) * _OWN)
        total[picks, picks] = budget.pixel_sigma_px**2
    total[np.ix_([0, _OWN], [0, _OWN])] = log_z
    photos = [end.photo for end in ends]
    assert scene.errors is not None
    shared = scene.errors[photos][:, :, photos].copy()
    if not scene.poses_counted:
        # What is known of the focal lengths is the same for both: most often they have one camera.
        sigmas = np.array([budget.focal_sigma for budget in budgets])
        shared[:, FOCAL, :, FOCAL] += np.outer(sigmas, sigmas)
    total[2 * _OWN :, 2 * _OWN :] = shared.reshape(2 * OF_PHOTO, 2 * OF_PHOTO)
    return total


def _errors_of(scene: JoinedScene, budgets: list[Budget]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the interval includes, and what it does not."""
    interval = scene.scale_interval
    includes = [text for budget in budgets for text in budget.includes]
    includes.append("the scale of all photos" + ("" if interval is None else f" ({scale_text(interval)})"))
    missing = [text for budget in budgets for text in budget.not_included]
    (includes if scene.poses_counted else missing).append(_POSES)
    return tuple(dict.fromkeys(includes)), tuple(dict.fromkeys(missing))
