"""Constants of the normal distribution."""

COVERAGE_FACTOR = 1.96
"""Half-width of the 95 % interval of a normal distribution, in standard deviations (JCGM 100:2008, table G.1)."""
SIGMA_PER_MEDIAN = 1.4826
"""Standard deviation of a normal distribution over the median of its absolute deviations."""
