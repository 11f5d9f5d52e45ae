"""What was typed into a dialog's fields: the command line understands the same."""

import pytest

from recon_cli.options.param_types import Count, Metres
from recon_viewer.model.typed_number import typed_count, typed_length


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("  ", None),
        ("300000", 300_000),
        ("300,000 ", 300_000),
        ("300k", 300_000),
        ("1.5M", 1_500_000),
        ("300K", 300_000),
        ("1.5m", 1_500_000),
        ("1,5M", 1_500_000),
        ("100_000", 100_000),
        ("1,500k", 1_500_000),
        ("2 000 000", 2_000_000),
    ],
)
def test_a_count_may_be_in_thousands(text: str, meant: int | None) -> None:
    assert typed_count(text) == meant
    assert meant is None or Count().convert(text, None, None) == meant


@pytest.mark.parametrize(
    ("text", "meant_m"),
    [("", None), ("0.05", 0.05), ("0,05", 0.05), (" 2 ", 2.0), ("5cm", 0.05), ("2 mm", 0.002), ("1,5m", 1.5)],
)
def test_a_length_is_in_metres_unless_it_has_a_unit(text: str, meant_m: float | None) -> None:
    assert typed_length(text) == (None if meant_m is None else pytest.approx(meant_m))
    assert meant_m is None or Metres().convert(text, None, None) == pytest.approx(meant_m)


@pytest.mark.parametrize("text", ["0", "-5", "many", "nan", "inf", "1.2.3", "5 apples", "0.0", "1,50,000"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 300000"):
        typed_count(text)
    with pytest.raises(ValueError, match=r"such as 0\.05"):
        typed_length(text)
