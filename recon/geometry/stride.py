"""Chooses the stride of a mesh's grid: one vertex every Nth pixel."""

TRIANGLES = 1_000_000
"""Approximate default number of triangles, which all programs and browsers can open: a GLB of about 30 MB at 12
MP."""
_PER_FACE, _FEWEST = 4, 2_000_000
"""Triangles of the grid per triangle requested from simplification, and at least: more are slower and hardly better,
fewer put outlines off by a pixel of the grid."""


def grid_triangles(faces: int | None) -> int:
    """Number of triangles of the grid from which so many faces are simplified; None: the default mesh."""
    return TRIANGLES if faces is None else max(_FEWEST, _PER_FACE * faces)


def stride_for(triangles: int, *, width: int, height: int) -> int:
    """The stride whose grid comes nearest to a number of triangles, by ratio: between a half and twice of it.

    Args:
        triangles: Number of triangles; two per pixel of the grid.
        width: Width of the image, px.
        height: Height of the image, px.

    Returns:
        1 or more.
    """
    every = 2 * width * height
    step = 1
    # Continue while this stride is off by a larger ratio than the next one.
    while every * every > triangles * triangles * (step * (step + 1)) ** 2:
        step += 1
    return step
