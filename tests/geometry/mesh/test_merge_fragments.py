import numpy as np
import pytest
from synthetic import CAMERA

from recon.geometry.depth_edges import connect
from recon.geometry.mesh.from_depth import mesh_from_depth
from recon.geometry.mesh.merge_fragments import LARGEST_SHARE, fragments_of, largest_share, merge_fragments
from recon.geometry.surface import surface_of
from recon.geometry.unproject import rays_of
from recon.types import Connections, FloatMap, Intrinsics, MetricDepth

HEIGHT, WIDTH = 300, 400
MOST = LARGEST_SHARE * HEIGHT * WIDTH
IN_VIEW = Intrinsics.from_focal(400.0, width=WIDTH, height=HEIGHT, source="user")
RAYS = rays_of(IN_VIEW)
ALL = np.ones((HEIGHT, WIDTH), bool)


def wall_and_box() -> FloatMap:
    """A wall at 4 m, and the front of a box at 2 m."""
    z_m = np.full((HEIGHT, WIDTH), 4, np.float32)
    z_m[100:200, 100:200] = 2
    return z_m


def merged(z_m: FloatMap, keep: np.ndarray = ALL) -> tuple[FloatMap, Connections]:
    z_after_m, kept, connections = merge_fragments(z_m, keep, connect(z_m, keep, RAYS, 0.04))
    assert np.array_equal(kept, keep)
    return z_after_m, connections


@pytest.mark.parametrize(("fragment_m", "surface_m"), [(2.3, 2.0), (3.6, 4.0)])
def test_a_fragment_at_an_outline_merges_into_the_surface_closer_in_depth(
    fragment_m: float, surface_m: float
) -> None:
    z_m = wall_and_box()
    z_m[150:153, 200:203] = fragment_m
    z_after_m, connections = merged(z_m)
    assert np.allclose(z_after_m[150:153, 200:203], surface_m, rtol=1e-5)
    assert connections.right[151, 198:204].sum() == 5, "one cut remains in this row"
    # No other pixel moved, and no fragment remains.
    assert (z_after_m != z_m).sum() == 9 and not fragments_of(ALL, connections).any()


def test_larger_islands_keep_their_depth() -> None:
    z_m = wall_and_box()
    side = int(MOST**0.5) + 1
    z_m[20 : 20 + side, 20 : 20 + side] = 3
    assert np.array_equal(merged(z_m)[0], z_m)


@pytest.mark.parametrize(
    ("seen_pixels", "share"),
    [(None, 1e-4), (0, 1e-4), (40_000, 4e-4), (1_000_000, 1e-4), (1, 16e-4), (-1, 16e-4)],
)
def test_what_is_a_fragment_depends_on_how_many_pixels_the_network_saw(
    seen_pixels: int | None, share: float
) -> None:
    assert largest_share(seen_pixels) == pytest.approx(share)


def test_islands_below_the_given_share_merge() -> None:
    z_m = wall_and_box()
    z_m[20:27, 20:27] = 3.8
    connections = connect(z_m, ALL, RAYS, 0.04)
    share = 49 / z_m.size
    moved, _, _ = merge_fragments(z_m, ALL, connections, 1.01 * share)
    assert np.allclose(moved[20:27, 20:27], 4)
    assert np.array_equal(merge_fragments(z_m, ALL, connections, share)[0], z_m)


def test_a_mesh_has_no_hole_where_a_band_of_flying_pixels_is_wide() -> None:
    z_m = wall_and_box()
    # Every column is cut from the next: all twelve are flying pixels.
    z_m[:, 200:212] = np.geomspace(2.2, 3.8, 12)
    z_m[:, 100:200] = 2
    depth = MetricDepth(z_m, ALL)
    surface = surface_of(depth, None, IN_VIEW, edge=0.04)
    assert surface.between[150, 202:210].all()
    mesh = mesh_from_depth(surface, np.zeros((HEIGHT, WIDTH, 3), np.uint8), IN_VIEW, edge=0.04)
    assert mesh.uv is not None
    a, b, c = (mesh.uv[mesh.faces[:, k]].astype(np.float64) for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2
    assert area == pytest.approx(1, abs=1e-4)
    in_band = np.abs(mesh.uv[:, 0] - 206 / WIDTH) < 5 / WIDTH
    assert not ((mesh.vertices[in_band, 2] > 2.1) & (mesh.vertices[in_band, 2] < 3.9)).any()


def test_a_fragment_in_the_sky_is_unchanged() -> None:
    z_m, keep = wall_and_box(), ALL.copy()
    keep[:50] = False
    keep[10:12, 30:33] = True
    z_m[10:12, 30:33] = 3
    z_after_m, connections = merged(z_m, keep)
    assert np.array_equal(z_after_m, z_m)
    assert connections.right[10:12, 30:32].all() and connections.down[10, 30:33].all()


def test_soft_outlines_leave_no_fragments() -> None:
    # Noise along a ramp of several pixels between two surfaces, as networks predict it.
    rng = np.random.default_rng(0)
    z_m = wall_and_box()
    for k, share in enumerate((0.2, 0.4, 0.6, 0.8)):
        edge = 200 + k
        z_m[100:200, edge] = 2 + 2 * share + rng.normal(0, 0.15, 100)
    before = fragments_of(ALL, connect(z_m, ALL, RAYS, 0.04))
    z_after_m, connections = merged(z_m)
    assert before.sum() > 50 and not fragments_of(ALL, connections).any()
    assert np.array_equal(z_after_m[~before], z_m[~before])


def test_small_images_have_no_fragments() -> None:
    assert CAMERA.width * CAMERA.height * LARGEST_SHARE < 2
    nothing = Connections(np.zeros((9, 9), bool), np.zeros((8, 10), bool))
    keep = np.ones((9, 10), bool)
    assert not fragments_of(keep, nothing).any()
