"""Joint upsampling: outlines at the photo's edges, nothing between two surfaces, slopes kept."""

import cv2
import numpy as np
import pytest

from recon.depth.nets.joint_upsampling import interpolated, upsample


def _scene(height: int = 300, width: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A disc before a wall, both slanted: log depth (H, W), its photo with noise, and the disc's mask."""
    y, x = np.mgrid[0:height, 0:width]
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (0.3 * width) ** 2
    rgb = np.where(disc[..., None], [180, 120, 90], [60, 90, 140]) + np.random.default_rng(0).normal(
        0, 6, (height, width, 3)
    )
    depth = np.where(disc, 0.2 + 0.2 * x / width, 1.4 + 0.1 * y / height)
    return depth.astype(np.float32), np.clip(rgb, 0, 255).astype(np.uint8), disc


def test_outlines_follow_the_photo_and_no_value_lies_between_the_surfaces() -> None:
    depth, rgb, _ = _scene()
    coarse = cv2.GaussianBlur(
        cv2.resize(depth, (100, 75), interpolation=cv2.INTER_NEAREST_EXACT), (0, 0), 0.6
    )
    result = upsample(coarse, rgb)
    smeared = cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_LINEAR)
    between = lambda m: float(((m > 0.5) & (m < 1.35)).mean())  # noqa: E731
    off = lambda m: float((np.abs(m - depth) > 0.1).mean())  # noqa: E731
    assert between(result) < 0.2 * between(smeared)
    assert off(result) < 0.15 * off(smeared)
    assert np.median(np.abs(result - depth)) < 1e-3, "slopes stay"


def test_noise_of_the_photo_does_not_fray_the_outline() -> None:
    depth, rgb, disc = _scene()
    noise = np.random.default_rng(1).normal(0, 25, rgb.shape)
    furry = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    coarse = cv2.resize(depth, (100, 75), interpolation=cv2.INTER_NEAREST_EXACT)
    near = upsample(coarse, furry) < 0.8
    # A pixel of the other surface than all four neighbours.
    middle = near[1:-1, 1:-1]
    around = [near[:-2, 1:-1], near[2:, 1:-1], near[1:-1, :-2], near[1:-1, 2:]]
    alone = np.logical_and.reduce([each != middle for each in around])
    assert alone.sum() <= 2
    assert (near != disc).mean() < 0.02


def test_a_map_without_edges_is_interpolated() -> None:
    coarse = np.linspace(0, 1, 40, dtype=np.float32)[None].repeat(30, 0)
    rgb = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    result = upsample(coarse, rgb)
    np.testing.assert_allclose(
        result, cv2.resize(coarse, (400, 300), interpolation=cv2.INTER_LINEAR), atol=0.02, err_msg="plane"
    )
    assert np.abs(np.diff(result[:, 40:-40], 2, axis=1)).max() < 1e-3, "no step"


def test_a_slanted_surface_keeps_its_slope_up_to_the_border() -> None:
    rows, columns = np.mgrid[0:30, 0:40].astype(np.float32)
    coarse = 0.01 * rows + 0.013 * columns
    for times in (8, 80):  # the second is enlarged in two steps
        height, width = 30 * times, 40 * times
        result = upsample(coarse, np.zeros((height, width, 3), np.uint8))
        y, x = (np.mgrid[0:height, 0:width] + 0.5) / times - 0.5
        np.testing.assert_allclose(result, 0.01 * y + 0.013 * x, atol=1e-5)


def test_a_step_at_the_border_is_not_led_on() -> None:
    coarse = np.zeros((30, 40), np.float32)
    coarse[:, 0] = coarse[-1] = 0.1
    result = interpolated(coarse, (400, 300))
    assert result.min() == 0 and result.max() == np.float32(0.1)
    assert interpolated(coarse[:1, :2], (20, 10)).shape == (10, 20)


def _shifted_edge() -> tuple[np.ndarray, np.ndarray]:
    """A step at column 200 of the photo, whose ramp in the map lies one coarse pixel (4 px) to the right."""
    rgb = np.full((300, 400, 3), 60, np.uint8)
    rgb[:, 200:] = (150, 130, 110)
    coarse = np.where(np.arange(100) < 51, 0.2, 1.4).astype(np.float32)[None].repeat(75, 0)
    return cv2.GaussianBlur(coarse, (0, 0), 1.2), rgb


def test_there_is_one_contour_and_it_lies_at_the_photos_edge() -> None:
    coarse, rgb = _shifted_edge()
    result = upsample(coarse, rgb)[20:-20]
    steps = np.abs(np.diff(result, axis=1)) > 0.1
    assert (steps.sum(axis=1) == 1).all(), "one step in each row"
    assert np.abs(steps.argmax(axis=1) + 1 - 200).max() <= 1
    height = np.abs(np.diff(result, axis=1)).max(axis=1)
    assert height.min() > 0.9, "three quarters of the 1.2 between the two surfaces"


def test_without_an_edge_in_the_photo_the_contour_is_the_middle_of_the_ramp() -> None:
    coarse, rgb = _shifted_edge()
    rng = np.random.default_rng(2)
    for photo in (np.full_like(rgb, 90), rng.integers(60, 120, rgb.shape).astype(np.uint8)):
        result = upsample(coarse, photo)[20:-20]
        steps = np.abs(np.diff(result, axis=1)) > 0.5
        assert (steps.sum(axis=1) == 1).mean() > 0.97
        assert np.abs(steps.argmax(axis=1) + 1 - 204).mean() < 2


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 4)])
def test_other_photos_than_rgb_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"rgb: expected \(H, W, 3\)"):
        upsample(np.zeros((3, 4), np.float32), np.zeros(shape, np.uint8))


def test_large_photos_keep_their_steps_sharp() -> None:
    depth, rgb, disc = _scene()
    large = cv2.resize(rgb, (3200, 2400), interpolation=cv2.INTER_LINEAR)
    coarse = cv2.resize(depth, (100, 75), interpolation=cv2.INTER_NEAREST_EXACT)
    result = upsample(coarse, large)
    assert result.shape == (2400, 3200)
    row = result[1200]
    steps = np.flatnonzero(np.abs(np.diff(row)) > 0.5)
    assert len(steps) == 2, "one pixel wide, at both sides of the disc"
    edges = np.flatnonzero(np.diff(cv2.resize(disc.astype(np.uint8), (3200, 2400))[1200]))
    assert steps == pytest.approx(edges, abs=24)


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 3)])
def test_tiny_photos_work(size: tuple[int, int]) -> None:
    rgb = np.zeros((*size, 3), np.uint8)
    assert upsample(np.array([[0, 1], [1, 3]], np.float32), rgb).shape == size
