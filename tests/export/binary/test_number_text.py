"""Numbers as text: equal to Python's own formatting."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.export.binary.number_text import decimals, integers, lines

numbers = st.lists(st.floats(-1e5, 1e5, width=32), min_size=1, max_size=30)


@given(numbers, st.integers(1, 7))
def test_decimals_are_the_nearest(values, places):
    printed = lines(decimals(np.float32(values), places)).decode().splitlines()
    assert len(printed) == len(values)
    for text, value in zip(printed, np.float32(values), strict=True):
        assert abs(float(text) - float(value)) <= 0.5000001 * 10**-places + 1e-10
        assert len(text.split(".")[1]) == places
        assert text == f"{float(text):.{places}f}".replace("-0." + "0" * places, "0." + "0" * places)


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=30))
def test_integers_are_exact(values):
    assert lines(integers(np.array(values))).decode().split() == [str(value) for value in values]


def test_zero_has_no_sign():
    assert lines(decimals(np.float32([-1e-9, -0.0]), 6)) == b"0.000000\n0.000000\n"


def test_columns_and_texts_side_by_side():
    column = integers(np.array([5, 12]))
    assert lines("f ", column, "/", column) == b"f 5/5\nf 12/12\n"
