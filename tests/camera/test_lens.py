"""OpenCV's lens models: the same numbers as OpenCV's, and there and back."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon.camera.lens import Lens
from recon.types import Intrinsics

CAMERA = Intrinsics(520.0, 530.0, 322.0, 245.0, 640, 480, "user")
OPENCV = [
    (-0.28, 0.09, 0.001, -0.0008),
    (-0.28, 0.09, 0.001, -0.0008, -0.01),
    (0.2, 0.05, -0.002, 0.001, 0.02, 0.05, 0.01, 0.001),
]
FISHEYE = [(-0.02, 0.01, -0.004, 0.0006), (0.0, 0.0, 0.0, 0.0), (0.05, 0.0, 0.0, 0.0)]
# OpenCV's first pixel is at 0.
CV_MATRIX = CAMERA.matrix - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
RAYS = np.random.default_rng(5).uniform(-0.6, 0.6, (200, 2))


@pytest.mark.parametrize("numbers", OPENCV)
def test_the_opencv_model_is_opencvs(numbers: tuple[float, ...]) -> None:
    points = np.column_stack([RAYS, np.ones(len(RAYS))])
    expected = cv2.projectPoints(points, np.zeros(3), np.zeros(3), CV_MATRIX, np.array(numbers))[0][:, 0]
    u, v = Lens(CAMERA, "opencv", numbers).project(*RAYS.T)
    np.testing.assert_allclose(np.column_stack([u, v]), expected + 0.5, atol=1e-9)


@pytest.mark.parametrize("numbers", FISHEYE)
def test_the_fisheye_model_is_opencvs(numbers: tuple[float, ...]) -> None:
    points = np.column_stack([RAYS * 4, np.ones(len(RAYS))])[:, None]
    expected = cv2.fisheye.projectPoints(points, np.zeros(3), np.zeros(3), CV_MATRIX, np.array(numbers))[0]
    u, v = Lens(CAMERA, "fisheye", numbers).project(*RAYS.T * 4)
    np.testing.assert_allclose(np.column_stack([u, v]), expected[:, 0] + 0.5, atol=1e-9)


@pytest.mark.parametrize(
    "lens", [Lens(CAMERA, "opencv", n) for n in OPENCV] + [Lens(CAMERA, "fisheye", n) for n in FISHEYE]
)
def test_every_pixel_comes_back_from_its_ray(lens: Lens) -> None:
    u, v = np.meshgrid(np.linspace(0, 640, 41), np.linspace(0, 480, 31))
    x, y = lens.rays(u, v)
    assert np.isfinite(x).all()
    back = lens.project(x, y)
    np.testing.assert_allclose(back, [u, v], atol=1e-4)


def test_the_ideal_fisheye_has_its_angle_as_radius() -> None:
    lens = Lens(CAMERA, "fisheye", (0.0,))
    x, _ = lens.rays(np.array([CAMERA.cx + CAMERA.fx * np.pi / 4]), np.array([CAMERA.cy]))
    assert x[0] == pytest.approx(1.0)
    assert lens.stretch(np.array([1.0]), np.array([0.0]))[0] == pytest.approx(2.0, rel=1e-5)  # 1 / cos^2


@given(k1=st.floats(-2, -0.2))
def test_no_ray_is_invented_beyond_the_fold(k1: float) -> None:
    lens = Lens(CAMERA, "opencv", (k1,))
    fold = np.sqrt(-1 / (3 * k1))  # of r + k1 r^3
    assert lens.widest == pytest.approx(fold, rel=0.01)
    assert lens.folds_at_px == pytest.approx(CAMERA.fx * fold * 2 / 3, rel=0.01)
    beyond = CAMERA.cx + 1.02 * CAMERA.fx * fold * 2 / 3
    assert np.isnan(lens.rays(np.array([beyond]), np.array([CAMERA.cy]))[0]).all()
    assert np.isnan(lens.project(np.array([1.05 * fold]), np.array([0.0]))[0]).all()


def test_a_lens_has_coefficients() -> None:
    with pytest.raises(ValueError, match="1 to 4 coefficients"):
        Lens(CAMERA, "fisheye", (0.0,) * 5)
