"""A horizontal slice of a levelled mesh: lines in metres, straight where walls are. No drawing.

The frame of a plan: x right, y forward along the horizontal component of the viewing direction; the photo's camera is
at the origin.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recon.frames import Transform, apply
from recon.types import Mesh

Points = NDArray[np.float64]
TOLERANCE_M = 0.03
"""Default distance of a slice from a straight line."""
_GAP_M = 0.1
"""Ends of lines that are closer are joined: at the edge of a picture on a wall, the mesh is cut."""
_SHORTEST_M = 0.1
"""Shorter lines are specks."""
_CRUMB_M = 0.25
"""Open lines that reach less far are crumbs of a leaf or a frame, and no walls."""
_FITTED = 6
"""Points from which a line is fitted; fewer are joined by their ends."""
_LEAST_SINE = 0.2
"""Sine of the angle from which two lines meet in a corner."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The outlines of what a horizontal plane cuts."""

    lines: tuple[Points, ...]
    """(N, 2) m each, in the frame of a plan; the first point is the last one if the outline is closed."""
    height_m: float
    """Of the plane, above the floor, or above the camera if there is no floor."""
    above_floor: bool
    scale_interval: float | None = None
    """Half of the 95 % interval of lengths, relative, if it is known."""
    rough: bool = False
    """Whether lengths are guesses."""


def sliced(mesh: Mesh, level_T_cam: Transform, height_m: float) -> list[Points]:
    """The lines in which a horizontal plane cuts a mesh.

    Args:
        mesh: In the cam frame.
        level_T_cam: (4, 4) to a frame with y up.
        height_m: Of the plane along y.

    Returns:
        (N, 2) m each, in the frame of a plan; closed lines end where they begin.
    """
    vertices = apply(level_T_cam, mesh.vertices).astype(np.float64)
    above = vertices[:, 1] > height_m
    faces = mesh.faces[(above[mesh.faces].sum(axis=1) % 3) != 0].astype(np.int64)
    if not len(faces):
        return []
    # Each triangle is cut at the two sides of the vertex that is alone on its side of the plane.
    up = above[faces]
    lone = np.argmax(up == (up.sum(axis=1) == 1)[:, None], axis=1)
    a, b, c = (np.take_along_axis(faces, ((lone + k) % 3)[:, None], axis=1)[:, 0] for k in range(3))
    sides = np.sort(np.stack([np.stack([a, b], axis=1), np.stack([a, c], axis=1)], axis=1), axis=2)
    edges, index = np.unique(sides.reshape(-1, 2), axis=0, return_inverse=True)
    low, high = vertices[edges[:, 0]], vertices[edges[:, 1]]
    share = ((height_m - low[:, 1]) / (high[:, 1] - low[:, 1]))[:, None]
    cut = low + share * (high - low)
    places = np.stack([cut[:, 0], -cut[:, 2]], axis=1)
    return [places[chain] for chain in _chains(index.reshape(-1, 2).tolist())]


def _chains(pairs: list[list[int]]) -> list[list[int]]:
    """Joins pairs of numbers that share one to lists, open ones first."""
    following: dict[int, list[int]] = {}
    for a, b in pairs:
        following.setdefault(a, []).append(b)
        following.setdefault(b, []).append(a)
    chains = []
    for start in sorted(following, key=lambda point: len(following[point]) != 1):
        while following[start]:
            chain = [start]
            while following[chain[-1]]:
                ahead = following[chain[-1]].pop()
                following[ahead].remove(chain[-1])
                chain.append(ahead)
            chains.append(chain)
    return chains


def straightened(line: Points, tolerance_m: float = TOLERANCE_M) -> Points:
    """Few straight pieces instead of many points.

    Pieces are those of Douglas and Peucker; a line is fitted to the points of each, and neighbours meet where their
    lines intersect, so that noise and the size of a pixel do not round the corners.

    Args:
        line: (N, 2) m, 2 points or more.
        tolerance_m: Largest distance of a point from its piece, before the fit.

    Returns:
        (M, 2) m.
    """
    corners = _douglas_peucker(line, tolerance_m)
    fits = [_fitted(line[first : last + 1]) for first, last in pairwise(corners)]
    result = [line[corner] for corner in corners]
    for k in range(1, len(corners) - 1):
        (p, along), (q, other) = fits[k - 1], fits[k]
        sine = along[0] * other[1] - along[1] * other[0]
        if abs(sine) > _LEAST_SINE:
            meets = p + along * ((q - p)[0] * other[1] - (q - p)[1] * other[0]) / sine
            if np.linalg.norm(meets - result[k]) < 3 * tolerance_m:
                result[k] = meets
    if not np.array_equal(line[0], line[-1]):
        for k, (p, along) in ((0, fits[0]), (-1, fits[-1])):
            result[k] = p + along * float((result[k] - p) @ along)
    return np.array(result)


def plan_of(
    mesh: Mesh,
    level_T_cam: Transform,
    height_m: float,
    *,
    above_floor: bool = True,
    tolerance_m: float = TOLERANCE_M,
) -> Plan:
    """The straightened slice without specks; arguments as for ``sliced`` and ``straightened``."""
    lines = (straightened(line, tolerance_m) for line in joined(sliced(mesh, level_T_cam, height_m)))
    return Plan(tuple(line for line in lines if not _is_crumb(line)), height_m, above_floor)


def _is_crumb(line: Points) -> bool:
    is_closed = np.array_equal(line[0], line[-1])
    reach_m = float(np.linalg.norm(np.ptp(line, axis=0)))
    return length_m(line) < _SHORTEST_M or (not is_closed and reach_m < _CRUMB_M)


def joined(lines: list[Points], gap_m: float = _GAP_M) -> list[Points]:
    """Joins lines whose ends are close, the closest first.

    Args:
        lines: (N, 2) m each.
        gap_m: Largest distance of ends that are joined.
    """
    from scipy.spatial import cKDTree

    if not lines:
        return []
    # The ends of line k are 2 k and 2 k + 1.
    ends = np.array([line[side] for line in lines for side in (0, -1)])
    near = [(float(np.linalg.norm(ends[a] - ends[b])), a, b) for a, b in cKDTree(ends).query_pairs(gap_m)]
    link: dict[int, int] = {}
    for _, a, b in sorted(near):
        if a // 2 != b // 2 and a not in link and b not in link:
            link[a], link[b] = b, a
    result, left = [], set(range(len(lines)))
    # Begin where nothing is joined; what is left are closed outlines.
    for start in sorted(range(len(ends)), key=lambda end: end in link):
        if start // 2 not in left:
            continue
        parts: list[Points] = []
        end: int | None = start
        while end is not None and end // 2 in left:
            left.remove(end // 2)
            parts.append(lines[end // 2][:: 1 if end % 2 == 0 else -1])
            end = link.get(end ^ 1)
        if end is not None:
            parts.append(parts[0][:1])
        result.append(np.concatenate(parts))
    return result


def turn_to_walls(lines: tuple[Points, ...]) -> float:
    """Angle, rad, at most 45 degrees, by which a plan is turned to the left so that most walls are along x and y."""
    steps = [np.diff(line, axis=0) for line in lines]
    along = np.concatenate(steps) @ (1, 1j) if steps else np.zeros(0)
    lengths = np.abs(along)
    # Squared, so that long walls decide; the fourth power is the same for all four directions.
    total = (lengths**2 * np.exp(4j * np.angle(along))).sum()
    return float(-np.angle(total) / 4) if abs(total) > 0 else 0.0


def length_m(line: Points) -> float:
    """Of an (N, 2) line."""
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _douglas_peucker(line: Points, tolerance_m: float) -> list[int]:
    """Indices of the points that remain, in order."""
    kept, pending = {0, len(line) - 1}, [(0, len(line) - 1)]
    while pending:
        first, last = pending.pop()
        if last - first < 2:
            continue
        between, along = line[first + 1 : last] - line[first], line[last] - line[first]
        norm = float(np.linalg.norm(along))
        if norm < 1e-9:
            far_m = np.linalg.norm(between, axis=1)
        else:
            far_m = np.abs(between[:, 0] * along[1] - between[:, 1] * along[0]) / norm
        most = int(far_m.argmax())
        if far_m[most] > tolerance_m:
            corner = first + 1 + most
            kept.add(corner)
            pending += [(first, corner), (corner, last)]
    return sorted(kept)


def _fitted(points: Points) -> tuple[Points, Points]:
    """A point and the direction of the line through points, by total least squares without the ends."""
    spare = len(points) // 10
    inner = points[spare : len(points) - spare] if len(points) >= _FITTED else points[[0, -1]]
    middle = inner.mean(axis=0)
    return middle, np.linalg.svd(inner - middle, full_matrices=False)[2][0]
