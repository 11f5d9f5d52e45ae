"""Poses as bundle adjustment leaves them: the true geometry of generated photos, with noise in the features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recon.join.mapping_process import as_arrays
from recon.join.posed_view import PosedView

_SAME = 0.01
"""Two photos show the same point if their depths of it differ by less."""


def adjusted(
    views: Sequence[PosedView],
    rng: np.random.Generator,
    *,
    points: int = 60,
    noise_px: float = 0.5,
    focal: float = 1.0,
    fit_focal: bool = False,
    distortion: float = 0.0,
) -> Mapping[str, NDArray[Any]]:
    """Adjusts poses, points and, if asked, one focal length to noisy features.

    Args:
        views: Photos of one size with one camera.
        rng: Of points and noise.
        points: Number that each photo contributes; those that no other photo shows are dropped.
        noise_px: Standard deviation of a coordinate of a feature.
        focal: What the true focal length is multiplied by, at first or for good.
        fit_focal: Whether the focal length is fitted.
        distortion: Radial distortion of the lens (OpenCV's k1), of which the adjustment knows nothing.

    Returns:
        The arrays of ``mapping_process.as_arrays``; the unit is arbitrary.
    """
    import pycolmap

    xyz = np.concatenate([_drawn(view, rng, points) for view in views])
    shown = [_shown(view, xyz) for view in views]
    seen = np.stack([visible for _, visible in shown])
    kept = np.flatnonzero(seen.sum(axis=0) > 1)
    model = pycolmap.Reconstruction()
    k = views[0].intrinsics
    params = [focal * k.fx, k.cx, k.cy]
    camera = pycolmap.Camera(
        model="SIMPLE_PINHOLE", width=k.width, height=k.height, params=params, camera_id=1
    )
    model.add_camera_with_trivial_rig(camera)
    tracks: dict[int, list[tuple[int, int]]] = {int(point): [] for point in kept}
    for index, (view, (px, _)) in enumerate(zip(views, shown, strict=True), 1):
        here = kept[seen[index - 1, kept]]
        noisy = bent(px[here], view, distortion) + rng.normal(0, noise_px, (len(here), 2))
        image = pycolmap.Image(name=f"{index - 1:06}.png", keypoints=noisy, camera_id=1, image_id=index)
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(view.cam_T_world[:3]))
        for feature, point in enumerate(here):
            tracks[int(point)].append((index, feature))
    for point, elements in tracks.items():
        track = pycolmap.Track([pycolmap.TrackElement(*each) for each in elements])
        model.add_point3D(xyz[point], track)
    options = pycolmap.BundleAdjustmentOptions(refine_focal_length=fit_focal, print_summary=False)
    options.ceres.solver_options.num_threads = 1
    pycolmap.bundle_adjustment(model, options)
    return as_arrays(model)


def size_of(world_T_cam: NDArray[np.float64]) -> float:
    """Root mean square of the distances of cameras, (N, 4, 4), from their mean."""
    offset = world_T_cam[:, :3, 3] - world_T_cam[:, :3, 3].mean(axis=0)
    return float(np.sqrt((offset**2).sum(axis=1).mean()))


def bent(px: NDArray[np.float64], view: PosedView, distortion: float) -> NDArray[np.float64]:
    """(N, 2) where a lens with radial distortion shows what a pinhole camera shows at these positions."""
    k = view.intrinsics
    from_centre = px - (k.cx, k.cy)
    squared = ((from_centre / (k.fx, k.fy)) ** 2).sum(axis=1, keepdims=True)
    return np.asarray(px + distortion * squared * from_centre)


def _drawn(view: PosedView, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count, 3) points of a photo in the world."""
    k = view.intrinsics
    rows, columns = rng.integers(k.height, size=count), rng.integers(k.width, size=count)
    rays = np.stack([(columns + 0.5 - k.cx) / k.fx, (rows + 0.5 - k.cy) / k.fy, np.ones(count)], axis=1)
    in_cam = rays * view.depth.z_m[rows, columns][:, None]
    return np.asarray(in_cam @ view.world_T_cam[:3, :3].T + view.centre_m)


def _shown(view: PosedView, xyz: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(N, 2) positions in a photo, and (N,) whether it shows the points there."""
    k = view.intrinsics
    in_cam = xyz @ view.cam_T_world[:3, :3].T + view.cam_T_world[:3, 3]
    z = np.maximum(in_cam[:, 2], 1e-6)
    px = in_cam[:, :2] / z[:, None] * (k.fx, k.fy) + (k.cx, k.cy)
    inside = ((px >= 0) & (px < (k.width, k.height))).all(axis=1) & (in_cam[:, 2] > 0)
    columns, rows = np.where(inside[:, None], px, 0).astype(int).T
    return px, inside & (np.abs(view.depth.z_m[rows, columns] / z - 1) < _SAME)
