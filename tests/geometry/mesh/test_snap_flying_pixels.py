"""Flying pixels of a mesh are snapped to the adjacent surfaces."""

import numpy as np
import pytest
from synthetic import CAMERA, plane

from recon.geometry.depth_edges import connect, flying, restrict
from recon.geometry.mesh.snap_flying_pixels import settle
from recon.geometry.unproject import rays_of
from recon.options import Options
from recon.scene import Scene
from recon.types import Connections, MetricDepth, Photo

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)


def outline(ramp: int) -> np.ndarray:
    """(H, W) depth, m: a slanted wall from 2 m on before one at 6 m, with pixels in between."""
    z = np.full((120, 160), 6.0, np.float32)
    z[:, :80] = plane((0.3, 0, 1), 2.0, RAYS)[:, :80]
    near = z[:, 79:80]
    share = np.linspace(0, 1, ramp + 2)[1:-1]
    z[:, 80 : 80 + ramp] = 1 / ((1 - share) / near + share / 6.0)
    return z


def surfaces(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, Connections]:
    links = connect(z, ALL, RAYS, 0.04)
    between = flying(links, ALL)
    keep = ALL & ~between
    restrict(links, keep)
    return keep, between, links


@pytest.mark.parametrize("ramp", [1, 2, 3])
def test_each_goes_to_the_nearer_of_its_surfaces_and_continues_it(ramp: int) -> None:
    z = outline(ramp)
    keep, between, links = surfaces(z)
    assert between[:, 80 : 80 + ramp].all()
    settled, kept, joined = settle(z, keep, between, links)
    assert kept.all()
    wall = plane((0.3, 0, 1), 2.0, RAYS)
    on_wall, behind = np.isclose(settled, wall, rtol=1e-4), np.isclose(settled, 6.0, rtol=1e-4)
    assert (on_wall | behind).all() and on_wall[:, 79 + ramp // 2].all() and behind[:, 80 + ramp].all()
    # One cut is left in each row, where the nearer wall ends, and none along the columns.
    assert (np.count_nonzero(~joined.right, axis=1) == 1).all() and joined.down.all()


def test_what_is_given_stays_as_it_is() -> None:
    z = outline(2)
    keep, between, links = surfaces(z)
    before = [array.copy() for array in (z, keep, links.right, links.down)]
    settle(z, keep, between, links)
    assert all(np.array_equal(a, b) for a, b in zip(before, (z, keep, links.right, links.down), strict=True))
    same = settle(z, keep, np.zeros_like(between), links)
    assert same[0] is z and same[1] is keep and same[2] is links


def test_what_touches_no_surface_stays_out() -> None:
    none = np.zeros_like(ALL)
    links = Connections(none[:, 1:].copy(), none[1:].copy())
    _, kept, joined = settle(np.full(ALL.shape, 3, np.float32), none, ALL, links)
    assert not kept.any() and not joined.right.any() and not joined.down.any()


def test_at_the_picture_s_corners_too() -> None:
    between = np.zeros_like(ALL)
    between[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    z = np.where(between, 4.0, 2.0).astype(np.float32)
    keep = ~between
    links = Connections(keep[:, 1:] & keep[:, :-1], keep[1:] & keep[:-1])
    settled, kept, joined = settle(z, keep, between, links)
    assert (settled == 2).all() and kept.all() and joined.right.all() and joined.down.all()


def test_a_steep_floor_stays_in_one_piece() -> None:
    """Next to a pole with a blurred outline, up to a few rows from the horizon."""
    floor = plane((0, 1, 0), 1.5, RAYS)
    z = np.where((floor > 0) & (floor < 30), floor, 30).astype(np.float32)
    keep, between = ALL.copy(), np.zeros_like(ALL)
    keep[:, 60:62], between[:, 60:62] = False, True
    links = Connections(np.ones((120, 159), bool), np.ones((119, 160), bool))
    restrict(links, keep)
    settled, kept, joined = settle(np.where(between, 0.9 * z, z), keep, between, links)
    assert kept.all() and joined.right.all() and joined.down.all()
    assert np.allclose(settled, z, rtol=1e-4)


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (2, 2), (1, 1)])
def test_pictures_of_a_row_or_a_column(size: tuple[int, int]) -> None:
    between = np.zeros(size, bool)
    between[-1, -1] = True
    links = Connections(np.zeros((size[0], size[1] - 1), bool), np.zeros((size[0] - 1, size[1]), bool))
    settled, kept, _ = settle(np.full(size, 2, np.float32), ~between, between, links)
    assert kept.all() == (size != (1, 1)) and (settled == 2).all()


@pytest.mark.parametrize("ramp", [1, 3])
def test_the_mesh_has_no_holes_along_outlines_and_the_cloud_no_such_points(ramp: int) -> None:
    photo = Photo(np.zeros((120, 160, 3), np.uint8))
    scene = Scene(photo, CAMERA, MetricDepth(outline(ramp), ALL), options=Options(fill=False))
    assert scene.dropped.flying == 120 * ramp == 120 * 160 - len(scene.cloud().points)
    vertices, faces = scene.mesh().vertices.astype(np.float64), scene.mesh().faces
    # Seen by the photo's camera, the triangles add up to the picture, and nothing of it is seen twice.
    seen = vertices[:, :2] / vertices[:, 2:] * (CAMERA.fx, CAMERA.fy)
    a, b, c = (seen[faces[:, k]] for k in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
    assert area == pytest.approx(120 * 160, rel=1e-3)


def hanging(surface: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, Connections]:
    """Kept pixels, hanging ones and connections: in row k, those of ``columns[k]`` on hang between two surfaces."""
    between = np.zeros_like(ALL)
    for row, (first, stop) in enumerate(columns):
        between[row, first:stop] = True
    links = connect(surface, ALL, RAYS, 0.04)
    restrict(links, ~between)
    return ~between, between, links


def test_in_a_wide_band_between_two_surfaces_the_middle_stays_out() -> None:
    z = np.where(np.arange(160) < 80, 2.0, 6.0).astype(np.float32) * np.ones((120, 1), np.float32)
    z[:, 70:90] = 3.0
    _, kept, _ = settle(z, *hanging(z, np.array([(70, 90)] * 120)))
    assert kept[:, 70].all() and kept[:, 89].all() and not kept[:, 75:85].any()


def test_a_surface_five_percent_behind_is_another_one() -> None:
    z = np.where(np.arange(160) < 80, 2.0, 2.1).astype(np.float32) * np.ones((120, 1), np.float32)
    z[:, 80] = 2.04
    _, kept, joined = settle(z, *hanging(z, np.array([(80, 81)] * 120)))
    assert kept.all() and not joined.right[:, 80].any() and joined.right[:, 79].all()


def test_along_a_ragged_outline_a_sloping_surface_stays_in_one_piece() -> None:
    z = plane((0, 0.7, 0.7), 2.0, RAYS)
    assert 0.003 < np.abs(np.diff(z[:, 0]) / z[1:, 0]).min() < 0.009
    z[:, 80:] = 9.0
    # Every other row is longer by a pixel, which hangs in the rows between.
    keep, between, links = hanging(z, np.array([(79, 79), (79, 80)] * 60))
    settled, kept, joined = settle(z, keep, between, links)
    assert kept.all() and np.allclose(settled[:, :80], z[:, :80], rtol=1e-4)
    assert joined.down[:, :80].all() and joined.right[:, :79].all() and not joined.right[:, 79].any()
