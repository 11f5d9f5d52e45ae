"""What does not belong to a surface: depth edges, flying pixels, the sky's backdrop.

A depth edge lies between two neighbouring pixels that belong to different surfaces. The test works in inverse
depth, where every plane, however steep, is linear in the picture's coordinates: on a floor that recedes the
step from pixel to pixel is large, but equal to its neighbours' steps; across an object's outline it is not.
"""

from math import radians, sin

import numpy as np
from numpy.typing import NDArray

from recon.types import BoolMap, Connections, FloatMap, Rays

# A surface explains a step where this many further steps on one side agree with it. A network's blurred
# outline is a ramp of one to three pixels: shorter than that.
_SLOPE_SUPPORT = 4
# ... and agree to this fraction of the threshold.
_SLOPE_TOLERANCE = 0.5
# A smooth depth map shows much finer edges than a noisy one: the threshold follows the noise, from this fraction of
# the given one up to the whole of it.
_FINEST = 8.0
_NOISE_FACTOR = 6.0
_NOISE_PERCENTILE = 85
_NOISE_SAMPLES = 400_000
_OCTAVES = 48
# Surfaces seen at a more grazing angle than this, and steep enough to be suspected, are an outline's ramp: a
# floor comes to it at twenty times the camera's height only.
_MAX_INCIDENCE_DEG = 87.0


def connect(z_m: FloatMap, usable: BoolMap, rays: Rays, edge: float) -> Connections:
    """Finds the depth edges between neighbouring pixels.

    Args:
        z_m: (H, W) z-depth, m.
        usable: (H, W) bool: pixels that may be part of a surface.
        rays: Of the same grid.
        edge: Relative depth step above which a connection is suspected, down to an eighth of it where the depth
            is smooth; 0 connects all usable neighbours.

    Returns:
        The connections; none to or from a pixel that is not usable.
    """
    right = usable[:, :-1] & usable[:, 1:]
    down = usable[:-1] & usable[1:]
    if edge > 0:
        inverse = np.zeros_like(z_m)
        np.divide(1.0, z_m, out=inverse, where=usable)
        right &= ~_cuts(inverse, right, rays.x, edge)
        down &= ~_cuts(inverse.T, down.T, rays.y, edge).T
    return Connections(right=right, down=down)


def _cuts(inverse: FloatMap, linked: BoolMap, ray: NDArray[np.float32], edge: float) -> BoolMap:
    """Depth edges along axis 1: (H, W - 1) bool, True where the link between columns c and c + 1 is cut.

    ``ray`` is the ray's component along that axis, (W,).
    """
    step = np.diff(inverse, axis=1)
    nearer = np.maximum(inverse[:, 1:], inverse[:, :-1])
    smallest = np.float32(edge / _FINEST)
    # First the few links that could be an edge at all, then the threshold that holds for each.
    rows, cols = np.nonzero(linked & (np.abs(step) > smallest * nearer))
    noise = _noise_by_depth(step, nearer, linked)
    close = nearer[rows, cols]
    threshold = np.clip(_NOISE_FACTOR * noise[_octave(close)], smallest, np.float32(edge))
    over = np.abs(step[rows, cols]) > threshold * close
    rows, cols = rows[over], cols[over]
    tolerance = np.float32(_SLOPE_TOLERANCE) * (threshold * close)[over]
    suspected = np.zeros_like(linked)
    suspected[rows, cols] = True
    explained = _agrees(step, linked, rows, cols, tolerance, -1) | _agrees(
        step, linked, rows, cols, tolerance, +1
    )
    explained &= ~_grazing(inverse, rows, cols, ray)
    suspected[rows[explained], cols[explained]] = False
    return suspected


def _octave(inverse: NDArray[np.float32]) -> NDArray[np.intp]:
    """Bin of an inverse depth, half an octave wide, from 1 mm to 4 km."""
    return np.clip(np.rint(2 * np.log2(np.maximum(inverse, 1e-9))) + 24, 0, _OCTAVES - 1).astype(np.intp)


def _noise_by_depth(step: FloatMap, nearer: FloatMap, linked: BoolMap) -> NDArray[np.float32]:
    """How rough the depth itself is at each distance: (_OCTAVES,) relative change of neighbouring steps.

    A high percentile, since a sensor that counts in coarse steps changes at few pixels only; real edges are fewer.
    """
    noise = np.zeros(_OCTAVES, np.float32)
    every = max(1, round((step.size / _NOISE_SAMPLES) ** 0.5))
    rows = slice(None, None, every)
    both = linked[rows, 1:] & linked[rows, :-1]
    close = nearer[rows, 1:][both][::every]
    rough = np.abs(step[rows, 1:] - step[rows, :-1])[both][::every]
    octave = _octave(close)
    rough /= np.maximum(close, 1e-9)
    for k in np.unique(octave):
        noise[k] = np.percentile(rough[octave == k], _NOISE_PERCENTILE)
    return noise


def _agrees(
    step: FloatMap,
    linked: BoolMap,
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    tolerance: NDArray[np.float32],
    direction: int,
) -> BoolMap:
    """Whether the next few steps in one direction equal the suspected one: (N,) bool."""
    agreed = np.ones(len(rows), np.bool_)
    for k in range(1, _SLOPE_SUPPORT + 1):
        other = cols + direction * k
        inside = (other >= 0) & (other < step.shape[1])
        other = np.where(inside, other, 0)
        agreed &= inside & linked[rows, other]
        agreed &= np.abs(step[rows, other] - step[rows, cols]) <= tolerance
    return agreed


def _grazing(
    inverse: FloatMap, rows: NDArray[np.intp], cols: NDArray[np.intp], ray: NDArray[np.float32]
) -> BoolMap:
    """Whether the line from pixel to neighbour points almost at the camera: (N,) bool."""
    near, far = 1.0 / inverse[rows, cols], 1.0 / inverse[rows, cols + 1]
    # In the plane of the two rays: a = (ray0, 1) * z0, b = (ray1, 1) * z1; the angle of b - a with a + b.
    ax, bx = ray[cols] * near, ray[cols + 1] * far
    along = np.hypot(bx - ax, far - near)
    middle = np.hypot(ax + bx, near + far)
    cross = np.abs((bx - ax) * (near + far) - (far - near) * (ax + bx))
    return np.asarray(cross < sin(radians(90.0 - _MAX_INCIDENCE_DEG)) * along * middle, np.bool_)


def flying(connections: Connections, usable: BoolMap) -> BoolMap:
    """Pixels that hang between two surfaces: cut off on both sides along the row, or along the column.

    An outline's own pixels stay, since they are connected on one side.

    Args:
        connections: From ``connect``.
        usable: (H, W) bool, the same that was given to ``connect``.

    Returns:
        (H, W) bool.
    """
    return _cut_both_sides(connections.right, usable) | _cut_both_sides(connections.down.T, usable.T).T


def _cut_both_sides(linked: BoolMap, usable: BoolMap) -> BoolMap:
    # A cut is a missing link between two usable pixels: a neighbour that has no depth says nothing.
    cut = usable[:, :-1] & usable[:, 1:] & ~linked
    found = np.zeros_like(usable)
    found[:, 1:-1] = cut[:, :-1] & cut[:, 1:]
    return found


def backdrop_distance_m(z_m: FloatMap, valid: BoolMap) -> float:
    """Where a kept sky is put, m: a little behind the farthest surface, leaving out a few stray pixels.

    The number is a stage set's, not a measurement. 100 m where nothing else is known.
    """
    known = z_m[valid]
    return 1.2 * float(np.percentile(known, 99.9)) if known.size else 100.0
