import numpy as np
import pytest
from synthetic import CAMERA

from recon.geometry.depth_edges import connect
from recon.geometry.mesh.crumbs import LARGEST_SHARE, absorb_crumbs, crumbs_of
from recon.geometry.unproject import rays_of
from recon.types import Connections, FloatMap, Intrinsics

HEIGHT, WIDTH = 300, 400
MOST = LARGEST_SHARE * HEIGHT * WIDTH
RAYS = rays_of(Intrinsics.from_focal(400.0, width=WIDTH, height=HEIGHT, source="user"))
ALL = np.ones((HEIGHT, WIDTH), bool)


def wall_and_box() -> FloatMap:
    """A wall at 4 m, and the front of a box at 2 m."""
    z_m = np.full((HEIGHT, WIDTH), 4, np.float32)
    z_m[100:200, 100:200] = 2
    return z_m


def absorbed(z_m: FloatMap, keep: np.ndarray = ALL) -> tuple[FloatMap, Connections]:
    found, kept, connections = absorb_crumbs(z_m, keep, connect(z_m, keep, RAYS, 0.04))
    assert np.array_equal(kept, keep)
    return found, connections


@pytest.mark.parametrize(("crumb_m", "goes_to_m"), [(2.3, 2.0), (3.6, 4.0)])
def test_a_crumb_at_an_outline_goes_to_the_surface_that_is_nearer_to_its_depth(
    crumb_m: float, goes_to_m: float
) -> None:
    z_m = wall_and_box()
    z_m[150:153, 200:203] = crumb_m
    found, connections = absorbed(z_m)
    assert np.allclose(found[150:153, 200:203], goes_to_m, rtol=1e-5)
    assert connections.right[151, 198:204].sum() == 5, "one cut is left in this row"
    # Nothing else has moved, and no crumb is left.
    assert (found != z_m).sum() == 9 and not crumbs_of(ALL, connections).any()


def test_what_is_larger_than_a_crumb_keeps_its_depth() -> None:
    z_m = wall_and_box()
    side = int(MOST**0.5) + 1
    z_m[20 : 20 + side, 20 : 20 + side] = 3
    assert np.array_equal(absorbed(z_m)[0], z_m)


def test_a_crumb_in_the_sky_stays_as_it_is() -> None:
    z_m, keep = wall_and_box(), ALL.copy()
    keep[:50] = False
    keep[10:12, 30:33] = True
    z_m[10:12, 30:33] = 3
    found, connections = absorbed(z_m, keep)
    assert np.array_equal(found, z_m)
    assert connections.right[10:12, 30:32].all() and connections.down[10, 30:33].all()


def test_soft_outlines_leave_no_crumbs() -> None:
    # Noise along a ramp of several pixels between two surfaces, as a network makes it.
    rng = np.random.default_rng(0)
    z_m = wall_and_box()
    for k, share in enumerate((0.2, 0.4, 0.6, 0.8)):
        edge = 200 + k
        z_m[100:200, edge] = 2 + 2 * share + rng.normal(0, 0.15, 100)
    before = crumbs_of(ALL, connect(z_m, ALL, RAYS, 0.04))
    found, connections = absorbed(z_m)
    assert before.sum() > 50 and not crumbs_of(ALL, connections).any()
    assert np.array_equal(found[~before], z_m[~before])


def test_small_pictures_have_none() -> None:
    assert CAMERA.width * CAMERA.height * LARGEST_SHARE < 2
    nothing = Connections(np.zeros((9, 9), bool), np.zeros((8, 10), bool))
    keep = np.ones((9, 10), bool)
    assert not crumbs_of(keep, nothing).any()
