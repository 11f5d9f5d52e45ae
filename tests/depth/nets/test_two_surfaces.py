"""Two surfaces at soft outlines: known answers for steps, planes, creases and ripples."""

import cv2
import numpy as np
import pytest

from recon.depth.nets.two_surfaces import TwoSurfaces, two_surfaces, unrippled

NEAR, FAR = 1.0, 0.2
WIDTH, HEIGHT = 60, 40


def _columns(values: np.ndarray) -> np.ndarray:
    """A map (HEIGHT, WIDTH) whose columns have these values."""
    return np.repeat(values[None], HEIGHT, axis=0).astype(np.float32)


def _ramp(blur: float) -> np.ndarray:
    step = _columns(np.where(np.arange(WIDTH) < 30, NEAR, FAR))
    return cv2.GaussianBlur(step, (0, 0), blur)


@pytest.mark.parametrize(("blur", "off"), [(0.5, 0.02), (1.0, 0.08), (1.5, 0.2)])
def test_within_a_ramp_both_surfaces_have_the_depth_beyond_it(blur: float, off: float) -> None:
    result = two_surfaces(_ramp(blur))
    middle = np.s_[5:-5, 29:31]
    assert result.parted[middle].all()
    np.testing.assert_allclose(result.upper[middle], NEAR, atol=off)
    np.testing.assert_allclose(result.lower[middle], FAR, atol=off)
    away = np.abs(np.arange(WIDTH) - 29.5) > 9
    assert not result.parted[:, away].any()
    np.testing.assert_allclose(result.upper[:, away], result.lower[:, away], atol=1e-5)


def test_the_surface_of_a_pixel_has_no_step_where_the_parting_ends() -> None:
    coarse = _ramp(1.5)
    result = two_surfaces(coarse)
    near_side = result.upper[20, :30]
    assert np.abs(np.diff(near_side)).max() < 0.05, "0.27 without a transition"
    assert np.abs(near_side - coarse[20, :30]).max() > 0.15, "but it is not the ramp itself"


@pytest.mark.parametrize("slopes", [(0.05, 0.05), (0.1, 0.1), (-0.06, 0.06), (0.0, 0.08)])
def test_planes_and_creases_stay_one_surface(slopes: tuple[float, float]) -> None:
    place = np.arange(WIDTH) - 30
    coarse = _columns(np.where(place < 0, slopes[0], slopes[1]) * place)
    result = two_surfaces(coarse)
    assert not result.parted.any()
    # A crease is rounded within the reach of the smoothing, and no more than ripples are.
    np.testing.assert_allclose(result.upper[:, 4:-4], coarse[:, 4:-4], atol=0.06)
    np.testing.assert_allclose(result.upper[:, 8:20], coarse[:, 8:20], atol=1e-3)


@pytest.mark.parametrize("with_post", [False, True])
def test_a_facade_that_recedes_to_ten_times_its_distance_is_parted_only_at_a_post_before_it(
    with_post: bool,
) -> None:
    inverse = _columns(np.linspace(1 / 4, 1 / 40, WIDTH))
    if with_post:
        inverse[:, 30:34] = 1 / 3
    parted = two_surfaces(cv2.GaussianBlur(np.log(inverse), (0, 0), 0.8)).parted
    away = np.abs(np.arange(WIDTH) - 31.5) > 8
    assert not parted[:, away].any(), "the far end was, 0.13 of log depth per pixel"
    assert parted[:, [30, 33]].all() == with_post


def test_pixels_without_weight_make_no_outline_and_get_the_depth_around_them() -> None:
    """Above row 20 is the sky, which the network puts far behind the wall."""
    coarse = np.full((HEIGHT, WIDTH), NEAR, np.float32)
    coarse[:20] = -3
    weight = np.zeros_like(coarse)
    weight[20:] = 1
    assert two_surfaces(coarse).parted[18:22].all()
    result = two_surfaces(coarse, weight)
    assert not result.parted.any()
    np.testing.assert_allclose(result.upper, NEAR, atol=1e-3)


def test_without_any_weight_the_map_is_its_mean() -> None:
    result = two_surfaces(_ramp(1.0), np.zeros((HEIGHT, WIDTH), np.float32))
    np.testing.assert_allclose(result.upper, _ramp(1.0).mean(), atol=1e-3)


def test_ripples_are_smoothed_and_steps_are_not() -> None:
    rng = np.random.default_rng(0)
    clean = _columns(np.where(np.arange(WIDTH) < 30, 1.2, 0.02 * np.arange(WIDTH) - 0.4))
    rippled = clean + rng.normal(0, 0.02, clean.shape).astype(np.float32)
    result = unrippled(rippled)
    inside = np.s_[5:-5, [*range(5, 24), *range(36, 55)]]
    assert np.std((result - clean)[inside]) < 0.4 * np.std((rippled - clean)[inside])
    assert np.abs(result[:, 29] - 1.2).mean() < 0.03 and np.abs(result[:, 30] - 0.2).mean() < 0.03


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_tiny_maps_work(size: tuple[int, int]) -> None:
    coarse = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    result = two_surfaces(coarse, np.ones(size, np.float32))
    assert isinstance(result, TwoSurfaces) and np.isfinite(result.upper).all()
    assert (result.upper >= result.lower).all()


@pytest.mark.parametrize("shape", [(5,), (4, 5, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected a map \(h, w\)"):
        two_surfaces(np.zeros(shape, np.float32))


def test_a_weight_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5\) and \(5, 4\)"):
        two_surfaces(np.zeros((4, 5), np.float32), np.zeros((5, 4), np.float32))


@pytest.mark.parametrize(("step", "is_outline"), [(0.1, False), (0.25, True)])
def test_a_kerb_is_no_outline_and_a_chair_before_a_wall_is(step: float, is_outline: bool) -> None:
    """Steps of log depth: 10 % and 25 % of the distance."""
    coarse = _columns(np.where(np.arange(WIDTH) < 30, step, 0))
    assert two_surfaces(cv2.GaussianBlur(coarse, (0, 0), 0.5)).parted.any() == is_outline


def test_near_pixels_tell_more_of_a_surface_than_far_ones() -> None:
    """A strip two pixels wide, in front of a third surface: what is next to the near surface is the strip."""
    place = np.arange(WIDTH)
    strip = two_surfaces(_columns(np.where(place < 30, NEAR, np.where(place < 32, FAR, -FAR)))).lower[20, 29]
    assert 0.06 < strip < FAR, "0.026 with equal weights: nearer to the mean of the two"
