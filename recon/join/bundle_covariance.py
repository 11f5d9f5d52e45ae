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

_POSE, _FRAME = 6, 7
"""Unknowns of a pose, and of frame and unit."""
_LOOSE = 1e-9
"""Of the largest information of a pose: holds the frame, which the residuals do not determine, and on which the
result does not depend."""


def depth_covariance(bundle: Bundle | None) -> Floats | None:
    """(N, N) covariance of the log depth of the photos relative to the distances between the cameras.

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


def _covariance(bundle: Bundle) -> Floats:
    count = len(bundle.world_T_cam)
    seen = bundle.seen
    f, e = _jacobians(bundle, seen)
    of_cameras, of_points = _gradients(bundle, seen)
    inverse = _inverse_blocks(e, len(bundle.points))
    followed = inverse @ (e.T @ f)
    schur = (f.T @ f - f.T @ (e @ followed)).toarray()
    h = of_cameras - of_points @ followed
    free = np.r_[: _POSE * count, _POSE * count + np.flatnonzero(bundle.fitted)]
    sigmas = np.r_[bundle.focal_sigma, np.full_like(bundle.focal_sigma, bundle.lens_sigma)]
    kept = _POSE * count + np.flatnonzero(~np.isnan(sigmas))
    own = schur[np.ix_(free, free)]
    own[np.diag_indices(len(free))] += _LOOSE * np.diag(own).max()
    solved = np.linalg.solve(own, np.column_stack([h[:, free].T, schur[np.ix_(free, kept)]]))
    by_kept = (h[:, kept] - h[:, free] @ solved[:, count:]) * sigmas[~np.isnan(sigmas)]
    by_cameras = _variance_px(bundle, seen) * (h[:, free] @ solved[:, :count])
    return np.asarray(by_cameras + by_kept @ by_kept.T)


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
