"""The constants have the documented values, and are defined once."""

import ast
from pathlib import Path

import pytest
from scipy.stats import norm

from recon.statistics import COVERAGE_FACTOR, SIGMA_PER_MEDIAN

ROOT = Path(__file__).parents[1]


def test_they_are_the_normal_distribution_s() -> None:
    assert pytest.approx(norm.ppf(0.975), abs=5e-5) == COVERAGE_FACTOR
    assert pytest.approx(1 / norm.ppf(0.75), abs=5e-5) == SIGMA_PER_MEDIAN


@pytest.fixture(scope="module")
def floats() -> list[tuple[float, str]]:
    """Every float in the sources, and its place."""
    return [
        (node.value, f"{path}:{node.lineno}")
        for folder in ("recon", "apps")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]


@pytest.mark.parametrize("number", [1.96, 1.4826, 43.2666, 0.3048, 0.0254])
def test_they_are_written_once(number: float, floats: list[tuple[float, str]]) -> None:
    result = [place for value, place in floats if abs(value - number) < 1e-4]
    assert len(result) == 1, result
