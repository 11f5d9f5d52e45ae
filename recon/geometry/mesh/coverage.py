"""How much of what a photo shows its mesh leaves out, seen from the photo's camera."""

import numpy as np

from recon.types import BoolMap, Mesh

_WIDEST_PX = 512
"""Gaps much narrower than a pixel of a picture of this size are not counted."""


def lost_share(mesh: Mesh, keep: BoolMap) -> float:
    """Share of the kept pixels that no triangle covers, 0 to 1.

    Args:
        mesh: With texture coordinates.
        keep: (H, W): pixels that have a surface.
    """
    import cv2

    assert mesh.uv is not None
    step = max(1, -(-max(keep.shape) // _WIDEST_PX))
    seen = keep[step // 2 :: step, step // 2 :: step]
    corners_px = np.rint((mesh.uv * seen.shape[::-1] - 0.5)[mesh.faces] * 16).astype(np.int32)
    covered = np.zeros(seen.shape, np.uint8)
    for corners in corners_px:
        cv2.fillConvexPoly(covered, corners, 1, shift=4)
    return float((seen & (covered == 0)).sum() / max(seen.sum(), 1))
