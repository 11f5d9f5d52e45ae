from dataclasses import replace

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, plane

from recon.errors import ExportError
from recon.geometry.depth_edges import connect
from recon.geometry.normals import grid_normals
from recon.geometry.point_cloud import GridCloud
from recon.geometry.unproject import rays_of, unproject
from recon.geometry.voxel_grid import thin
from recon.types import BoolMap, PointCloud

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)
POINTS = unproject(floor_and_wall(), RAYS)
RGB = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)


def cloud_of(keep: BoolMap) -> PointCloud:
    return GridCloud(floor_and_wall(), keep, RAYS, RGB).whole()


def test_kept_pixels_come_in_row_order_with_their_colours() -> None:
    keep = np.random.default_rng(1).random((120, 160)) < 0.5
    cloud = cloud_of(keep)
    assert np.array_equal(cloud.points, POINTS[keep]) and np.array_equal(cloud.rgb, RGB[keep])
    whole = cloud_of(ALL)
    assert np.array_equal(whole.points, POINTS.reshape(-1, 3))


def test_thinning_leaves_one_point_a_cube_and_the_mean_colour() -> None:
    cloud = thin(cloud_of(ALL), 0.25)
    cells = np.floor(cloud.points / 0.25)
    assert len(np.unique(cells, axis=0)) == len(cloud.points) < 120 * 160
    assert np.abs(cloud.rgb.mean(0) - RGB.reshape(-1, 3).mean(0)).max() < 10


def test_a_cube_larger_than_the_scene_leaves_a_point_per_octant() -> None:
    cloud = thin(cloud_of(ALL), 1000.0)
    assert len(cloud.points) == 4
    assert np.allclose(cloud.points.mean(0), POINTS.reshape(-1, 3).mean(0), atol=1.0)


def test_cubes_too_small_to_number_are_refused() -> None:
    for size_m in (1e-9, 1e-300):
        with pytest.raises(ExportError, match="larger --voxel"):
            thin(cloud_of(ALL), size_m)


def test_nothing_thins_to_nothing() -> None:
    assert len(thin(cloud_of(~ALL), 0.1).points) == 0


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.3, 0.4, 0.866), (0.0, 0.95, 0.31), (-0.6, 0.1, 0.79)])
def test_normals_of_a_plane_are_the_plane_s_and_face_the_camera(normal: tuple[float, float, float]) -> None:
    z = plane(normal, 2.0, RAYS)
    usable = np.isfinite(z) & (z < 50)
    z = np.where(usable, z, 1).astype(np.float32)
    normals = grid_normals(z, RAYS, connect(z, usable, RAYS, 0.0))
    inner = usable.copy()
    inner[1:-1, 1:-1] &= usable[:-2, 1:-1] & usable[2:, 1:-1] & usable[1:-1, :-2] & usable[1:-1, 2:]
    unit = np.array(normal) / np.linalg.norm(normal)
    assert (normals[inner] @ unit < -0.999).all()
    assert np.abs(np.linalg.norm(normals, axis=-1) - 1).max() < 1e-5


def test_a_lonely_pixel_faces_the_picture_s_plane() -> None:
    usable = np.zeros_like(ALL)
    usable[10, 20] = True
    z = floor_and_wall()
    normals = grid_normals(z, RAYS, connect(z, usable, RAYS, 0.04))
    assert normals[10, 20].tolist() == [0, 0, -1]


def test_normals_do_not_look_across_an_edge() -> None:
    z = np.full((120, 160), 6.0, np.float32)
    z[:, :80] = 2.0
    normals = grid_normals(z, RAYS, connect(z, ALL, RAYS, 0.04))
    assert np.abs(normals - [0, 0, -1]).max() < 1e-5


def test_a_cube_has_the_mean_standard_deviation_of_its_points() -> None:
    """Neighbouring pixels err together: their mean is no surer."""
    cloud = cloud_of(ALL)
    one = replace(cloud, sigma_m=np.full(len(cloud), 0.25, np.float32))
    assert np.array_equal(np.unique(thin(one, 0.25).sigma_m), [0.25])
    two = PointCloud(
        np.float32([[0, 0, 1], [0, 0, 1.1]]), np.zeros((2, 3), np.uint8), None, np.float32([0.1, 0.3])
    )
    assert thin(two, 1000.0).sigma_m == pytest.approx([0.2])
