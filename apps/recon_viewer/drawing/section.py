"""Cuts what is drawn open from above: below a ceiling, or at any height. Files and measurements are not affected."""

from dataclasses import replace

import numpy as np

from recon.frames import Transform
from recon.render.drawable import Drawn
from recon.scene import Scene
from recon_viewer.model.layer_scene import coarse

_PIXELS = 320_000
"""Fewer would cut a ceiling to pieces: it is seen at a grazing angle."""
_DOWNWARDS = -0.8
"""Greatest cosine between a ceiling's normal and up."""
_LEAST_SHARE = 0.03
"""Of the points that are ceiling."""
_UPPER = 0.6
"""Fraction of the scene's height above which a surface that faces down is a ceiling, not the underside of a table."""


def cut_above(drawn: Drawn, upright_T_world: Transform, height_m: float) -> Drawn:
    """What lies up to a height: points, and triangles and lines with all of their vertices.

    Args:
        drawn: In the world frame.
        upright_T_world: (4, 4) to the frame of the floor grid, y up.
        height_m: In that frame.
    """
    up = upright_T_world[1].astype(np.float32)
    below = drawn.points @ up[:3] + up[3] <= height_m
    indices = drawn.indices
    if indices is not None:
        renumbered = np.cumsum(below, dtype=np.int32) - np.int32(1)
        indices = renumbered[indices[below[indices].all(axis=1)]]
    pixels_px, normals, uv = (
        None if each is None else each[below] for each in (drawn.pixels_px, drawn.normals, drawn.uv)
    )
    return replace(
        drawn, points=drawn.points[below], rgb=drawn.rgb[below], pixels_px=pixels_px, indices=indices,
        normals=normals, uv=uv,
    )  # fmt: skip


def ceiling_m(scene: Scene, upright_T_cam: Transform) -> float | None:
    """Height of the ceiling in the frame of the floor grid, m; None if none is visible."""
    small = coarse(scene, _PIXELS)
    cloud = small.with_options(replace(small.options, stride=1, voxel=None)).cloud(normals=True)
    if cloud.normals is None or not len(cloud.points):
        return None
    heights = cloud.points @ upright_T_cam[1, :3] + upright_T_cam[1, 3]
    low, high = np.percentile(heights, (2, 98))
    is_ceiling = (cloud.normals @ upright_T_cam[1, :3] < _DOWNWARDS) & (heights > low + _UPPER * (high - low))
    return float(np.median(heights[is_ceiling])) if is_ceiling.mean() > _LEAST_SHARE else None
