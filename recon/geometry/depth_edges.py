"""Detects depth edges and flying pixels, and places the sky's backdrop.

A depth edge lies between two neighbouring pixels on different surfaces. The test uses inverse depth, in which every
plane, however steep, is linear in image coordinates: on a receding floor the step from pixel to pixel is large but
equal to the neighbouring steps; across the outline of an object it is not.
"""

from functools import partial
from math import radians, sin
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recon.threads import BLOCK, grid_blocks, run_all
from recon.types import BoolMap, Connections, FloatMap, Rays

_Index = tuple[NDArray[np.intp], NDArray[np.intp]]

# A step belongs to a surface if this many further steps on one side agree with it: more than in the ramp of a
# network's blurred outline.
_SUPPORT = 4
# Tolerance for agreeing steps, as a fraction of the threshold.
_SLOPE_TOLERANCE = 0.5
# The threshold adapts to the noise, between this fraction of the given threshold and the threshold itself. The
# fraction is smaller for sharp outlines: blurred depth also has soft steps inside its surfaces.
_FINEST_SHARP, _FINEST_BLURRED = 1 / 30, 1 / 12
# If outlines are sharp, agreement with a single adjacent step suffices, so that leaves and rails are kept; its
# tolerance is this fraction of the tolerance for several steps.
_ALONE = 0.5
# An outline is one pixel wide if adjacent steps in the same direction are smaller than this fraction of the step.
_NEIGHBOUR = 0.25
# The threshold in standard deviations of the change of a step from pixel to pixel due to noise. Agreement is tested
# to half of it, and noise exceeds four standard deviations once in 16,000 cases.
_NOISE_SIGMAS = 8.0
# Percentile at which the noise is measured: above the median, because a part of the depth may be smoother, such as
# filled holes; not much above it, because foliage really is rough.
_NOISE_PERCENTILE = 60
_NOISE_SAMPLES = 400_000
# Suspected links at a more grazing angle than this are the ramp of an outline: a floor reaches this angle only at a
# distance of twenty times the camera height.
_MAX_INCIDENCE_DEG = 87.0
# Predicted normals are some ten degrees off, and more so at outlines: a suspected link is the ramp of an outline if
# it leaves the surfaces of both of its pixels by more than this.
_OFF_SURFACE_DEG = 45.0


def connect(
    z_m: FloatMap,
    usable: BoolMap,
    rays: Rays,
    edge: float,
    normals: NDArray[np.float32] | None = None,
) -> Connections:
    """Finds the depth edges between neighbouring pixels.

    Args:
        z_m: (H, W) z-depth, m.
        usable: (H, W) bool: pixels that may be part of a surface.
        rays: Of the same grid.
        edge: Relative depth step above which a connection is suspected; down to a twelfth of it for smooth depth, or
            a thirtieth if its outlines are sharp as well. 0 connects all usable neighbours.
        normals: (H, W, 3) predicted independently of the depth, cam frame; they tell the ramp of a blurred outline
            from a steep surface. Not for angular rays.

    Returns:
        The connections; none with pixels that are not usable.
    """
    links = Connections(right=usable[:, :-1] & usable[:, 1:], down=usable[:-1] & usable[1:])
    if edge > 0:
        inverse = np.zeros_like(z_m)
        np.divide(1.0, z_m, out=inverse, where=usable)
        axes = _Links(inverse, links.down, axis=0), _Links(inverse, links.right, axis=1)
        sharp = _has_sharp_outlines(axes, edge)
        # Starting threads takes longer than a few pixels, such as those around a picked one.
        threads = 1 if usable.size <= BLOCK else None
        run_all((partial(_cut, links, rays, edge, sharp, normals) for links in axes), threads)
    return links


def restrict(connections: Connections, keep: BoolMap) -> None:
    """Removes the connections to pixels outside ``keep``, (H, W) bool."""
    for links, first, second in (
        (connections.right, keep[:, :-1], keep[:, 1:]),
        (connections.down, keep[:-1], keep[1:]),
    ):
        np.logical_and(links, first, out=links)
        np.logical_and(links, second, out=links)


class _Links:
    """The links along one axis: link i joins pixel i and pixel i + 1 of a column (axis 0) or a row (axis 1)."""

    def __init__(self, inverse: FloatMap, linked: BoolMap, axis: int) -> None:
        self.inverse, self.linked, self.axis = inverse, linked, axis
        self.first = inverse[:-1] if axis == 0 else inverse[:, :-1]
        self.second = inverse[1:] if axis == 0 else inverse[:, 1:]

    @property
    def count(self) -> int:
        """Number of links along the axis."""
        return self.first.shape[self.axis]

    def step(self, at: _Index) -> NDArray[np.float32]:
        """Change of inverse depth along each link, computed only for the requested ones."""
        return np.asarray(self.second[at] - self.first[at])

    def moved(self, at: _Index, by: int) -> tuple[_Index, BoolMap]:
        """The links at an offset ``by`` along the axis, and which of them exist."""
        other = at[self.axis] + by
        inside = (other >= 0) & (other < self.count)
        other = np.where(inside, other, 0)
        return ((other, at[1]) if self.axis == 0 else (at[0], other)), inside

    def nearer(self, at: _Index) -> NDArray[np.float32]:
        """The larger inverse depth of the two pixels of each link."""
        return np.maximum(self.first[at], self.second[at])


def _cut(links: _Links, rays: Rays, edge: float, sharp: bool, normals: NDArray[np.float32] | None) -> None:
    """Clears ``links.linked`` at the depth edges."""
    # First find the few links that could be an edge, then the individual threshold of each.
    smallest = np.float32(edge * (_FINEST_SHARP if sharp else _FINEST_BLURRED))
    at = _suspected(links, smallest)
    nearer = links.nearer(at)
    threshold = np.clip(np.float32(_NOISE_SIGMAS) * _noise_of(links, nearer), smallest, np.float32(edge))
    over = np.abs(links.step(at)) > threshold * nearer
    at = at[0][over], at[1][over]
    tolerance = np.float32(_SLOPE_TOLERANCE) * (threshold * nearer)[over]
    explained = _explained(links, at, tolerance, sharp)
    among = np.flatnonzero(explained)
    some = at[0][among], at[1][among]
    explained[among] = ~_grazing(links, some, rays.y if links.axis == 0 else rays.x, rays.angular)
    if normals is not None:
        explained[among] &= ~_off_surfaces(links, some, rays, normals)
    links.linked[at[0][~explained], at[1][~explained]] = False


def _explained(links: _Links, at: _Index, tolerance: NDArray[np.float32], sharp: bool) -> BoolMap:
    """Which of the links continue their neighbours, and therefore belong to a surface: (N,) bool."""
    step = links.step(at)
    explained = np.zeros(len(step), np.bool_)
    if sharp:
        for way in (-1, 1):
            explained |= np.abs(_slope(links, at, tolerance, way) - step) <= np.float32(_ALONE) * tolerance
    # Most links are explained by now; the rest need more tests.
    rest = np.flatnonzero(~explained)
    at, step, tolerance = (at[0][rest], at[1][rest]), step[rest], tolerance[rest]
    before, after = (_slope(links, at, tolerance, way * _SUPPORT) for way in (-1, 1))
    # A surface that continues on either side; or a crease, whose step lies between the slopes of its two surfaces.
    explained_rest = (np.abs(before - step) <= tolerance) | (np.abs(after - step) <= tolerance)
    explained_rest |= (step >= np.minimum(before, after) - tolerance) & (
        step <= np.maximum(before, after) + tolerance
    )
    if sharp:
        for way in (-1, 1):
            explained_rest |= np.abs(_curved(links, at, tolerance, way) - step) <= tolerance
    explained[rest] = explained_rest
    return explained


def _curved(links: _Links, at: _Index, tolerance: NDArray[np.float32], direction: int) -> NDArray[np.float32]:
    """The step extrapolated from the next three links, as on a ball: (N,); NaN if these are irregular or missing."""
    steps, there = [], np.ones(len(at[0]), np.bool_)
    for k in (1, 2, 3):
        other, inside = links.moved(at, direction * k)
        there &= inside & links.linked[other]
        steps.append(links.step(other))
    bend = steps[0] - steps[1]
    there &= np.abs(bend - (steps[1] - steps[2])) <= tolerance
    return np.where(there, steps[0] + bend, np.float32(np.nan))


def _suspected(links: _Links, threshold: np.float32) -> _Index:
    """The links whose step exceeds this fraction of the nearer pixel's inverse depth."""
    candidates = [(np.empty(0, np.intp), np.empty(0, np.intp))]
    for rows in grid_blocks(*links.first.shape):
        first, second = links.first[rows], links.second[rows]
        # |w1 - w0| > t max(w0, w1), in both directions.
        small = first >= (1 - threshold) * second
        small &= second >= (1 - threshold) * first
        row, col = np.nonzero(links.linked[rows] > small)
        candidates.append((row + rows.start, col))
    return np.concatenate([row for row, _ in candidates]), np.concatenate([col for _, col in candidates])


def _has_sharp_outlines(axes: tuple[_Links, _Links], edge: float) -> bool:
    """Whether the depth changes at outlines within one pixel, as in measured and rendered depth.

    The depth of a network changes over several pixels. Rows and columns are tested together, because this is a
    property of the depth's source. Large steps have more weight than small ones, which also occur on steep surfaces.
    The majority decides: over nine tenths is sharp in rendered depth, less than half in the same depth after
    resizing.
    """
    total, sharp = np.sum([_outlines(links, edge) for links in axes], axis=0)
    return bool(2 * sharp > total)


def _outlines(links: _Links, edge: float) -> tuple[float, float]:
    """Sum of the relative steps above the threshold, and of those among them that are one pixel wide."""
    at = _suspected(links, np.float32(edge))
    step, along = links.step(at), np.zeros(len(at[0]), np.float32)
    for by in (-1, 1):
        other, inside = links.moved(at, by)
        linked = inside & links.linked[other]
        np.maximum(along, links.step(other) / step, out=along, where=linked)
    size = np.abs(step) / links.nearer(at)
    return float(size.sum()), float(size[along < _NEIGHBOUR].sum())


def _octave(inverse: NDArray[np.float32]) -> NDArray[np.intp]:
    """Bin of an inverse depth, half an octave wide."""
    return np.rint(2 * np.log2(np.maximum(inverse, np.float32(1e-30)))).astype(np.intp)


def _noise_of(links: _Links, inverse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation of the change of a step from pixel to pixel due to noise, relative to inverse depth: (N,).

    Measured separately for each range of distances, on the pixels where the step changes at all: in coarsely
    quantised depth, it changes at few pixels, by a whole unit each.
    """
    every = max(1, round((links.first.size / _NOISE_SAMPLES) ** 0.5))
    rows, cols = (np.arange(0, n, every) for n in links.first.shape)
    at: _Index = (np.repeat(rows, len(cols)), np.tile(cols, len(rows)))
    following, inside = links.moved(at, 1)
    both = inside & links.linked[at] & links.linked[following]
    at, following = (at[0][both], at[1][both]), (following[0][both], following[1][both])
    nearer = links.nearer(at)
    rough = np.abs(links.step(following) - links.step(at)) / nearer
    changes = rough > 0
    octave, rough, wanted = _octave(nearer[changes]), rough[changes], _octave(inverse)
    every_octave = np.concatenate([octave, wanted, [0]])
    low = int(every_octave.min())
    noise = np.zeros(int(every_octave.max()) - low + 1, np.float32)
    sigmas = NormalDist().inv_cdf(0.5 + _NOISE_PERCENTILE / 200)
    for k in np.unique(octave):
        noise[k - low] = np.percentile(rough[octave == k], _NOISE_PERCENTILE) / sigmas
    return noise[wanted - low]


def _slope(links: _Links, at: _Index, tolerance: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The common step of the next ``reach`` links, backwards if negative: (N,); NaN if they differ or are missing."""
    direction = 1 if reach > 0 else -1
    first, _ = links.moved(at, direction)
    slope = links.step(first)
    agreed = np.ones(len(slope), np.bool_)
    # A small grid has fewer links: one side of every link has at least half of the others.
    support = max(1, min(abs(reach), (links.count - 1) // 2))
    for k in range(1, support + 1):
        other, inside = links.moved(at, direction * k)
        agreed &= inside & links.linked[other]
        agreed &= np.abs(links.step(other) - slope) <= tolerance
    return np.where(agreed, slope, np.float32(np.nan))


def _grazing(links: _Links, at: _Index, ray: NDArray[np.float32], angular: bool) -> BoolMap:
    """Whether the line between the two points is almost parallel to the viewing direction: (N,) bool."""
    near, far = 1.0 / links.first[at], 1.0 / links.second[at]
    # In the plane of the two rays: a = (ray0, 1) * z0, b = (ray1, 1) * z1; the angle of b - a with a + b.
    along_axis = at[links.axis]
    first, second = ray[along_axis], ray[along_axis + 1]
    if angular:  # seen by a camera that looks along the first ray
        first, second = np.zeros_like(first), second - first
    ax, bx = first * near, second * far
    along = np.hypot(bx - ax, far - near)
    middle = np.hypot(ax + bx, near + far)
    cross = np.abs((bx - ax) * (near + far) - (far - near) * (ax + bx))
    return np.asarray(cross < sin(radians(90.0 - _MAX_INCIDENCE_DEG)) * along * middle, np.bool_)


def _off_surfaces(links: _Links, at: _Index, rays: Rays, normals: NDArray[np.float32]) -> BoolMap:
    """Whether the line between the two points leaves the surfaces of both: (N,) bool.

    At a crease it almost follows the steeper of the two, which has most of the step.
    """
    row, col = at
    other = (row + 1, col) if links.axis == 0 else (row, col + 1)
    ends = [
        np.stack([rays.x[c], rays.y[r], np.ones(len(r), np.float32)], axis=1) / inverse[:, None]
        for (r, c), inverse in ((at, links.first[at]), (other, links.second[at]))
    ]
    along = ends[1] - ends[0]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    sines = [np.abs(np.einsum("ni,ni->n", normals[end], along)) for end in (at, other)]
    return np.asarray(np.minimum(*sines) > sin(radians(_OFF_SURFACE_DEG)), np.bool_)


def flying(connections: Connections, usable: BoolMap) -> BoolMap:
    """Flying pixels, which lie between two surfaces: cut off on both sides along the row, or along the column.

    Pixels on an outline are not flying, because they are connected on one side.

    Args:
        connections: From ``connect``.
        usable: (H, W) bool, the same that was given to ``connect``.

    Returns:
        (H, W) bool.
    """
    isolated = np.zeros_like(usable)
    _add_cut_both_sides(isolated, connections.right, usable)
    _add_cut_both_sides(isolated.T, connections.down.T, usable.T)
    return isolated


def _add_cut_both_sides(isolated: BoolMap, linked: BoolMap, usable: BoolMap) -> None:
    # A cut is a missing link between two usable pixels; neighbours without depth do not count.
    cut = usable[:, :-1] & usable[:, 1:]
    cut &= ~linked
    isolated[:, 1:-1] |= cut[:, :-1] & cut[:, 1:]


def backdrop_distance_m(z_m: FloatMap, valid: BoolMap) -> float:
    """Distance of a kept sky, m: slightly behind the farthest surface, ignoring a few outliers.

    Arbitrary backdrop distance, not a measurement. 100 m if there is no valid depth.
    """
    valid_m = z_m[valid]
    return 1.2 * float(np.percentile(valid_m, 99.9)) if valid_m.size else 100.0
