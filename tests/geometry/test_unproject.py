import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import CAMERA, floor_and_wall, plane

from recon.geometry.unproject import pixel_centres, project, rays_of, unproject
from recon.types import Intrinsics


def test_project_after_unproject_gives_the_pixel_centres() -> None:
    camera = Intrinsics(210.0, 190.0, 71.3, 66.6, 160, 120)
    z = floor_and_wall(camera)
    pixels = project(unproject(z, rays_of(camera)).reshape(-1, 3), camera)
    u, v = np.meshgrid(pixel_centres(160), pixel_centres(120))
    assert np.abs(pixels - np.stack([u.ravel(), v.ravel()], 1)).max() < 1e-4


def test_twice_the_depth_is_twice_the_points() -> None:
    z, rays = floor_and_wall(), rays_of(CAMERA)
    assert np.array_equal(unproject(2 * z, rays), 2 * unproject(z, rays))


def test_the_picture_s_centre_lies_on_the_axis() -> None:
    camera = Intrinsics.from_focal(100.0, width=5, height=3, source="user")
    points = unproject(np.full((3, 5), 2.0, np.float32), rays_of(camera))
    assert points[1, 2].tolist() == [0.0, 0.0, 2.0]
    assert points[1, 3].tolist() == pytest.approx([0.02, 0.0, 2.0])


def test_a_plane_unprojects_to_a_plane() -> None:
    rays = rays_of(CAMERA)
    points = unproject(plane((0.2, 0.5, 0.8), 3.0, rays), rays)
    assert np.abs(points @ np.array([0.2, 0.5, 0.8]) - 3.0).max() < 1e-5


@given(st.integers(1, 7))
def test_a_stride_keeps_the_pixels_own_rays(stride: int) -> None:
    z = floor_and_wall()
    full = unproject(z, rays_of(CAMERA))
    thinned = unproject(np.ascontiguousarray(z[::stride, ::stride]), rays_of(CAMERA, stride))
    assert np.array_equal(thinned, full[::stride, ::stride])


def test_a_large_principal_point_loses_nothing() -> None:
    camera = Intrinsics(3032.59, 3032.59, 1988.45, 1512.31, 4032, 3024)
    rays = rays_of(camera)
    exact = (np.arange(4032) + 0.5 - 1988.45) / 3032.59
    assert np.abs(rays.x - exact).max() < 1e-7


def test_depth_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit rays"):
        unproject(np.ones((3, 3), np.float32), rays_of(CAMERA))


def test_points_behind_the_camera_are_not_projected() -> None:
    with pytest.raises(ValueError, match="behind the camera"):
        project(np.array([[0, 0, -1]], np.float32), CAMERA)
