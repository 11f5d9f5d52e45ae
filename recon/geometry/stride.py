"""Chooses the stride of a mesh's grid: one vertex every Nth pixel."""

TRIANGLES = 1_000_000
"""Approximate default number of triangles, which all programs and browsers can open: a GLB of about 30 MB at 12
MP."""
PER_FACE = 4
"""Triangles of the grid per triangle requested from simplification; more are slower and hardly better."""


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
