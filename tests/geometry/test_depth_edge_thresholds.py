"""What the numbers of the depth edges are for: noise, blurred outlines, fine edges, thin things, memory."""

import tracemalloc

import numpy as np
import pytest
from synthetic import CAMERA, plane, with_box

from recon.geometry.depth_edges import connect, flying
from recon.geometry.unproject import rays_of
from recon.types import Intrinsics

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)
WALL = plane((0.1, 0.1, 1), 3.0, RAYS)
# Seen at 30 to 80 degrees: from pixel to pixel it recedes by up to 3 %.
STEEP = plane((0.87, 0, 0.49), 1.0, RAYS)
BOX = (slice(30, 90), slice(50, 100))


def noise(sigma: float, seed: int = 0) -> np.ndarray:
    """Factors of depth, (H, W)."""
    return (1 + sigma * np.random.default_rng(seed).standard_normal(ALL.shape)).astype(np.float32)


def lost(z: np.ndarray) -> float:
    """Share of the neighbours, in rows and in columns, that are cut."""
    links = connect(z, ALL, RAYS, 0.04)
    return 1 - (links.right.sum() + links.down.sum()) / (links.right.size + links.down.size)


def ramp(near_m: float, far_m: float, between: int) -> np.ndarray:
    """(H, W) depth, m: two walls and, from column 80 on, pixels between them as a network has along an outline."""
    z = np.full(ALL.shape, far_m, np.float32)
    z[:, :80] = near_m
    z[:, 80 : 80 + between] = 1 / np.linspace(1 / near_m, 1 / far_m, between + 2)[1:-1]
    return z * WALL / 3


def test_noise_does_not_tear_a_steep_surface() -> None:
    assert lost(STEEP * noise(0.0005)) < 1e-3


def test_noise_of_the_rest_does_not_hide_an_edge() -> None:
    z = WALL * noise(0.0005)
    z[:, 80:] *= 1.02
    links = connect(z, ALL, RAYS, 0.04)
    assert not links.right[:, 79].any()
    assert links.right.sum() == links.right.size - 120 and links.down.all()


def test_foliage_is_not_taken_for_noise_of_the_rest() -> None:
    z = WALL * noise(0.0002)
    z[:, :50] *= noise(0.1)[:, :50]
    z[:, 120:] *= 1.01
    assert not connect(z, ALL, RAYS, 0.04).right[:, 119].any()


def test_holes_that_were_filled_smoothly_do_not_hide_the_noise_of_the_rest() -> None:
    z = STEEP.copy()
    z[40:] *= noise(0.0005)[40:]
    assert lost(z) < 1e-3


def test_the_ramp_of_a_blurred_outline_is_no_surface_however_low() -> None:
    z = ramp(2.0, 2.5, 3)
    assert np.array_equal(flying(connect(z, ALL, RAYS, 0.04), ALL).any(axis=0).nonzero()[0], [80, 81, 82])


def test_the_ramp_of_an_outline_that_is_blurred_over_many_pixels_is_cut_where_it_is_seen_along() -> None:
    z = ramp(2.0, 6.0, 9)
    links = connect(z, ALL, RAYS, 0.04)
    assert not links.right[:, 84:89].any() and links.right[:, :80].all() and links.right[:, 90:].all()


def test_an_edge_of_one_percent_is_found_where_outlines_are_blurred_and_depth_is_smooth() -> None:
    z = ramp(2.0, 6.0, 2)
    z[:, 120:] *= 1.01
    assert not connect(z, ALL, RAYS, 0.04).right[:, 119].any()


def relief(z: np.ndarray, height: float) -> np.ndarray:
    """The same with waves of that share of the depth, 10 px long, in a fifth of the picture."""
    z = z.copy()
    z[:, 120:150] /= 1 + height * np.sin(2 * np.pi / 10 * np.arange(30, dtype=np.float32))
    return z


def test_a_shallow_relief_stays_whole_where_outlines_are_sharp() -> None:
    links = connect(relief(with_box(WALL, *BOX, 1.5), 0.002), ALL, RAYS, 0.04)
    assert links.right[:, 101:].all() and not links.right[30:90, 99].any()


def test_a_bent_leaf_of_four_pixels_stays_whole_where_outlines_are_sharp() -> None:
    z = plane((0.3, 0.1, 1), 6.0, RAYS)
    for left in range(20, 140, 40):
        z[:, left : left + 4] = 1 / (0.5 + 0.03 * np.arange(4) + 1e-3 * np.arange(4) ** 2)
    links = connect(z, ALL, RAYS, 0.04)
    for left in range(20, 140, 40):
        assert links.right[:, left : left + 3].all()


def test_a_photo_is_blurred_or_sharp_in_rows_and_columns_alike() -> None:
    z = with_box(WALL, *BOX, 1.5)
    z[100:, :] *= 0.998
    z[:, 140:] *= 0.998
    # A pixel in between at the left and at the right of the box, and none above and below.
    blurred = z.copy()
    blurred[30:90, 50] = blurred[30:90, 99] = 2.0
    for depth, cut in ((z, True), (blurred, False)):
        links = connect(depth, ALL, RAYS, 0.04)
        assert (~links.down[99]).any() == (~links.right[:, 139]).any() == cut


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_the_majority_of_the_outlines_decides_and_large_ones_count_for_more(share: float) -> None:
    z = with_box(WALL, slice(0, 120), slice(50, 100), 1.5)
    z[100:, :] *= 0.998
    rows = slice(0, round(share * 120))
    z[rows, 50] = z[rows, 99] = 2.0
    assert (~connect(z, ALL, RAYS, 0.04).down[99]).any() == (share < 0.5)


def test_a_large_picture_takes_little_memory_beyond_its_depth_and_its_links() -> None:
    camera = Intrinsics.from_focal(2000, width=2000, height=2000, source="user")
    rays = rays_of(camera)
    z = plane((0.3, 0.1, 1), 3.0, rays)
    usable = np.ones(z.shape, bool)
    tracemalloc.start()
    connect(z, usable, rays, 0.04)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Inverse depth, and a bool for each link.
    assert peak - z.nbytes - 2 * usable.nbytes < 16 * z.size
