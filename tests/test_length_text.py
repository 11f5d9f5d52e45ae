"""Lengths with units and uncertainties, as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.length_text import parse_length, parse_measure


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("2.03m", 2.03),
        ("203 cm", 2.03),
        ("2030mm", 2.03),
        ("6ft", 1.8288),
        ("6ft 8in", 2.032),
        ("6'8\"", 2.032),
        ("80in", 2.032),
        ("1e-1m", 0.1),
        ("2M", 2.0),
        ("1,06m", 1.06),
        (",5m", 0.5),
        ("0,750m", 0.75),
    ],
)
def test_units(text: str, metres: float) -> None:
    assert parse_length(text) == pytest.approx(metres, rel=1e-12)


@pytest.mark.parametrize("text", ["1,500mm", "12,000m", "2m±1,500mm"])
def test_a_comma_that_may_be_a_thousands_separator_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is ambiguous: write \d+\.\d+ or \d+"):
        parse_measure(text)


@given(st.floats(1e-3, 1e4), st.sampled_from(["m", "cm", "mm", "ft", "in"]))
def test_a_length_is_its_number_times_its_unit(number: float, unit: str) -> None:
    one = parse_length(f"1{unit}")
    assert parse_length(f"{number!r}{unit}") == pytest.approx(number * one, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "sigma_m"),
    [
        ("2m±3cm", 0.03),
        ("2m+-3cm", 0.03),
        ("2m +/- 2%", 0.04),
        ("2m~1in", 0.0254),
        ("2m", 0.02),
        # A tape measure is not read to a tenth of a millimetre.
        ("1cm", 0.002),
    ],
)
def test_uncertainties(text: str, sigma_m: float) -> None:
    assert parse_measure(text)[1] == pytest.approx(sigma_m, rel=1e-12)
