"""The border of the background along depth edges, and the planes that it goes on in."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, Connections, FloatMap

Floats = NDArray[np.float32]
Numbers = NDArray[np.integer]

# The gap of a cut, which the photo's own camera sees, is a pixel wide, or a little more where it runs slantwise.
_SHORTEST_PX = 1.5
# Border pixels of a similar reach compete by distance alone; a crease does not win by lying in the place itself.
_HEAD_START_PX = 2.0
_CLASSES_PX = (3.0, 8.0, 20.0, 60.0)
# A plane is fitted to pixels of a square: at these shares of its half width, which is a share of the longest strip.
_TAPS = (0.1, 0.3, 0.6, 1.0)
_SUPPORT = 0.5
_SMALLEST_SUPPORT_PX = 6
# Pixels that are this near to the plane, as share of inverse depth, belong to it: first around its border pixel's
# depth, then around the plane; and never those that are nearer to the foreground.
_INLIERS = (0.25, 0.06, 0.03)
_INLIER_GAP = 0.4
# What pixels of mixed colour, whose depth may be mixed, too, count for.
_MIXED_WEIGHT = 0.02
# A slope is trusted less where pixels scatter around the plane by this share of inverse depth.
_SCATTER = 0.02
_FEWEST_TAPS = 4


@dataclass(frozen=True)
class Border:
    """The background's border pixels, numbered, with the maps that they come from."""

    inverse: FloatMap
    """(H, W) 1/m; 0 where nothing is visible."""
    front: FloatMap
    """(H, W) the same; pixels between two surfaces are of the nearer one."""
    limit: FloatMap
    """(H, W) what has to stay in front of a continuation: as ``inverse``, but infinite between two surfaces."""
    clean: BoolMap
    """(H, W) visible, and so far from every depth edge that the colour is not mixed."""
    at: NDArray[np.int32]
    """(B, 2) column and row."""
    reach_px: Floats
    """(B,) how far the background is continued from here."""
    gap: Floats
    """(B,) 1/m by which the foreground is nearer."""
    inward: Floats
    """(B, 2) unit vectors from the edge into the background."""
    mixed_px: int
    """How far from a depth edge the colours are mixed."""

    def nearest(self, step: int) -> tuple[Floats, NDArray[np.int32]]:
        """Distance, px, and number of the border pixel that reaches every ``step``-th pixel best: (h, w) each.

        That is the one whose distance is the smallest share of its reach: a shallow crease of the foreground does
        not keep the wall behind it from going on.
        """
        classes = np.digitize(self.reach_px, _CLASSES_PX)
        best = [self._nearest_of(np.flatnonzero(classes == k), step) for k in np.unique(classes)]
        distance, number = best[0]
        for other_distance, other in best[1:]:
            closer = (other_distance + _HEAD_START_PX) * self.reach_px[number] < (
                distance + _HEAD_START_PX
            ) * self.reach_px[other]
            distance, number = np.where(closer, other_distance, distance), np.where(closer, other, number)
        return distance, number

    def _nearest_of(self, some: NDArray[np.intp], step: int) -> tuple[Floats, NDArray[np.int32]]:
        others = np.full(self.inverse.shape, 255, np.uint8)
        cols, rows = self.at[some].T
        others[rows, cols] = 0
        distance, labels = cv2.distanceTransformWithLabels(
            others, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        number_of = np.zeros(len(some) + 1, np.int32)
        number_of[labels[rows, cols]] = some
        return distance[::step, ::step], number_of[labels[::step, ::step]]

    def shows(self, number: Numbers, place: Floats, planes: "Planes", same: float) -> BoolMap:
        """Whether the photo shows the plane of these border pixels at (N, 2) columns and rows, unmixed."""
        height, width = self.inverse.shape
        cols, rows = np.rint(place).astype(np.intp).T
        inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
        cols, rows = np.clip(cols, 0, width - 1), np.clip(rows, 0, height - 1)
        expected, _ = planes.at(number, place, 1.0)
        near = np.abs(self.inverse[rows, cols] - expected) <= same * expected
        return np.asarray(inside & self.clean[rows, cols] & near)


@dataclass(frozen=True)
class Planes:
    """Planes of some border pixels: ``1/z = middle + slope . (place - centre)``."""

    of: NDArray[np.int32]
    """(B,) row of the tables below for each border pixel; meaningless for those that were not asked for."""
    at_border: Floats
    """(P,) inverse depth at the border pixel."""
    place: Floats
    """(P, 2) column and row of it."""
    slopes: Floats
    """(P, 2) per column and row."""
    anchor: Floats
    """(P, 2) column and row of the nearest pixel that shows the plane."""

    def at(self, number: Numbers, place: NDArray, reach: float) -> tuple[Floats, Floats]:
        """Inverse depth at (N, 2) places, changed from the border's by a share of ``reach`` at most; and slopes."""
        row = self.of[number]
        base, slopes = self.at_border[row], self.slopes[row]
        rise = np.einsum("ni,ni->n", slopes, place - self.place[row])
        return np.asarray(base + np.clip(rise, -reach * base, reach * base), np.float32), slopes


def border_of(
    inverse: FloatMap,
    keep: BoolMap,
    between: BoolMap,
    connections: Connections,
    parallax_px: float,
    mixed_px: int,
) -> Border | None:
    """Finds the farther pixels of all cuts.

    Args:
        inverse: (H, W) 1/m, 0 where not kept.
        keep: (H, W) bool.
        between: (H, W) bool: dropped pixels that hang between two surfaces.
        connections: Of the kept pixels.
        parallax_px: What a background at infinity is continued by.
        mixed_px: How far from an edge colours are mixed.

    Returns:
        The border; None where there is no cut.
    """
    front = inverse.copy()
    for _ in range(2 if between.any() else 0):
        front[between] = cv2.dilate(front, np.ones((5, 5), np.uint8))[between]
    reach = np.zeros(inverse.size, np.float32)
    inward = np.zeros((inverse.size, 2), np.float32)
    edges = np.zeros(inverse.shape, np.uint8)
    for axis, linked in enumerate((connections.right, connections.down)):
        _measure_cuts(front, keep, linked, axis, parallax_px, (reach, inward, edges))
    chosen = np.flatnonzero(reach > 0)
    if not len(chosen):
        return None
    rows, cols = np.divmod(chosen, inverse.shape[1])
    edges |= between.view(np.uint8)
    wide = cv2.dilate(edges, np.ones((2 * mixed_px - 1,) * 2, np.uint8))
    length = np.linalg.norm(inward[chosen], axis=1, keepdims=True)
    return Border(
        inverse=inverse,
        front=front,
        limit=np.where(between, np.float32(np.inf), inverse),
        clean=keep & (wide == 0),
        at=np.stack([cols, rows], 1).astype(np.int32),
        reach_px=np.maximum(reach[chosen], _SHORTEST_PX),
        # The parallax is in proportion to the gap over the foreground's inverse depth.
        gap=inverse[rows, cols] / np.maximum(parallax_px / reach[chosen] - 1, 1e-6),
        inward=inward[chosen] / np.maximum(length, 1e-6),
        mixed_px=mixed_px,
    )


def _measure_cuts(
    front: FloatMap,
    keep: BoolMap,
    linked: BoolMap,
    axis: int,
    parallax_px: float,
    into: tuple[Floats, Floats, NDArray[np.uint8]],
) -> None:
    """Adds the cuts along one axis (0: in a row): reach and direction at the farther pixel, and both as edges."""
    reach, inward, edges = into
    one, two = (slice(None, -1), slice(1, None))
    first, second = ((slice(None), one), (slice(None), two)) if axis == 0 else ((one,), (two,))
    cut = ~linked & (front[first] > 0) & (front[second] > 0)
    start = np.ravel_multi_index(np.nonzero(cut), front.shape)
    end = start + (1 if axis == 0 else front.shape[1])
    flat = front.reshape(-1)
    far = np.where(flat[start] < flat[end], start, end)
    near = start + end - far
    seen = keep.reshape(-1)[far]
    far, near = far[seen], near[seen]
    uncovered = np.float32(parallax_px) * (1 - flat[far] / flat[near])
    np.maximum.at(reach, far, uncovered)
    np.add.at(inward, (far, np.full(len(far), axis)), np.where(far > near, 1, -1))
    edges.reshape(-1)[start] = edges.reshape(-1)[end] = 1


def fit_planes(border: Border, numbers: NDArray[np.int32]) -> Planes:
    """Least squares planes of inverse depth around some border pixels, from clean pixels of the same surface.

    Args:
        border: The border.
        numbers: Of the pixels that a plane is wanted of.
    """
    half = max(_SMALLEST_SUPPORT_PX, _SUPPORT * float(border.reach_px.max()))
    shares = np.array(_TAPS)
    grid = np.unique(np.rint(half * np.concatenate([-shares, [0], shares])))
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2).astype(np.int32)
    places, gaps = border.at[numbers], border.gap[numbers]
    count = len(numbers)
    middle, slopes, anchor = (
        np.empty(count, np.float32),
        np.empty((count, 2), np.float32),
        np.empty((count, 2), np.float32),
    )
    for first in range(0, count, 16384):
        block = slice(first, first + 16384)
        middle[block], slopes[block], anchor[block] = _fit(border, places[block], gaps[block], offsets)
    of = np.zeros(len(border.at), np.int32)
    of[numbers] = np.arange(count, dtype=np.int32)
    return Planes(of, middle, places.astype(np.float32), slopes, anchor)


def _fit(
    border: Border, places: NDArray[np.int32], gaps: Floats, offsets: NDArray[np.int32]
) -> tuple[Floats, Floats, Floats]:
    """Inverse depth and slopes at (N, 2) places, and the nearest pixel of each plane."""
    height, width = border.inverse.shape
    cols, rows = places[:, :1] + offsets[:, 0], places[:, 1:] + offsets[:, 1]
    inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
    cols, rows = np.clip(cols, 0, width - 1), np.clip(rows, 0, height - 1)
    values = border.inverse[rows, cols]
    clean = border.clean[rows, cols]
    own = border.inverse[places[:, 1], places[:, 0]]
    plane = np.broadcast_to(own[:, None], values.shape)
    distance = np.hypot(*offsets.T).astype(np.float32)
    base = np.where(clean, 1, np.float32(_MIXED_WEIGHT)) / (1 + (distance / (0.5 * distance.max())) ** 2)
    usable = inside & (values > 0)
    widest = np.float32(_INLIER_GAP) * gaps[:, None]
    middle, slopes = own.copy(), np.zeros((len(places), 2), np.float32)
    weights = np.zeros_like(values)
    for share in _INLIERS:
        inlier = usable & (np.abs(values - plane) <= np.minimum(share * plane, widest))
        enough = inlier.sum(axis=1) >= _FEWEST_TAPS
        weights = np.where(enough[:, None], inlier * base, weights)
        middle, slopes = _regress(weights, offsets, values, own)
        plane = np.maximum(middle[:, None] + slopes @ offsets.T.astype(np.float32), 1e-9)
    unmixed = clean & (weights > 0)
    anchor = offsets[np.argmin(np.where(unmixed, distance, np.inf), axis=1)] + places
    anchor = np.where(unmixed.any(axis=1)[:, None], anchor, places)
    return middle, slopes, anchor.astype(np.float32)


def _regress(
    weights: Floats, offsets: NDArray[np.int32], values: Floats, own: Floats
) -> tuple[Floats, Floats]:
    """Weighted planes over the offsets: the value at offset 0, and the slopes. ``own`` where there is no weight."""
    total = weights.sum(axis=1)
    share = weights / np.maximum(total, 1e-9)[:, None]
    dx, dy = offsets.T.astype(np.float32)
    mean_x, mean_y, mean = share @ dx, share @ dy, np.einsum("nk,nk->n", share, values)
    x, y, rise = dx - mean_x[:, None], dy - mean_y[:, None], values - mean[:, None]
    xx, yy, xy, xw, yw = (
        np.einsum("nk,nk,nk->n", share, a, b) for a, b in ((x, x), (y, y), (x, y), (x, rise), (y, rise))
    )
    # What a narrow strip of pixels does not tell, is taken as flat.
    ridge = 1e-4 * float(dx.max()) ** 2
    xx, yy = xx + ridge, yy + ridge
    determinant = xx * yy - xy * xy
    slope_x, slope_y = (xw * yy - yw * xy) / determinant, (yw * xx - xw * xy) / determinant
    scatter = np.sqrt(np.einsum("nk,nk->n", share, (rise - slope_x[:, None] * x - slope_y[:, None] * y) ** 2))
    trust = 1 / (1 + (scatter / (_SCATTER * np.maximum(mean, 1e-9))) ** 2)
    slope_x, slope_y = slope_x * trust, slope_y * trust
    none = total <= 0
    middle = np.where(none, own, mean - slope_x * mean_x - slope_y * mean_y)
    slopes = np.where(none[:, None], 0, np.stack([slope_x, slope_y], 1))
    return middle.astype(np.float32), slopes.astype(np.float32)
