"""Merges fragments (islands of a few pixels, surrounded by depth edges) into adjacent surfaces.

Networks predict soft outlines, which depth edges cut into fragments. They are invisible from the photo's own camera,
but from the side they float between the surfaces as torn strips.
"""

from math import inf

import cv2
import numpy as np

from recon.geometry.mesh.snap_flying_pixels import snap_to_surfaces
from recon.geometry.surface import restrict
from recon.types import BoolMap, Connections, FloatMap

LARGEST_SHARE = 1e-4
"""Islands with fewer pixels than this fraction of the grid are fragments."""
_SEEN = 16
"""So are islands smaller than this many of the pixels that the network saw: it knows no thing of that size."""
_FEWEST = 10_000
"""A smaller number of pixels is taken for this one."""
_CHANGES = (0.1, 0.2, 0.4, inf)
"""Relative changes of inverse depth allowed in successive passes, so that surfaces of similar depth have priority."""
_MOST_ROUNDS = 100
"""Larger than the width of a fragment, px."""


def largest_share(seen_pixels: int | None) -> float:
    """The fraction of the grid below which an island is a fragment, where a network saw so many pixels, if known."""
    return LARGEST_SHARE if not seen_pixels else max(LARGEST_SHARE, _SEEN / max(seen_pixels, _FEWEST))


def merge_fragments(
    z_m: FloatMap, keep: BoolMap, connections: Connections, share: float = LARGEST_SHARE
) -> tuple[FloatMap, BoolMap, Connections]:
    """Moves the pixels of fragments onto adjacent surfaces, each onto the one closest to its own depth.

    Args:
        z_m: (H, W) z-depth, m.
        keep: (H, W) bool: the kept pixels.
        connections: Connections of the kept pixels.
        share: Islands with fewer pixels than this fraction of the grid are fragments.

    Returns:
        Depth, the same kept pixels, and connections. Fragments that touch no surface (in the sky) are unchanged.
    """
    fragments = fragments_of(keep, connections, share)
    if not fragments.any():
        return z_m, keep, connections
    others = Connections(connections.right.copy(), connections.down.copy())
    restrict(others, keep & ~fragments)
    moved, kept, joined = z_m, keep & ~fragments, others
    for largest in _CHANGES:
        remaining = keep & ~kept
        moved, kept, joined = snap_to_surfaces(
            moved, kept, remaining, joined, rounds=_MOST_ROUNDS, largest_change=largest
        )
    isolated = keep & ~kept
    if isolated.any():
        moved = np.where(isolated, z_m, moved)
        own = Connections(connections.right.copy(), connections.down.copy())
        restrict(own, isolated)
        joined = Connections(joined.right | own.right, joined.down | own.down)
    return moved, keep, joined


def fragments_of(keep: BoolMap, connections: Connections, share: float = LARGEST_SHARE) -> BoolMap:
    """(H, W) bool: the pixels of islands smaller than ``share`` of the grid.

    Args:
        keep: (H, W) bool.
        connections: Connections on the same grid.
    """
    height, width = keep.shape
    # Label an image of twice the size, with pixels at even positions and their links in between.
    linked = np.zeros((2 * height - 1, 2 * width - 1), np.uint8)
    linked[::2, ::2] = keep
    linked[::2, 1::2] = connections.right
    linked[1::2, ::2] = connections.down
    _, labels = cv2.connectedComponents(linked, connectivity=4)
    labels = np.ascontiguousarray(labels[::2, ::2])
    size = np.bincount(labels.reshape(-1))
    return np.asarray(keep & (size < share * keep.size)[labels])
