"""The solution of a bundle adjustment: cameras, points, and the features that show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
_MOST_POINTS = 20_000
"""Of a large bundle, so many points drawn at random represent all, as far as covariances are concerned."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """N photos with K focal lengths, P points, and M features. Lengths are in the unit of the poses."""

    world_T_cam: Floats
    """(N, 4, 4)."""
    focal_px: Floats
    """(N, 2) fx, fy."""
    centre_px: Floats
    """(N, 2) cx, cy."""
    camera: Indices
    """(N,) index of the focal length, which several photos may share."""
    focal_sigma: Floats
    """(K,) standard deviation of the logarithm of each that was kept; NaN for one that was fitted."""
    lens_sigma: float
    """Standard deviation of the radial distortion (OpenCV's k1) that is left in photos of one camera."""
    points: Floats
    """(P, 3) in the world, each with two features or more."""
    image: Indices
    """(M,) photo of each feature; every photo has some."""
    point: Indices
    """(M,) its point."""
    px: Floats
    """(M, 2) its position."""
    share: float = 1.0
    """Of all points that ``points`` are."""

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """(K,) whether each focal length was fitted."""
        return np.isnan(self.focal_sigma)

    def in_unit(self, factor: float) -> "Bundle":
        """The same where lengths are numbers that are larger by a factor."""
        world_T_cam = self.world_T_cam.copy()
        world_T_cam[:, :3, 3] *= factor
        return replace(self, world_T_cam=world_T_cam, points=factor * self.points)

    @property
    def seen(self) -> Floats:
        """(M, 3) the point of each feature in the cam frame of its photo."""
        world_T_cam = self.world_T_cam[self.image]
        offset = self.points[self.point] - world_T_cam[:, :3, 3]
        return np.einsum("mwc,mw->mc", world_T_cam[:, :3, :3], offset)


def bundle_of(
    arrays: Mapping[str, NDArray[Any]],
    rows: Sequence[int],
    focal_sigmas: Sequence[float | None],
    *,
    lens_sigma: float = 0.0,
) -> Bundle | None:
    """The part of a model that some of its photos see.

    Args:
        arrays: Of ``mapping_process.as_arrays``.
        rows: The photos, in the order of the result.
        focal_sigmas: Standard deviation of the log focal length of each of them; None: it was fitted.
        lens_sigma: Of ``Bundle``.

    Returns:
        None if one of the photos shares no point with the others.
    """
    image = np.full(len(arrays["world_T_cam"]), -1)
    image[list(rows)] = np.arange(len(rows))
    used = (image[arrays["image"]] >= 0) & (arrays["z"] > 0)
    used &= (np.bincount(arrays["point"][used], minlength=len(arrays["points"])) > 1)[arrays["point"]]
    kept, point = np.unique(arrays["point"][used], return_inverse=True)
    if len(kept) > _MOST_POINTS:
        drawn = np.random.default_rng(0).choice(len(kept), _MOST_POINTS, replace=False)
        used[used] = np.isin(point, drawn)
    some, point = np.unique(arrays["point"][used], return_inverse=True)
    if not np.bincount(image[arrays["image"][used]], minlength=len(rows)).all():
        return None
    _, first, camera = np.unique(arrays["camera"][list(rows)], return_index=True, return_inverse=True)
    sigmas = [focal_sigmas[row] for row in first]
    return Bundle(
        world_T_cam=arrays["world_T_cam"][list(rows)],
        focal_px=arrays["params"][list(rows), :2],
        centre_px=arrays["params"][list(rows), 2:],
        camera=camera,
        focal_sigma=np.array([np.nan if sigma is None else sigma for sigma in sigmas]),
        lens_sigma=lens_sigma,
        points=arrays["points"][some],
        image=image[arrays["image"][used]],
        point=point,
        px=arrays["px"][used],
        share=len(some) / len(kept),
    )
