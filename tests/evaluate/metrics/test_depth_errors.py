"""Errors of depth: textbook loops, programs of others, and what they must be where it is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from independent import euler

from recon.evaluate import depth_errors, fit_inverse, median_scale

Pairs = list[tuple[float, float]]
depths = st.floats(0.1, 100)
some_pairs = st.lists(st.tuples(depths, depths), min_size=1, max_size=30)


def drawn(seed: int, count: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Estimate and truth, m, with errors of all sizes."""
    rng = np.random.default_rng(seed)
    true_m = rng.uniform(0.3, 60, count)
    return true_m * np.exp(rng.standard_t(3, count) * 0.2), true_m


def textbook(pairs: Pairs) -> dict[str, float]:
    """The definitions, one pixel after another."""
    n = len(pairs)
    d = [math.log(z) - math.log(t) for z, t in pairs]
    pairwise = sum((a - b) ** 2 for a in d for b in d) / (2 * n * n)  # Eigen's equation 1, its first form
    return {
        "abs_rel": sum(abs(z - t) / t for z, t in pairs) / n,
        "sq_rel_m": sum((z - t) ** 2 / t for z, t in pairs) / n,
        "rmse_m": math.sqrt(sum((z - t) ** 2 for z, t in pairs) / n),
        "rmse_log": math.sqrt(sum(x * x for x in d) / n),
        "log10": sum(abs(math.log10(z) - math.log10(t)) for z, t in pairs) / n,
        **{f"delta{k}": sum(max(z / t, t / z) < 1.25**k for z, t in pairs) / n for k in (1, 2, 3)},
        "si_log": math.sqrt(max(pairwise, 0.0)),
    }


@settings(max_examples=60)
@given(some_pairs)
def test_textbook_loops_agree(pairs: Pairs) -> None:
    z_m, true_m = np.array(pairs).T
    result = vars(depth_errors(z_m, true_m))
    assert result == pytest.approx(textbook(pairs), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_another_program_agrees(seed: int) -> None:
    z_m, true_m = drawn(seed)
    theirs, _ = euler("depth_standard").compute_standard_depth_metrics(z_m, true_m)
    names = {"abs_rel": "absrel", "sq_rel_m": "sqrel", "rmse_m": "rmse", "si_log": "silog"}
    for name, value in vars(depth_errors(z_m, true_m)).items():
        assert value == pytest.approx(theirs[names.get(name, name)], abs=1e-6, rel=1e-6), name
    silog = euler("scale_invariant_log").compute_scale_invariant_log_error(z_m, true_m)
    assert depth_errors(z_m, true_m).si_log == pytest.approx(silog, abs=1e-6)


def test_libraries_agree() -> None:
    import torch

    z_m, true_m = drawn(9)
    z, t = torch.from_numpy(z_m), torch.from_numpy(true_m)
    result = depth_errors(z_m, true_m)
    mse = torch.nn.functional.mse_loss
    assert result.rmse_m == pytest.approx(float(mse(z, t)) ** 0.5, abs=1e-6)
    assert result.rmse_log == pytest.approx(float(mse(z.log(), t.log())) ** 0.5, abs=1e-6)
    assert result.log10 == pytest.approx(float(torch.nn.functional.l1_loss(z.log10(), t.log10())), abs=1e-6)
    assert result.si_log == pytest.approx(float((z.log() - t.log()).var(correction=0)) ** 0.5, abs=1e-6)


def test_no_error_is_none() -> None:
    _, true_m = drawn(0)
    result = depth_errors(true_m, true_m)
    assert (result.delta1, result.delta2, result.delta3) == (1, 1, 1)
    assert all(value == 0 for name, value in vars(result).items() if not name.startswith("delta"))


@settings(max_examples=40)
@given(some_pairs, st.floats(0.1, 10))
def test_scale_invariant_error_ignores_a_factor(pairs: Pairs, factor: float) -> None:
    z_m, true_m = np.array(pairs).T
    errors, scaled = depth_errors(z_m, true_m), depth_errors(factor * z_m, true_m)
    assert scaled.si_log == pytest.approx(errors.si_log, abs=1e-9)


def test_a_common_factor_is_found_among_outliers() -> None:
    _, true_m = drawn(1)
    z_m = true_m / 1.7
    z_m[:2000] *= 5
    assert median_scale(z_m, true_m) == pytest.approx(1.7)


@pytest.mark.parametrize("seed", range(3))
def test_scale_and_shift_are_those_of_least_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true_m = rng.uniform(0.5, 30, 4000)
    inverse = 3 * (1 / true_m) - 0.4 + rng.normal(0, 0.02, 4000)
    slope, shift = np.polyfit(inverse, 1 / true_m, 1)
    result = fit_inverse(inverse, true_m)
    assert result.scale == pytest.approx(slope, abs=1e-9) and result.shift == pytest.approx(shift, abs=1e-9)


def test_exact_relative_depth_is_recovered() -> None:
    _, true_m = drawn(2)
    inverse = 250 * (1 / true_m) + 12
    result = fit_inverse(inverse, true_m)
    assert result.scale == pytest.approx(1 / 250) and result.shift == pytest.approx(-12 / 250)
    np.testing.assert_allclose(result.depth_m(inverse), true_m, rtol=1e-9)


def test_what_falls_behind_the_camera_is_as_far_as_the_truth_goes() -> None:
    result = fit_inverse(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, 1 / 3]))
    np.testing.assert_allclose(result.depth_m(np.array([1.0, 0.0, -5.0])), 1.0)


def test_a_flat_estimate_gets_the_mean() -> None:
    result = fit_inverse(np.full(5, 0.7), np.array([1.0, 2.0, 4.0, 2.0, 1.0]))
    assert result.scale == 0 and result.shift == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("z_m", "true_m"),
    [([], []), ([1.0], [1.0, 2.0]), ([0.0], [1.0]), ([1.0], [-1.0]), ([[1.0]], [[1.0]])],
)
def test_what_cannot_be_compared_is_refused(z_m: list[float], true_m: list[float]) -> None:
    with pytest.raises(ValueError):
        depth_errors(np.array(z_m), np.array(true_m))
    with pytest.raises(ValueError):
        median_scale(np.array(z_m), np.array(true_m))
