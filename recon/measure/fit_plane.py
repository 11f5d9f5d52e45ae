"""Fits planes to many pixels, robustly and under errors.

The inverse depth of a plane is linear in the ray, ``1 / z = q . (x, y, 1)``: ``q . p = 1`` for its points, 1 / |q| is
its distance from the camera, and q is its normal, pointing away from the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.measure.measurement import MeasurementError
from recon.measure.picked_point import Pixel, usable
from recon.scene import Scene
from recon.statistics import SIGMA_PER_MEDIAN
from recon.units import significant

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_CANDIDATES = 4_000
_TRIALS = 300
LEAST_PIXELS = 12
"""Fewer say nothing of a plane."""
_CELLS = 12
"""A plane is sampled once in each cell of a grid of this size: neighbours share their errors, so more add little."""
_FEWEST_CELLS = 3
_EXACT = 1e-4
"""Relative residual below which no pixel is an outlier, however smooth the depth."""
_OUTLYING = 2.5
_FLAT_SHARE, _FLAT_RESIDUAL = 0.7, 0.02


@dataclass(frozen=True)
class Support:
    """Pixels on one plane."""

    pixels_px: Array
    """(M, 2) centres of a sample of them, one per grid cell."""
    z_m: Array
    """(M,) their depth."""
    share: float
    """Fraction of the requested pixels that lie on the plane."""
    rms_m: float
    """Root mean square distance of these pixels from the plane, m."""
    residual: float
    """The same relative to their depth."""

    @property
    def warning(self) -> str | None:
        """A warning if the outline contains more than one plane."""
        if self.share >= _FLAT_SHARE and self.residual <= _FLAT_RESIDUAL:
            return None
        return (
            f"the inside of the outline is not flat: {100 * self.share:.0f} % of its pixels lie on one plane, within "
            f"{significant(100 * self.rms_m, 2)} cm (RMS); this plane is used"
        )


def inside(outline_px: Sequence[Pixel], *, width: int, height: int) -> tuple[Index, Index]:
    """Rows and columns of the pixels whose centres lie inside a polygon, thinned evenly to a few thousand.

    Raises:
        MeasurementError: Fewer than three corners, or sides that cross.
    """
    corners = np.array(outline_px, np.float64)
    if len(corners) < 3:
        raise MeasurementError(f"an outline needs at least three corners, got {len(corners)}")
    if crosses(corners):
        raise MeasurementError("the sides of the outline cross: list its corners in order")
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    left, top = (int(v) for v in np.maximum(low, 0))
    right, bottom = (int(v) for v in np.minimum(high, [width, height]))
    every = max(1, round((max(right - left, 1) * max(bottom - top, 1) / (4 * _CANDIDATES)) ** 0.5))
    rows, cols = np.arange(top, bottom, every), np.arange(left, right, every)
    x, y = cols[None, :] + 0.5, rows[:, None] + 0.5
    odd = np.zeros((len(rows), len(cols)), np.bool_)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        # A ray to the right of the pixel crosses this side; an odd number of crossings means inside.
        odd ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    inside_rows, inside_cols = np.nonzero(odd)
    return rows[inside_rows], cols[inside_cols]


def crosses(corners: Array) -> bool:
    """Whether two sides of a polygon, (N, 2), cross."""
    count = len(corners)
    for i in range(count):
        for j in range(i + 2, count):
            if i == 0 and j == count - 1:
                continue
            a, b, c, d = corners[i], corners[i + 1], corners[j], corners[(j + 1) % count]
            if _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0:
                return True
    return False


def _side(a: Array, b: Array, point: Array) -> float:
    return float((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]))


def support(scene: Scene, rows: Index, cols: Index, what: str) -> Support:
    """Fits a plane to the majority of the given pixels.

    Least median of squares over random triples (Rousseeuw, 1984), refined by least squares on its inliers.

    Args:
        scene: The scene.
        rows: (N,) rows of the pixels.
        cols: (N,) columns of the pixels.
        what: Description of the pixels, for the message.

    Raises:
        MeasurementError: Too few of them have a depth, or they are collinear.
    """
    has_depth = usable(scene)[rows, cols]
    rows, cols = rows[has_depth], cols[has_depth]
    if len(rows) < LEAST_PIXELS:
        raise MeasurementError(
            f"{what} contains {len(rows)} pixels with a depth, but a plane needs {LEAST_PIXELS}: use a larger one"
        )
    rng = np.random.default_rng(0)
    order = rng.permutation(len(rows))[:_CANDIDATES]
    rows, cols = rows[order], cols[order]
    pixels_px = np.stack([cols + 0.5, rows + 0.5], axis=1)
    z_m = scene.depth.z_m[rows, cols].astype(np.float64)
    points = _unprojected(scene, pixels_px, z_m)
    q = _least_median_plane(points, rng, what)
    for _ in range(5):
        residual = np.abs(points @ q - 1)
        limit = _OUTLYING * max(SIGMA_PER_MEDIAN * float(np.median(residual)), _EXACT)
        on = residual <= limit
        q = planes_of(points[None, on])[0]
    distance_m = (points[on] @ q - 1) / np.linalg.norm(q)
    chosen = np.flatnonzero(on)[_spread(pixels_px[on], _stored_px(scene))]
    return Support(
        pixels_px=pixels_px[chosen],
        z_m=z_m[chosen],
        share=float(on.mean()),
        rms_m=float(np.sqrt((distance_m**2).mean())),
        residual=float(np.sqrt(((points[on] @ q - 1) ** 2).mean())),
    )


def planes_of(points: Array) -> Array:
    """Least-squares planes q with ``q . p = 1``, (B, 3), through (B, M, 3) points; minimises relative residuals."""
    normal_matrix = points.transpose(0, 2, 1) @ points
    return np.asarray(np.linalg.solve(normal_matrix, points.sum(axis=1)[..., None])[..., 0])


def _unprojected(scene: Scene, pixels_px: Array, z_m: Array) -> Array:
    camera = scene.intrinsics
    xy = (pixels_px - [camera.cx, camera.cy]) / [camera.fx, camera.fy] * z_m[:, None]
    return np.concatenate([xy, z_m[:, None]], axis=1)


def _least_median_plane(points: Array, rng: np.random.Generator, what: str) -> Array:
    """The plane through three of the points with the smallest median residual."""
    triples = points[rng.integers(0, len(points), (_TRIALS, 3))]
    size = np.linalg.norm(triples, axis=2).prod(axis=1)
    # Three points that are coplanar with the camera centre do not determine a plane in this form.
    solvable = np.abs(np.linalg.det(triples)) > 1e-9 * size
    if not solvable.any():
        raise MeasurementError(f"{what} is too narrow to fit a plane: use a larger one")
    planes = np.linalg.solve(triples[solvable], np.ones((int(solvable.sum()), 3, 1)))[..., 0]
    off = np.median(np.abs(planes @ points.T - 1), axis=1)
    return np.asarray(planes[off.argmin()])


def _stored_px(scene: Scene) -> float:
    """Width of a pixel of the stored depth in photo pixels: photo pixels within it share one error."""
    model = scene.provenance.model
    stored = None if model is None else model.stored_width
    return scene.photo.width / stored if stored else 1.0


def _spread(pixels_px: Array, stored_px: float) -> Index:
    """Indices of one pixel in each cell of a grid; cells are at least as large as the stored depth pixels."""
    low = pixels_px.min(axis=0)
    size = np.maximum(pixels_px.max(axis=0) - low, 1e-9)
    cells = np.clip(np.floor(size / stored_px), _FEWEST_CELLS, _CELLS)
    cell = np.minimum((pixels_px - low) / size * cells, cells - 1).astype(np.intp)
    return np.asarray(np.unique(cell[:, 0] * _CELLS + cell[:, 1], return_index=True)[1])
