"""Numbers for people."""

import pytest

from recon.units import significant


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (12345.678, 3, "12300"),
        (170.4, 2, "170"),
        (99.96, 3, "100"),
        (2.0, 3, "2"),
        (0.012345, 3, "0.0123"),
        (-3.14159, 3, "-3.14"),
        (0.0, 3, "0"),
        (float("inf"), 3, "inf"),
    ],
)
def test_significant_digits_without_an_exponent(number: float, digits: int, text: str) -> None:
    assert significant(number, digits) == text
