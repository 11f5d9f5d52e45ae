"""What the photos of a joined scene are off by together: the covariance that lengths between photos need.

Of each photo ten errors: the turn (3, rad) about the axes of its cam frame, by which what it shows is turned; its
place (3, m) in the frame of the poses; the logarithm of its focal length; its radial distortion (OpenCV's k1);
scale and shift of its ``Calibration``. The frame of all together is free: only differences mean something.

Bundle adjustment leaves errors b of poses, lenses and log depth g (``bundle_covariance``); the fit's own errors e are
independent of them, and its unknowns are off by ``e + M g``. A metre that is longer moves every camera away from the
middle, and makes all depths larger: the ten are ``A (e + M g) + B b``, with the covariance

    A cov(e) A' + (B + A M G) cov(b) (B + A M G)'          g = G b
"""

import numpy as np

from recon.calibration.fit import scale_shift_by
from recon.calibration.values import Array
from recon.join.joint_unknowns import Unknowns

TURN, PLACE, CALIBRATION = slice(0, 3), slice(3, 6), slice(8, 10)
FOCAL, LENS, OF_PHOTO = 6, 7, 10


def by_unknown(unknowns: Unknowns, placed_m: Array) -> Array:
    """(N, 10, U) derivatives of the errors of the photos by the unknowns of the fit.

    Args:
        unknowns: Of the fit.
        placed_m: (N, 3) the cameras, m.
    """
    result = np.zeros((len(unknowns.views), OF_PHOTO, unknowns.size))
    for one, view, place, at_m in zip(result, unknowns.views, unknowns.places(), placed_m, strict=True):
        own = place[:-1]
        one[CALIBRATION, own] = scale_shift_by(view.values, shifted=view.problem.shift)[:, : len(own)]
        one[PLACE, place[-1]] = at_m
    return result


def joint_errors(
    own: Array, by_own: Array, by_depth: Array, of_poses: Array | None, *, metres_per_unit: float
) -> Array | None:
    """(N, 10, N, 10) covariance; None if the fit leaves something open.

    Args:
        own: (U, U) of the unknowns of the fit, were the poses exact.
        by_own: (N, 10, U), of ``by_unknown``.
        by_depth: (U, N) derivatives of the unknowns by the log depth of the points of each photo.
        of_poses: (N, 9, N, 9) of ``bundle_covariance``; None: not known.
        metres_per_unit: Of the poses.
    """
    if not np.isfinite(own).all():
        return None
    count, flat = len(by_own), by_own.reshape(-1, by_own.shape[-1])
    total = flat @ own @ flat.T
    if of_poses is not None:
        by_bundle = np.zeros((count, OF_PHOTO, *of_poses.shape[2:]))
        by_bundle[..., -1] = by_own @ by_depth
        photos = np.arange(count)
        for k in range(CALIBRATION.start):
            by_bundle[photos, k, photos, k] = metres_per_unit if PLACE.start <= k < PLACE.stop else 1.0
        by_pose = by_bundle.reshape(len(flat), -1)
        total += by_pose @ of_poses.reshape(by_pose.shape[1], -1) @ by_pose.T
    return np.asarray(total).reshape(count, OF_PHOTO, count, OF_PHOTO)


def in_frame(errors: Array, frame_R_world: Array) -> Array:
    """The same covariance with the places in a frame that is turned against that of the poses."""
    turned = errors.copy()
    turned[:, PLACE] = np.einsum("ij,njmk->nimk", frame_R_world, turned[:, PLACE])
    turned[..., PLACE] = np.einsum("ij,nkmj->nkmi", frame_R_world, turned[..., PLACE])
    return turned
