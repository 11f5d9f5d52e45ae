"""How coarse a grid a mesh needs: every how many pixels there is a vertex."""

TRIANGLES = 1_000_000
"""About so many does a mesh have by default: all programs and browsers open it, at 12 MP in a GLB of about 30 MB."""
PER_FACE = 4
"""Triangles of the grid for each that simplifying is asked to leave; more make it slower, and hardly better."""


def stride_for(triangles: int, *, width: int, height: int) -> int:
    """The stride whose grid comes nearest to a number of triangles, by ratio: between a half and twice of it.

    Args:
        triangles: The number; two for each pixel of the grid.
        width: Of the picture, px.
        height: Of the picture, px.

    Returns:
        1 or more.
    """
    every = 2 * width * height
    step = 1
    # Too many by a larger ratio than the next stride has too few.
    while every * every > triangles * triangles * (step * (step + 1)) ** 2:
        step += 1
    return step
