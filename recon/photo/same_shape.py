"""Compares aspect ratios, to check whether two images can show the same view."""

Size = tuple[float, float]
"""Width and height, px."""

SAME_SHAPE = 0.01
"""Largest relative difference of the aspect ratios of an image and its resized copy: rounding causes less, a crop
more."""


def same_shape(a: Size, b: Size) -> bool:
    """Whether two sizes have the same width to height ratio."""
    return abs(a[0] * b[1] / (a[1] * b[0]) - 1) <= SAME_SHAPE


def same_shape_either_way_up(a: Size, b: Size) -> bool:
    """The same, allowing that one of the images is rotated by 90 degrees."""
    return same_shape((max(a), min(a)), (max(b), min(b)))
