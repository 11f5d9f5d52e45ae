"""Planes through many pixels: which pixels lie on one, and the plane through them under errors.

In inverse depth a plane is linear in the ray, ``1 / z = q . (x, y, 1)``: then ``q . p = 1`` for its points, 1 / |q|
is the camera's distance from it, and q points away from the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.measure.measurement import MeasurementError
from recon.measure.picked_point import Pixel, usable
from recon.scene import Scene
from recon.statistics import SIGMA_PER_MEDIAN

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_CANDIDATES = 4_000
_TRIALS = 300
_LEAST_PIXELS = 12
_CELLS = 12
"""Samples of a plane, one in each of so many by so many cells: neighbours share their errors, so more tell little."""
_FEWEST_CELLS = 3
_EXACT = 1e-4
"""Relative residual below which nothing is an outlier, however smooth the depth."""
_OUTLYING = 2.5
_FLAT_SHARE, _FLAT_RESIDUAL = 0.7, 0.02


@dataclass(frozen=True)
class Support:
    """Pixels on one plane."""

    pixels_px: Array
    """(M, 2) centres of a spread sample of them."""
    z_m: Array
    """(M,) their depth."""
    share: float
    """Of all pixels that were asked for, how many lie on it."""
    rms_m: float
    """Root mean square distance from the plane of those that do, m."""
    residual: float
    """The same relative to their depth."""

    @property
    def warning(self) -> str | None:
        """What to tell about an outline that holds more than one plane."""
        if self.share >= _FLAT_SHARE and self.residual <= _FLAT_RESIDUAL:
            return None
        return (
            f"the inside of the outline is not flat: {100 * self.share:.0f} % of its pixels lie on one plane, within "
            f"{100 * self.rms_m:.2g} cm (RMS); the plane of these was taken"
        )


def inside(outline_px: Sequence[Pixel], *, width: int, height: int) -> tuple[Index, Index]:
    """Rows and columns of the pixels whose centres lie inside a polygon, at most a few thousand of them, evenly.

    Raises:
        MeasurementError: Fewer than three corners, or sides that cross.
    """
    corners = np.array(outline_px, np.float64)
    if len(corners) < 3:
        raise MeasurementError(f"an outline needs three corners or more, got {len(corners)}")
    if crosses(corners):
        raise MeasurementError("the sides of the outline cross: give its corners in order around it")
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
        # A ray to the right of the pixel crosses this side: an odd number of crossings is inside.
        odd ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    found_rows, found_cols = np.nonzero(odd)
    return rows[found_rows], cols[found_cols]


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
    """The plane that most of some pixels lie on.

    Found by least median of squares over random trios (Rousseeuw, 1984), refined on what agrees with it.

    Args:
        scene: The scene.
        rows: (N,) of the pixels.
        cols: (N,) of the pixels.
        what: What they are, for the message.

    Raises:
        MeasurementError: Too few of them have a depth, or they lie in one line.
    """
    known = usable(scene)[rows, cols]
    rows, cols = rows[known], cols[known]
    if len(rows) < _LEAST_PIXELS:
        raise MeasurementError(
            f"{what} holds {len(rows)} pixels with a depth, and a plane needs {_LEAST_PIXELS}: give a larger one"
        )
    rng = np.random.default_rng(0)
    order = rng.permutation(len(rows))[:_CANDIDATES]
    rows, cols = rows[order], cols[order]
    pixels_px = np.stack([cols + 0.5, rows + 0.5], axis=1)
    z_m = scene.depth.z_m[rows, cols].astype(np.float64)
    points = _unprojected(scene, pixels_px, z_m)
    q = _most(points, rng, what)
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
    """Least-squares planes q with ``q . p = 1``, (B, 3), through (B, M, 3) points: relative residuals count alike."""
    normal_matrix = points.transpose(0, 2, 1) @ points
    return np.asarray(np.linalg.solve(normal_matrix, points.sum(axis=1)[..., None])[..., 0])


def _unprojected(scene: Scene, pixels_px: Array, z_m: Array) -> Array:
    camera = scene.intrinsics
    xy = (pixels_px - [camera.cx, camera.cy]) / [camera.fx, camera.fy] * z_m[:, None]
    return np.concatenate([xy, z_m[:, None]], axis=1)


def _most(points: Array, rng: np.random.Generator, what: str) -> Array:
    """The plane through three of the points that half of them are nearest to."""
    trios = points[rng.integers(0, len(points), (_TRIALS, 3))]
    size = np.linalg.norm(trios, axis=2).prod(axis=1)
    # Three points in a line with the camera's centre tell no plane that it sees.
    solvable = np.abs(np.linalg.det(trios)) > 1e-9 * size
    if not solvable.any():
        raise MeasurementError(f"{what} is too narrow for a plane: give a larger one")
    planes = np.linalg.solve(trios[solvable], np.ones((int(solvable.sum()), 3, 1)))[..., 0]
    off = np.median(np.abs(planes @ points.T - 1), axis=1)
    return np.asarray(planes[off.argmin()])


def _stored_px(scene: Scene) -> float:
    """Width in the photo of a pixel of the depth as it was measured: photo pixels within it err as one."""
    model = scene.provenance.model
    stored = None if model is None else model.stored_width
    return scene.photo.width / stored if stored else 1.0


def _spread(pixels_px: Array, stored_px: float) -> Index:
    """Indices of one pixel in each cell of a grid over them; cells are no smaller than pixels as stored."""
    low = pixels_px.min(axis=0)
    size = np.maximum(pixels_px.max(axis=0) - low, 1e-9)
    cells = np.clip(np.floor(size / stored_px), _FEWEST_CELLS, _CELLS)
    cell = np.minimum((pixels_px - low) / size * cells, cells - 1).astype(np.intp)
    return np.asarray(np.unique(cell[:, 0] * _CELLS + cell[:, 1], return_index=True)[1])
