"""The border of the background along depth edges, and the planes that extend it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recon.geometry.mesh.continuation import limited
from recon.types import BoolMap, Connections, FloatMap

Floats = NDArray[np.float32]
Numbers = NDArray[np.integer]

# A plane is fitted to pixels of a square, at these fractions of its half width.
_TAPS = (0.06, 0.3, 1.0)
# Inlier threshold of the plane, relative to inverse depth: first around the border pixel's depth, then around the
# plane. Pixels closer to the foreground than to the background are never inliers.
_INLIER = 0.06
# Weight of pixels with mixed colour, whose depth may be mixed, too: they matter only if there are no others.
_MIXED_WEIGHT = 0.02


@dataclass(frozen=True)
class Border:
    """The background's border pixels with their numbers, and the maps that they come from."""

    inverse: FloatMap
    """(H, W) 1/m; 0 where nothing is visible."""
    front: FloatMap
    """(H, W) the same, but flying pixels belong to the nearer surface."""
    limit: FloatMap
    """(H, W) inverse depth that the extension must stay behind: as ``inverse``, but infinite at flying pixels, and 0
    at the edge of the image, where the mesh moves its vertices outwards."""
    clean: BoolMap
    """(H, W) visible, and far enough from depth edges that the colour is not mixed."""
    at: NDArray[np.int32]
    """(B, 2) column and row."""
    reach_px: Floats
    """(B,) length of the extension: as far as the foreground can uncover the background."""
    gap: Floats
    """(B,) difference of inverse depth to the foreground, 1/m."""
    inward: Floats
    """(B, 2) unit vectors from the edge into the background."""
    mixed_px: int
    """Distance from a depth edge within which colours are mixed."""
    farthest: float
    """Inverse depth of the farthest visible pixel, 1/m, which limits the extension."""

    def nearest(self, step: int) -> NDArray[np.int32]:
        """The border pixel assigned to every ``step``-th pixel: (h, w) numbers.

        It is the one whose distance is the smallest fraction of its reach: so a shallow crease of the foreground does
        not prevent the extension of the wall behind it merely by being closer. Border pixels of similar reach (within
        a factor of four) are compared by distance alone.
        """
        classes = np.rint(np.log2(self.reach_px) / 2)
        best: tuple[Floats, NDArray[np.int32]] | None = None
        for k in np.unique(classes):
            distance, number = self._nearest_of(np.flatnonzero(classes == k), step)
            share = (distance + self.mixed_px) / self.reach_px[number]
            share[distance > self.reach_px[number] + step] = np.inf
            if best is not None:
                closer = share < best[0]
                share, number = np.where(closer, share, best[0]), np.where(closer, number, best[1])
            best = share, number
        assert best is not None
        return best[1]

    def _nearest_of(self, some: NDArray[np.intp], step: int) -> tuple[Floats, NDArray[np.int32]]:
        """Distance, px, and number of the nearest of the given border pixels, for each cell of ``step`` pixels."""
        import cv2

        height, width = self.inverse.shape
        others = np.full((-(-height // step), -(-width // step)), 255, np.uint8)
        some = some[np.argsort(self.reach_px[some], kind="stable")]
        cols, rows = self.at[some].T // step
        others[rows, cols] = 0
        distance, labels = cv2.distanceTransformWithLabels(
            others, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        number_of = np.zeros(len(some) + 1, np.int32)
        # Of several in a cell, the last one is stored, which has the largest reach.
        number_of[labels[rows, cols]] = some
        return step * distance, number_of[labels]

    def shows(self, place: Floats, expected: Floats) -> BoolMap:
        """Whether a surface with this inverse depth is visible, unmixed, at (N, 2) columns and rows."""
        height, width = self.inverse.shape
        cols, rows = np.rint(place).astype(np.intp).T
        inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
        cols, rows = np.clip(cols, 0, width - 1), np.clip(rows, 0, height - 1)
        near = np.abs(self.inverse[rows, cols] - expected) <= _INLIER * expected
        return np.asarray(inside & self.clean[rows, cols] & near)


@dataclass(frozen=True)
class Planes:
    """Planes of some border pixels: ``1/z = at_border + slope . (position - place)``."""

    of: NDArray[np.int32]
    """(B,) row of the tables below for each border pixel; undefined for pixels without a plane."""
    at_border: Floats
    """(P,) inverse depth at the border pixel."""
    place: Floats
    """(P, 2) column and row of the border pixel."""
    slopes: Floats
    """(P, 2) per column and row."""
    colour_at: Floats
    """(P, 2) column and row of a nearby pixel with the plane's unmixed colour."""

    def at(self, number: Numbers, place: NDArray) -> tuple[Floats, Floats]:
        """Inverse depth at (N, 2) places, and slopes."""
        row = self.of[number]
        base, slopes = self.at_border[row], self.slopes[row]
        rise = np.einsum("ni,ni->n", slopes, place - self.place[row])
        return limited(base + rise, base), slopes


def border_of(
    inverse: FloatMap,
    keep: BoolMap,
    between: BoolMap,
    connections: Connections,
    parallax_px: float,
    mixed_px: int,
) -> Border | None:
    """Finds the background pixels at all cuts.

    Args:
        inverse: (H, W) 1/m, 0 where not kept.
        keep: (H, W) bool.
        between: (H, W) bool: dropped flying pixels.
        connections: Connections of the kept pixels.
        parallax_px: Length of the extension for a background at infinity.
        mixed_px: Distance from an edge within which colours are mixed.

    Returns:
        The border; None if there are no cuts.
    """
    import cv2

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
    limit = np.where(between, np.float32(np.inf), inverse)
    limit[[0, -1]] = 0
    limit[:, [0, -1]] = 0
    return Border(
        inverse=inverse,
        front=front,
        limit=limit,
        clean=keep & (wide == 0),
        at=np.stack([cols, rows], 1).astype(np.int32),
        reach_px=reach[chosen],
        # The parallax is proportional to the gap divided by the foreground's inverse depth.
        gap=inverse[rows, cols] / np.maximum(parallax_px / reach[chosen] - 1, 1e-6),
        inward=inward[chosen] / np.maximum(length, 1e-6),
        mixed_px=mixed_px,
        farthest=float(np.min(inverse, where=keep, initial=np.inf)),
    )


def _measure_cuts(
    front: FloatMap,
    keep: BoolMap,
    linked: BoolMap,
    axis: int,
    parallax_px: float,
    into: tuple[Floats, Floats, NDArray[np.uint8]],
) -> None:
    """Adds the cuts along one axis (0: along a row): reach and direction at the far pixel, and both pixels as
    edges."""
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
    """Least-squares planes of inverse depth around border pixels, from clean pixels of the same surface.

    Args:
        border: The border.
        numbers: Numbers of the border pixels.
    """
    # The window reaches as far back as the background is extended.
    half = float(np.ceil(border.reach_px.max()))
    shares = np.array(_TAPS)
    grid = np.unique(np.rint(half * np.concatenate([-shares, [0], shares])))
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2).astype(np.int32)
    count = len(numbers)
    at_border, slopes, colour_at = (np.empty((count, *size), np.float32) for size in ((), (2,), (2,)))
    for first in range(0, count, 4096):
        block = slice(first, first + 4096)
        at_border[block], slopes[block], colour_at[block] = _fit(border, numbers[block], offsets)
    of = np.zeros(len(border.at), np.int32)
    of[numbers] = np.arange(count, dtype=np.int32)
    return Planes(of, at_border, border.at[numbers].astype(np.float32), slopes, colour_at)


def _fit(
    border: Border, numbers: NDArray[np.int32], offsets: NDArray[np.int32]
) -> tuple[Floats, Floats, Floats]:
    """Inverse depth and slopes at border pixels, and the position of an unmixed colour of their surface."""
    height, width = border.inverse.shape
    places = border.at[numbers]
    cols, rows = places[:, :1] + offsets[:, 0], places[:, 1:] + offsets[:, 1]
    inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
    at = np.where(inside, rows * width + cols, 0)
    values, clean = border.inverse.reshape(-1)[at], border.clean.reshape(-1)[at] & inside
    own = border.inverse[places[:, 1], places[:, 0]]
    values -= own[:, None]
    distance = np.hypot(*offsets.T).astype(np.float32)
    base = np.where(clean, np.float32(1), np.float32(_MIXED_WEIGHT))
    base *= inside & (values > -own[:, None])
    base /= 1 + (distance / (0.5 * distance.max())) ** 2
    widest = np.float32(0.5) * border.gap[numbers]
    rise, slopes = np.zeros(len(places), np.float32), np.zeros((len(places), 2), np.float32)
    weights = np.zeros_like(values)
    for _ in range(2):
        off = values - slopes @ offsets.T.astype(np.float32)
        off -= rise[:, None]
        weights = base * (np.abs(off, out=off) <= np.minimum(np.float32(_INLIER) * own, widest)[:, None])
        rise, slopes = _regress(weights, offsets.astype(np.float32), values)
    # Straight into the background, if the surface continues there; otherwise the nearest pixel of the fit.
    nearest = np.argmin(np.where(clean & (weights > 0), distance, np.float32(np.inf)), axis=1)
    colour_at = (places + offsets[nearest]).astype(np.float32)
    none = ~(clean & (weights > 0)).any(axis=1)
    colour_at[none] = places[none]
    inward = places + border.inward[numbers] * border.mixed_px
    straight = border.shows(inward, own + rise + np.einsum("ni,ni->n", slopes, inward - places))
    return own + rise, slopes, np.where(straight[:, None], inward, colour_at)


def _regress(weights: Floats, offsets: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Weighted planes over the offsets: value at offset 0, and slopes; 0 without any weight."""
    dx, dy = offsets.T
    terms = np.stack([np.ones_like(dx), dx, dy, dx * dx, dy * dy, dx * dy])
    moments = np.einsum("nk,ck->nc", weights, terms)
    total = np.maximum(moments[:, 0], 1e-9)
    x, y, xx, yy, xy = (moments[:, 1:] / total[:, None]).T
    weighted = weights * values
    mean, xw, yw = (np.einsum("nk,ck->nc", weighted, terms[:3]) / total[:, None]).T
    # Directions that a narrow row of pixels does not determine are assumed flat.
    ridge = np.float32(1e-4 * float(dx.max()) ** 2)
    xx, yy, xy, xw, yw = xx - x * x + ridge, yy - y * y + ridge, xy - x * y, xw - x * mean, yw - y * mean
    determinant = xx * yy - xy * xy
    slope_x, slope_y = (xw * yy - yw * xy) / determinant, (yw * xx - xw * xy) / determinant
    return mean - slope_x * x - slope_y * y, np.stack([slope_x, slope_y], 1)
