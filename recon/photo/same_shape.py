"""Whether two pictures can show the same view: by their shapes."""

Size = tuple[float, float]
"""Width and height, px."""

SAME_SHAPE = 0.01
"""Relative difference of the width to height ratios up to which one picture may be the other, resized: rounding makes
less of it, a crop more."""


def same_shape(a: Size, b: Size) -> bool:
    """Whether two sizes have the same width to height ratio."""
    return abs(a[0] * b[1] / (a[1] * b[0]) - 1) <= SAME_SHAPE


def same_shape_either_way_up(a: Size, b: Size) -> bool:
    """The same, where one of them may be told of the picture before its orientation was applied."""
    return same_shape((max(a), min(a)), (max(b), min(b)))
