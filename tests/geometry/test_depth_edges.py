import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, plane, with_box

from recon.geometry.depth_edges import backdrop_distance_m, connect, flying
from recon.geometry.unproject import rays_of
from recon.types import Intrinsics

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)
BOX = (slice(30, 90), slice(50, 100))


def test_an_outline_is_cut_and_nothing_else() -> None:
    z = with_box(floor_and_wall(), *BOX, 2.0)
    cut = ~connect(z, ALL, RAYS, 0.04).right
    # The wall is at 6 m, and the floor in front of the box is at 2 m only in rows below it.
    assert cut[30:90, 49].all() and cut[30:90, 99].all()
    cut[:, [49, 99]] = False
    assert not cut.any()


def incidence_deg(normal: tuple[float, float, float]) -> np.ndarray:
    """Angle between each viewing ray and a plane's normal, (H, W), degrees."""
    rays = np.stack([*np.meshgrid(RAYS.x, RAYS.y), np.ones_like(ALL, float)], axis=-1)
    cosine = rays @ np.array(normal) / np.linalg.norm(rays, axis=-1) / np.linalg.norm(normal)
    return np.degrees(np.arccos(np.abs(cosine)))


@pytest.mark.parametrize("tilt_deg", [0, 45, 60, 70, 80, 84])
@pytest.mark.parametrize("direction", ["x", "y"])
def test_of_a_surface_seen_at_up_to_80_degrees_nothing_is_lost(tilt_deg: float, direction: str) -> None:
    sin, cos = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    normal = (sin, 0.0, cos) if direction == "x" else (0.0, sin, cos)
    z = plane(normal, 1.0, RAYS)
    hit = np.isfinite(z) & (z < 1000)
    links = connect(np.where(hit, z, 1).astype(np.float32), hit, RAYS, 0.04)
    seen = hit & (incidence_deg(normal) <= 80)
    cut_right = seen[:, :-1] & seen[:, 1:] & ~links.right
    cut_down = seen[:-1] & seen[1:] & ~links.down
    assert seen.sum() > 2000
    assert cut_right.sum() + cut_down.sum() == 0


def test_a_floor_is_whole_as_far_as_twenty_times_the_camera_s_height() -> None:
    z = plane((0, 1, 0), 1.5, RAYS)
    hit = z < 1000
    links = connect(np.where(hit, z, 1).astype(np.float32), hit, RAYS, 0.04)
    near = z < 20 * 1.5 * 0.9
    assert not (near[:-1] & near[1:] & ~links.down).any()


def test_a_threshold_of_nought_cuts_nothing() -> None:
    z = with_box(floor_and_wall(), *BOX, 0.5)
    links = connect(z, ALL, RAYS, 0.0)
    assert links.right.all() and links.down.all()


def test_what_is_not_usable_is_connected_to_nothing() -> None:
    usable = ALL.copy()
    usable[60, 80] = False
    links = connect(floor_and_wall(), usable, RAYS, 0.04)
    assert not links.right[60, 79] and not links.right[60, 80]
    assert not links.down[59, 80] and not links.down[60, 80]


@pytest.mark.parametrize("ramp", [1, 2, 3])
def test_a_blurred_outline_flies_and_its_surfaces_stay(ramp: int) -> None:
    z = np.full((120, 160), 6.0, np.float32)
    z[:, :80] = 2.0
    between = np.linspace(1 / 2.0, 1 / 6.0, ramp + 2)[1:-1]
    z[:, 80 : 80 + ramp] = 1 / between
    result = flying(connect(z, ALL, RAYS, 0.04), ALL)
    assert result[:, 80 : 80 + ramp].all()
    result[:, 80 : 80 + ramp] = False
    assert not result.any()


def test_thin_things_stay_whole_where_outlines_are_sharp() -> None:
    z = plane((0.3, 0.1, 1), 6.0, RAYS)
    slats = range(20, 140, 40)
    for left in slats:
        z[:, left : left + 4] = 1 / (
            0.5 + 0.03 * np.arange(4)
        )  # so steep that each step is over the threshold
    links = connect(z, ALL, RAYS, 0.04)
    for left in slats:
        assert not links.right[:, left - 1].any() and not links.right[:, left + 3].any()
        assert links.right[:, left : left + 3].all()


def test_a_small_step_is_cut_where_outlines_are_sharp_and_left_where_they_are_not() -> None:
    z = with_box(plane((0.3, 0.1, 1), 3.0, RAYS), *BOX, 1.5)
    z[100:, :] *= 0.998
    assert not connect(z, ALL, RAYS, 0.04).down[99].any()
    # The same with a pixel in between along every outline of the box, as a network has them.
    blurred = z.copy()
    blurred[30:90, 50] = blurred[30:90, 99] = blurred[30, 50:100] = blurred[89, 50:100] = 2.0
    assert connect(blurred, ALL, RAYS, 0.04).down[99].all()


def test_the_border_of_a_hole_does_not_fly() -> None:
    usable = ALL.copy()
    usable[40:60, 40:60] = False
    assert not flying(connect(floor_and_wall(), usable, RAYS, 0.04), usable).any()


def test_the_scale_of_the_scene_changes_nothing() -> None:
    z = with_box(floor_and_wall(), *BOX, 2.0)
    small, large = connect(0.01 * z, ALL, RAYS, 0.04), connect(100 * z, ALL, RAYS, 0.04)
    assert np.array_equal(small.right, large.right) and np.array_equal(small.down, large.down)


def test_one_row_and_one_column_work() -> None:
    for width, height in ((1, 9), (9, 1), (1, 1)):
        camera = Intrinsics.from_focal(10, width=width, height=height, source="user")
        usable = np.ones((height, width), bool)
        links = connect(np.ones((height, width), np.float32), usable, rays_of(camera), 0.04)
        assert not flying(links, usable).any()


def test_a_backdrop_is_behind_the_scene() -> None:
    z = floor_and_wall()
    assert backdrop_distance_m(z, ALL) > z.max()
    assert backdrop_distance_m(z, ~ALL) == 100.0
