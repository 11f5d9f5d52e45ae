"""Constants of the normal distribution, and how an interval is stated."""

from recon.units import significant

COVERAGE_FACTOR = 1.96
"""Half-width of the 95 % interval of a normal distribution, in standard deviations (JCGM 100:2008, table G.1)."""
SIGMA_PER_MEDIAN = 1.4826
"""Standard deviation of a normal distribution over the median of its absolute deviations."""
_WIDEST = 0.3
"""A wider interval of a scale is not symmetric any more, as its logarithm is what is normal."""


def scale_text(interval: float, digits: int = 1) -> str:
    """``± 3.1 %``, or ``within a factor of 1.9`` for a scale that may be 1.9 times too large or too small.

    Args:
        interval: Upper half-width of the 95 % interval, relative: 0.9 for 1.9 times as large.
        digits: Decimals of the percentage.
    """
    if interval > _WIDEST:
        return f"within a factor of {significant(1 + interval, 2)}"
    return f"± {100 * interval:.{digits}f} %"
