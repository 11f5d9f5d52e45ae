"""How surely poses know the depth of each photo relative to the distances between the cameras.

Bundle adjustment minimises the reprojection errors ``r`` over poses and focal lengths ``c`` and points ``p``. Near
the solution ``r = F dc + E dp``. With ``S = F'F - F'E (E'E)^-1 E'F``, the Schur complement of the points, and
features that are off by ``sigma`` px (the residuals say how much), the covariance of c is ``sigma^2 S^-1`` (Triggs et
al., Bundle Adjustment: A Modern Synthesis, 2000, 6 and 9).

The scale depends on ``g_i``: the mean log depth of the points of photo i, less the logarithm of the size of the path,
which is the root mean square of the cameras' distances from their mean. It does not depend on frame and unit. With
its derivatives ``G_c`` and ``G_p``, and ``H = G_c - G_p (E'E)^-1 E'F``, which lets the points follow the cameras,

    cov(g) = sigma^2 H S^-1 H'.

What single points are off by besides is in the scatter that the fit finds. Poses and points also follow a focal
length ``f`` that was kept, by ``dg/df = H_f - H S^-1 S_f``; an error of it of standard deviation ``s`` adds
``s^2 (dg/df) (dg/df)'``. So they do a radial distortion that was taken to be 0: a lens that bends the edges of the
picture looks like another focal length, which moves depth and cameras, and leaves hardly any residuals.
"""

from typing import Any

import numpy as np

from recon.join.bundle import Bundle, Floats, Indices

_POSE, _FRAME, _OF_PHOTO = 6, 7, 9
"""Unknowns of a pose, of frame and unit, and of a photo in ``pose_covariance``."""
_LOOSE = 1e-9
"""Least information of an unknown, relative to what it would have if all others were known."""


def pose_covariance(bundle: Bundle | None) -> Floats | None:
    """(N, 9, N, 9) covariance of what the photos have in common.

    Of each photo the turn, rad, about the axes of its cam frame, by which what it shows is turned; its place, in the
    unit of the poses and their world; the logarithm of the focal length; the radial distortion (k1); and ``g``. Frame
    and unit are those in which all cameras together do not move, and the size of the path does not change.

    None without a bundle, or if its numbers leave no finite one, as those of a damaged file may.
    """
    if bundle is None:
        return None
    try:
        with np.errstate(all="ignore"):
            found = _covariance(bundle)
    except np.linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def depth_of(covariance: Floats | None) -> Floats | None:
    """(N, N) covariance of the log depth of the photos relative to the distances between the cameras."""
    return None if covariance is None else covariance[:, -1, :, -1]


def _covariance(bundle: Bundle) -> Floats:
    count, seen = len(bundle.world_T_cam), bundle.seen
    f, e = _jacobians(bundle, seen)
    of_cameras, of_points = _gradients(bundle, seen)
    inverse = _inverse_blocks(e, len(bundle.points))
    followed = inverse @ (e.T @ f)
    schur = (f.T @ f - f.T @ (e @ followed)).toarray()
    free = np.r_[: _POSE * count, _POSE * count + np.flatnonzero(bundle.fitted)]
    own = _inverse_without_frame(schur[np.ix_(free, free)], bundle.world_T_cam)
    sigmas = np.r_[bundle.focal_sigma, np.full_like(bundle.focal_sigma, bundle.lens_sigma)]
    kept = _POSE * count + np.flatnonzero(~np.isnan(sigmas))
    by_kept = np.zeros((len(schur), len(kept)))
    by_kept[kept, np.arange(len(kept))] = 1
    by_kept[free] = -own @ schur[np.ix_(free, kept)]
    by_kept *= sigmas[~np.isnan(sigmas)]
    total = by_kept @ by_kept.T
    total[np.ix_(free, free)] += _variance_px(bundle, seen) * own
    of_photos = _of_photos(bundle, of_cameras - of_points @ followed)
    return np.asarray(of_photos @ total @ of_photos.T).reshape(count, _OF_PHOTO, count, _OF_PHOTO)


def _inverse_without_frame(information: Floats, world_T_cam: Floats) -> Floats:
    """Inverse of the information of poses and focal lengths, for errors that are no change of frame and unit."""
    count = len(world_T_cam)
    offset = world_T_cam[:, :3, 3] - world_T_cam[:, :3, 3].mean(axis=0)
    frames = np.zeros((len(information), _FRAME))
    blocks = frames[: _POSE * count].reshape(count, _POSE, _FRAME)
    blocks[:, :3, :3] = -world_T_cam[:, :3, :3].transpose(0, 2, 1)
    blocks[:, 3:, :3] = np.cross(np.eye(3)[None], offset[:, None]).transpose(0, 2, 1)
    blocks[:, 3:, 3:6], blocks[:, 3:, 6] = np.eye(3), offset
    scales = np.sqrt(np.diag(information))
    basis, _ = np.linalg.qr(frames * scales[:, None])
    whole = information / np.outer(scales, scales) + basis @ basis.T + _LOOSE * np.eye(len(scales))
    return np.asarray((np.linalg.inv(whole) - basis @ basis.T / (1 + _LOOSE)) / np.outer(scales, scales))


def _of_photos(bundle: Bundle, by_camera: Floats) -> Floats:
    """(9 N, 6 N + 2 K) from the unknowns of the adjustment to those of the photos, at a path of fixed size."""
    count, lenses = len(bundle.world_T_cam), len(bundle.fitted)
    result = np.zeros((count, _OF_PHOTO, by_camera.shape[1]))
    photos = np.arange(count)
    for k in range(_POSE):
        result[photos, k, _POSE * photos + k] = 1
    offset = bundle.world_T_cam[:, :3, 3] - bundle.world_T_cam[:, :3, 3].mean(axis=0)
    grown = np.zeros((count, _POSE))
    grown[:, 3:] = offset / (offset**2).sum()
    result[:, 3:_POSE, : _POSE * count] -= offset[:, :, None] * grown.ravel()
    result[photos, _POSE, _POSE * count + bundle.camera] = 1
    result[photos, _POSE + 1, _POSE * count + lenses + bundle.camera] = 1
    result[:, _POSE + 2] = by_camera
    return result.reshape(count * _OF_PHOTO, -1)


def _variance_px(bundle: Bundle, seen: Floats) -> float:
    """Of a coordinate of a feature, px^2, from the residuals and their degrees of freedom; less where ``points`` are
    a part of all, so that these count as all."""
    shown = seen[:, :2] / seen[:, 2:] * bundle.focal_px[bundle.image] + bundle.centre_px[bundle.image]
    unknowns = _POSE * len(bundle.world_T_cam) + int(bundle.fitted.sum()) + 3 * len(bundle.points) - _FRAME
    off = float(((shown - bundle.px) ** 2).sum())
    return bundle.share * off / max(2 * len(bundle.px) - unknowns, 1)


def _jacobians(bundle: Bundle, seen: Floats) -> tuple[Any, Any]:
    """Sparse F (2M, 6N + 2K), turn and place of each camera, then the log focal lengths, then the distortions; and
    E (2M, 3P)."""
    from scipy.sparse import hstack

    x, y, z = seen.T
    fx, fy = bundle.focal_px[bundle.image].T
    zero = np.zeros_like(x)
    by_seen = np.stack([fx / z, zero, -fx * x / z**2, zero, fy / z, -fy * y / z**2], axis=1).reshape(-1, 2, 3)
    across = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    by_point = by_seen @ bundle.world_T_cam[bundle.image, :3, :3].transpose(0, 2, 1)
    by_pose = np.concatenate([-by_seen @ across, -by_point], axis=2)
    by_focal = np.stack([fx * x / z, fy * y / z], axis=1)[:, :, None]
    by_lens = by_focal * ((x**2 + y**2) / z**2)[:, None, None]
    cameras = [
        _sparse(by_pose, bundle.image, len(bundle.world_T_cam)),
        _sparse(by_focal, bundle.camera[bundle.image], len(bundle.fitted)),
        _sparse(by_lens, bundle.camera[bundle.image], len(bundle.fitted)),
    ]
    return hstack(cameras, format="csr"), _sparse(by_point, bundle.point, len(bundle.points))


def _sparse(blocks: Floats, column: Indices, columns: int) -> Any:
    """(M, R, C) blocks below each other, each in the block column that is given: (M R, columns C)."""
    from scipy.sparse import csr_array

    count, high, wide = blocks.shape
    at = column[:, None, None] * wide + np.arange(wide)
    starts = np.arange(count * high + 1) * wide
    indices = np.broadcast_to(at, blocks.shape).ravel()
    return csr_array((blocks.ravel(), indices, starts), shape=(count * high, columns * wide))


def _inverse_blocks(e: Any, points: int) -> Any:
    """Sparse (E'E)^-1, (3P, 3P): a 3 x 3 block for each point."""
    square = (e.T @ e).tocsr()
    rows = 3 * np.arange(points)[:, None, None] + np.arange(3)[:, None]
    columns = 3 * np.arange(points)[:, None, None] + np.arange(3)
    rows, columns = np.broadcast_arrays(rows, columns)
    blocks = np.asarray(square[rows.ravel(), columns.ravel()]).reshape(points, 3, 3)
    blocks = blocks + _LOOSE * np.trace(blocks, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    return _sparse(np.linalg.inv(blocks), np.arange(points), points)


def _gradients(bundle: Bundle, seen: Floats) -> tuple[Floats, Any]:
    """G_c (N, 6N + 2K) and sparse G_p (N, 3P)."""
    from scipy.sparse import csr_array

    count = len(bundle.world_T_cam)
    x, y, z = seen.T
    share = 1 / np.bincount(bundle.image, minlength=count)[bundle.image] / z
    axis = bundle.world_T_cam[bundle.image, :3, 2]
    turned = np.stack([-y, x, np.zeros_like(x)], axis=1)
    own = np.zeros((count, _POSE))
    np.add.at(own, bundle.image, share[:, None] * np.concatenate([-turned, -axis], axis=1))
    offset = bundle.world_T_cam[:, :3, 3] - bundle.world_T_cam[:, :3, 3].mean(axis=0)
    of_cameras = np.zeros((count, count, _POSE))
    of_cameras[:, :, 3:] = -offset / (offset**2).sum()
    of_cameras[np.arange(count), np.arange(count)] += own
    of_points = csr_array(
        (
            (share[:, None] * axis).ravel(),
            (np.repeat(bundle.image, 3), (3 * bundle.point[:, None] + np.arange(3)).ravel()),
        ),
        shape=(count, 3 * len(bundle.points)),
    )
    wide = np.column_stack([of_cameras.reshape(count, -1), np.zeros((count, 2 * len(bundle.fitted)))])
    return wide, of_points
