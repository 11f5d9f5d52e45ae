"""The constants are what they say, and stand in the code once."""

import re
from pathlib import Path

import pytest
from scipy.stats import norm

from recon.statistics import COVERAGE_FACTOR, SIGMA_PER_MEDIAN

ROOT = Path(__file__).parents[1]


def test_they_are_the_normal_distribution_s() -> None:
    assert pytest.approx(norm.ppf(0.975), abs=5e-5) == COVERAGE_FACTOR
    assert pytest.approx(1 / norm.ppf(0.75), abs=5e-5) == SIGMA_PER_MEDIAN


@pytest.mark.parametrize("number", ["43.2666", "0.3048", "0.0254"])
def test_they_are_written_once(number: str) -> None:
    code = re.compile(rf"(?:=|\(|\* |/ |: |, ){re.escape(number)}\d*\b")
    found = [
        f"{path}:{count}"
        for folder in ("recon", "apps")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for count, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if code.search(line)
    ]
    assert len(found) == 1, found
