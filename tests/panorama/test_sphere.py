"""Pixels to directions and back, for whole and partial panoramas of both projections."""

import numpy as np
import pytest

from recon.panorama.sphere import Sphere
from recon.types import PanoramaFrame

WHOLE = Sphere.of(PanoramaFrame("equirectangular", 64, 32), width=64, height=32)
PART = Sphere.of(PanoramaFrame("equirectangular", 128, 64, 20, 10), width=40, height=30)
CYLINDER = Sphere.of(PanoramaFrame("cylindrical", 120, 60, 30, 5), width=50, height=40)
BEHIND = Sphere.of(PanoramaFrame("equirectangular", 64, 32, 48, 0), width=30, height=32)


@pytest.mark.parametrize(
    "sphere", [WHOLE, PART, CYLINDER, BEHIND], ids=["whole", "part", "cylinder", "behind"]
)
def test_every_pixel_comes_back_from_its_direction(sphere: Sphere) -> None:
    directions = sphere.pixel_directions()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=-1), 1)
    u, v = sphere.positions(3 * directions)
    columns, rows = np.meshgrid(np.arange(sphere.chart.width) + 0.5, np.arange(sphere.chart.height) + 0.5)
    np.testing.assert_allclose(u, columns, atol=1e-9)
    np.testing.assert_allclose(v, rows, atol=1e-9)


def test_the_middle_is_ahead_and_right_is_right() -> None:
    ahead, right, down = (np.array([each]) for each in ((0, 0, 1.0), (1.0, 0, 0), (0, 1.0, 0.001)))
    assert WHOLE.positions(ahead) == (32, 16) and WHOLE.positions(right) == (48, 16)
    assert WHOLE.positions(down)[1] > 31.9
    assert CYLINDER.positions(ahead) == (30, 25)


def test_the_horizon_of_a_cylinder_is_its_middle_and_heights_are_tangents() -> None:
    _, v = CYLINDER.positions(np.array([[0.0, 0.5, 1.0]]))
    assert v[0] == pytest.approx(25 + 0.5 * 120 / (2 * np.pi))


def test_only_a_whole_panorama_wraps_and_has_poles() -> None:
    assert WHOLE.wraps and WHOLE.poles == (True, True)
    assert not PART.wraps and PART.poles == (False, False)
    assert not CYLINDER.wraps and CYLINDER.poles == (False, False)
    assert WHOLE.resized(width=640, height=320).wraps and WHOLE.chart.angular
