"""Numbers for people."""

import pytest

from recon.units import counted, metres, parse_count, rounded, significant


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


@pytest.mark.parametrize(
    ("length_m", "relative", "text"),
    [
        (1.684, 1.362, "1.7 m"),
        (4.03, 0.02, "4.03 m"),
        (40.34, 0.02, "40.34 m"),
        (40.34, 0.28, "40 m"),
        (403.4, 1.362, "400 m"),
        (4.0349, 1e-4, "4.03 m"),
        (4.0349, None, "4.03 m"),
        (40.349, None, "40.3 m"),
        (0.0, 0.5, "0.00 m"),
    ],
)
def test_a_length_has_the_digits_that_its_uncertainty_leaves(
    length_m: float, relative: float | None, text: str
) -> None:
    assert metres(length_m, relative) == text


def test_rounding_gives_the_interval_two_digits_and_no_negative_zero() -> None:
    assert rounded(1.2345, 0.058, 4) == "1.234" and rounded(-0.01, 1.0, 2) == "0.0"
    assert rounded(1.2345, 1e-9, 4) == "1.2345" and rounded(1.2345, float("inf"), 4) == "1.2345"


def test_one_is_singular() -> None:
    assert [counted(n, "line") for n in (0, 1, 2, 12000)] == ["0 lines", "1 line", "2 lines", "12,000 lines"]


@pytest.mark.parametrize("count", [1, 999, 1000, 1_234_567, 1_005_000, 10**15])
def test_a_count_is_read_as_it_is_written(count: int) -> None:
    for text in (
        f"{count}",
        f"{count:,}",
        f"{count:_}",
        f" {count:,} ".replace(",", " "),
        f"{count / 1000!r}k",
    ):
        assert parse_count(text) == count
        assert parse_count(f"-{text.strip()}") == -count
    assert parse_count("1.005k") == parse_count("1,005") == 1005
    assert parse_count("0,750M") == 750_000


@pytest.mark.parametrize(
    "text", ["", "k", "1.5", "1,5", "1.2345k", "12,34", "1,234.5k", "1e99", "nan", "0x10", "5 %"]
)
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_count(text)
