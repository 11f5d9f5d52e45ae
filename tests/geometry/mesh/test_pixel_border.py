"""Pixel borders: each pixel covers exactly its own area, on its own surface."""

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, plane, with_box

from recon.geometry.depth_edges import connect
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.unproject import project, rays_of
from recon.types import Connections, Mesh, Rays

RAYS = rays_of(CAMERA)


def mesh_of(z: np.ndarray, keep: np.ndarray, links: Connections, rays: Rays = RAYS) -> Mesh:
    height, width = z.shape
    rgb = np.zeros((height, width, 3), np.uint8)
    u, v = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return grid_mesh(MeshGrid(z, rays, rays, keep, links, rgb, u, v))[0]


def picture_areas(mesh: Mesh) -> np.ndarray:
    """Twice the area of each face in the picture, px; negative where it is counter-clockwise as one sees it."""
    at = project(mesh.vertices, CAMERA)[mesh.faces]
    (ax, ay), (bx, by) = (at[:, 1] - at[:, 0]).T, (at[:, 2] - at[:, 0]).T
    return ax * by - ay * bx


def edges_seen_once(mesh: Mesh) -> np.ndarray:
    """(E, 2) edges that belong to one face alone."""
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    assert count.max() <= 2
    return unique[count == 1]


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, Connections]:
    noise = np.random.default_rng(seed)
    keep = noise.random((120, 160)) < 0.8
    z = (2 + noise.random(keep.shape)).astype(np.float32)
    links = Connections(
        right=keep[:, 1:] & keep[:, :-1] & (noise.random((120, 159)) < 0.7),
        down=keep[1:] & keep[:-1] & (noise.random((119, 160)) < 0.7),
    )
    return z, keep, links


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_picture_is_covered_once_where_every_pixel_is_kept(seed: int) -> None:
    z, _, links = random_case(seed)
    everywhere = np.ones_like(z, np.bool_)
    areas = picture_areas(mesh_of(z, everywhere, links))
    assert (areas < 1e-3).all()
    # From the first pixels' centres to the last ones'.
    assert -areas.sum() / 2 == pytest.approx(119 * 159, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_kept_pixels_cover_their_quarters_and_nothing_else(seed: int) -> None:
    z, keep, links = random_case(seed)
    areas = picture_areas(mesh_of(z, keep, links))
    assert (areas < 1e-3).all()
    inside = np.full((120, 160), 1.0)
    inside[[0, -1]] /= 2
    inside[:, [0, -1]] /= 2
    assert -areas.sum() / 2 == pytest.approx(inside[keep].sum(), rel=1e-5)


def test_a_cut_between_two_planes_leaves_no_gap_and_moves_no_surface() -> None:
    z = with_box(floor_and_wall(), slice(20, 60), slice(50, 100), 2.0)
    keep = np.ones_like(z, np.bool_)
    links = connect(z, keep, RAYS, 0.04)
    mesh = mesh_of(z, keep, links)
    assert len(mesh.vertices) > z.size
    # Box, wall and floor: every vertex of the border lies on one of these.
    box = np.abs(mesh.vertices[:, 2] - 2.0)
    original = mesh.vertices[: z.size].astype(np.float64)
    wall = np.abs(mesh.vertices[:, 2] - original[0, 2])
    floor = np.abs(mesh.vertices[:, 1] - original[-1, 1])
    assert np.minimum(np.minimum(box, wall), floor)[z.size :].max() < 2e-3
    depths = mesh.vertices[mesh.faces][..., 2]
    bridged = (np.abs(depths - 2.0) < 1e-3).any(axis=1) & (depths.max(axis=1) > 2.5)
    assert not bridged.any()


@pytest.mark.parametrize("seed", range(3))
def test_edges_are_open_only_at_cuts_and_at_the_border(seed: int) -> None:
    z, keep, links = random_case(seed)
    mesh = mesh_of(z, keep, links)
    index = np.cumsum(keep).reshape(keep.shape) - 1
    pairs = [
        np.stack([index[:, :-1][links.right], index[:, 1:][links.right]], axis=1),
        np.stack([index[:-1][links.down], index[1:][links.down]], axis=1),
    ]
    linked = {tuple(pair) for pair in np.concatenate(pairs).tolist()}
    rows, cols = np.nonzero(keep)
    border = {k for k, (r, c) in enumerate(zip(rows, cols, strict=True)) if r in (0, 119) or c in (0, 159)}
    count = int(keep.sum())
    for a, b in edges_seen_once(mesh).tolist():
        if a < count and b < count:
            assert (a, b) not in linked or (a in border and b in border)


def test_the_border_of_a_tilted_plane_is_on_the_plane() -> None:
    normal = np.array([0.4, -0.3, 0.87]) / np.linalg.norm([0.4, -0.3, 0.87])
    z = plane((normal[0], normal[1], normal[2]), 3.0, RAYS)
    keep = np.ones_like(z, np.bool_)
    keep[40:60, 50:70] = False
    links = Connections(right=keep[:, 1:] & keep[:, :-1], down=keep[1:] & keep[:-1])
    mesh = mesh_of(z, keep, links)
    assert len(mesh.vertices) > keep.sum()
    assert np.abs(mesh.vertices @ normal - 3.0).max() < 1e-4


def test_a_pixel_alone_has_its_own_square() -> None:
    z = np.full((120, 160), 2.0, np.float32)
    keep = np.zeros_like(z, np.bool_)
    keep[50, 70] = True
    none = Connections(right=np.zeros((120, 159), bool), down=np.zeros((119, 160), bool))
    mesh = mesh_of(z, keep, none)
    assert len(mesh.vertices) == 9 and len(mesh.faces) == 8
    assert -picture_areas(mesh).sum() / 2 == pytest.approx(1.0, rel=1e-4)
