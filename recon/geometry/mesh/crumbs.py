"""Crumbs: islands of a few pixels that depth edges cut off on all sides.

Soft depth, as networks predict it, is cut into crumbs along outlines. From the photo's own camera they fill their
place; from aside they float between the surfaces as torn strips. Their pixels go to the surfaces around them.
"""

from math import inf

import cv2
import numpy as np

from recon.geometry.mesh.snap_flying_pixels import settle
from recon.geometry.surface import restrict
from recon.types import BoolMap, Connections, FloatMap

LARGEST_SHARE = 1e-4
"""Islands of fewer pixels than this share of the grid are crumbs."""
_CHANGES = (0.1, 0.2, 0.4, inf)
"""Of inverse depth, as shares: a crumb goes to a surface of about its depth before others reach it."""
_MOST_ROUNDS = 100
"""More than a crumb is wide: at a share of 1e-4, a line of 100 pixels of a grid of a million."""


def absorb_crumbs(
    z_m: FloatMap, keep: BoolMap, connections: Connections
) -> tuple[FloatMap, BoolMap, Connections]:
    """Gives the pixels of crumbs to the surfaces beside them, each to the one whose depth comes nearest to its own.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: pixels of the surfaces.
        connections: Of the kept pixels.

    Returns:
        Depth, kept pixels (the same) and connections. Crumbs that touch no surface, as in the sky, stay as they are.
    """
    crumbs = crumbs_of(keep, connections)
    if not crumbs.any():
        return z_m, keep, connections
    others = Connections(connections.right.copy(), connections.down.copy())
    restrict(others, keep & ~crumbs)
    moved, kept, joined = z_m, keep & ~crumbs, others
    for largest in _CHANGES:
        left = keep & ~kept
        moved, kept, joined = settle(moved, kept, left, joined, rounds=_MOST_ROUNDS, largest_change=largest)
    alone = keep & ~kept
    if alone.any():
        moved = np.where(alone, z_m, moved)
        own = Connections(connections.right.copy(), connections.down.copy())
        restrict(own, alone)
        joined = Connections(joined.right | own.right, joined.down | own.down)
    return moved, keep, joined


def crumbs_of(keep: BoolMap, connections: Connections) -> BoolMap:
    """(H, W) bool: the pixels of islands that are smaller than ``LARGEST_SHARE``.

    Args:
        keep: (H, W) bool.
        connections: Of the same grid.
    """
    height, width = keep.shape
    # Pixels at even positions, and the links between them: labelled as a picture of twice the size.
    linked = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    linked[::2, ::2] = keep
    linked[::2, 1::2] = connections.right
    linked[1::2, ::2] = connections.down
    _, labels = cv2.connectedComponents(linked, connectivity=4)
    labels = np.ascontiguousarray(labels[::2, ::2])
    size = np.bincount(labels.reshape(-1))
    return np.asarray(keep & (size < LARGEST_SHARE * keep.size)[labels])
