"""Flying pixels of a mesh are snapped to the adjacent surfaces."""

import numpy as np
import pytest
from synthetic import CAMERA, plane

from recon.geometry.depth_edges import connect, flying, restrict
from recon.geometry.mesh.snap_flying_pixels import snap_to_surfaces
from recon.geometry.unproject import rays_of
from recon.options import Options
from recon.scene import Scene
from recon.types import Connections, MetricDepth, Photo

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)


def outline(ramp: int) -> np.ndarray:
    """(H, W) depth, m: a slanted wall starting at 2 m in front of a wall at 6 m, with flying pixels in between."""
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
def test_each_pixel_continues_the_closer_surface(ramp: int) -> None:
    z = outline(ramp)
    keep, between, links = surfaces(z)
    assert between[:, 80 : 80 + ramp].all()
    snapped, kept, joined = snap_to_surfaces(z, keep, between, links)
    assert kept.all()
    wall = plane((0.3, 0, 1), 2.0, RAYS)
    on_wall, behind = np.isclose(snapped, wall, rtol=1e-4), np.isclose(snapped, 6.0, rtol=1e-4)
    assert (on_wall | behind).all() and on_wall[:, 79 + ramp // 2].all() and behind[:, 80 + ramp].all()
    # Each row has one cut, where the nearer wall ends; the columns have none.
    assert (np.count_nonzero(~joined.right, axis=1) == 1).all() and joined.down.all()


def test_the_inputs_are_not_modified() -> None:
    z = outline(2)
    keep, between, links = surfaces(z)
    before = [array.copy() for array in (z, keep, links.right, links.down)]
    snap_to_surfaces(z, keep, between, links)
    assert all(np.array_equal(a, b) for a, b in zip(before, (z, keep, links.right, links.down), strict=True))
    same = snap_to_surfaces(z, keep, np.zeros_like(between), links)
    assert same[0] is z and same[1] is keep and same[2] is links


def test_pixels_that_touch_no_surface_stay_removed() -> None:
    none = np.zeros_like(ALL)
    links = Connections(none[:, 1:].copy(), none[1:].copy())
    _, kept, joined = snap_to_surfaces(np.full(ALL.shape, 3, np.float32), none, ALL, links)
    assert not kept.any() and not joined.right.any() and not joined.down.any()


def test_image_corners() -> None:
    between = np.zeros_like(ALL)
    between[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    z = np.where(between, 4.0, 2.0).astype(np.float32)
    keep = ~between
    links = Connections(keep[:, 1:] & keep[:, :-1], keep[1:] & keep[:-1])
    snapped, kept, joined = snap_to_surfaces(z, keep, between, links)
    assert (snapped == 2).all() and kept.all() and joined.right.all() and joined.down.all()


def test_a_steep_floor_stays_connected() -> None:
    """Next to a pole with a blurred outline, up to a few rows below the horizon."""
    floor = plane((0, 1, 0), 1.5, RAYS)
    z = np.where((floor > 0) & (floor < 30), floor, 30).astype(np.float32)
    keep, between = ALL.copy(), np.zeros_like(ALL)
    keep[:, 60:62], between[:, 60:62] = False, True
    links = Connections(np.ones((120, 159), bool), np.ones((119, 160), bool))
    restrict(links, keep)
    snapped, kept, joined = snap_to_surfaces(np.where(between, 0.9 * z, z), keep, between, links)
    assert kept.all() and joined.right.all() and joined.down.all()
    assert np.allclose(snapped, z, rtol=1e-4)


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (2, 2), (1, 1)])
def test_images_of_a_single_row_or_column(size: tuple[int, int]) -> None:
    between = np.zeros(size, bool)
    between[-1, -1] = True
    links = Connections(np.zeros((size[0], size[1] - 1), bool), np.zeros((size[0] - 1, size[1]), bool))
    snapped, kept, _ = snap_to_surfaces(np.full(size, 2, np.float32), ~between, between, links)
    assert kept.all() == (size != (1, 1)) and (snapped == 2).all()


@pytest.mark.parametrize("ramp", [1, 3])
def test_the_mesh_has_no_holes_along_outlines_and_the_cloud_no_flying_pixels(ramp: int) -> None:
    photo = Photo(np.zeros((120, 160, 3), np.uint8))
    scene = Scene(photo, CAMERA, MetricDepth(outline(ramp), ALL), options=Options(fill=False))
    assert scene.dropped.flying == 120 * ramp == 120 * 160 - len(scene.cloud().points)
    vertices, faces = scene.mesh().vertices.astype(np.float64), scene.mesh().faces
    # Seen from the photo's camera, the triangles cover the image exactly once.
    seen = vertices[:, :2] / vertices[:, 2:] * (CAMERA.fx, CAMERA.fy)
    a, b, c = (seen[faces[:, k]] for k in range(3))
    area = 0.5 * np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
    assert area == pytest.approx(120 * 160, rel=1e-3)


def with_flying(surface: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, Connections]:
    """Kept pixels, flying pixels and connections; in row k, the columns of the range ``columns[k]`` are flying."""
    between = np.zeros_like(ALL)
    for row, (first, stop) in enumerate(columns):
        between[row, first:stop] = True
    links = connect(surface, ALL, RAYS, 0.04)
    restrict(links, ~between)
    return ~between, between, links


def test_the_middle_of_a_wide_band_between_two_surfaces_stays_removed() -> None:
    z = np.where(np.arange(160) < 80, 2.0, 6.0).astype(np.float32) * np.ones((120, 1), np.float32)
    z[:, 70:90] = 3.0
    _, kept, _ = snap_to_surfaces(z, *with_flying(z, np.array([(70, 90)] * 120)))
    assert kept[:, 70].all() and kept[:, 89].all() and not kept[:, 75:85].any()


def test_a_surface_five_percent_behind_is_separate() -> None:
    z = np.where(np.arange(160) < 80, 2.0, 2.1).astype(np.float32) * np.ones((120, 1), np.float32)
    z[:, 80] = 2.04
    _, kept, joined = snap_to_surfaces(z, *with_flying(z, np.array([(80, 81)] * 120)))
    assert kept.all() and not joined.right[:, 80].any() and joined.right[:, 79].all()


def test_a_sloping_surface_with_a_ragged_outline_stays_connected() -> None:
    z = plane((0, 0.7, 0.7), 2.0, RAYS)
    assert 0.003 < np.abs(np.diff(z[:, 0]) / z[1:, 0]).min() < 0.009
    z[:, 80:] = 9.0
    # Every other row is one pixel longer; that column is flying in the remaining rows.
    keep, between, links = with_flying(z, np.array([(79, 79), (79, 80)] * 60))
    snapped, kept, joined = snap_to_surfaces(z, keep, between, links)
    assert kept.all() and np.allclose(snapped[:, :80], z[:, :80], rtol=1e-4)
    assert joined.down[:, :80].all() and joined.right[:, :79].all() and not joined.right[:, 79].any()
