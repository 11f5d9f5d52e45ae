"""What a number of faces is spent on: nearly all of them, the outline, the shape, the picture."""

from typing import Any

import fast_simplification
import numpy as np
import pytest
from numpy.typing import NDArray
from seen_meshes import CAMERA, noisy_room, scene_of, seen
from synthetic import floor_and_wall, plane

from recon.geometry.mesh.simplify import simplify
from recon.geometry.unproject import rays_of
from recon.scene import Scene
from recon.types import Mesh


@pytest.fixture(scope="module")
def room() -> Mesh:
    return noisy_room().mesh()


@pytest.mark.parametrize("faces", [5_000, 2_500, 1_500, 900, 500, 300])
def test_there_are_nearly_as_many_faces_as_asked_for(room: Mesh, faces: int) -> None:
    assert 0.95 * faces < len(simplify(room, faces=faces).faces) <= faces


def perforated() -> Scene:
    """A room that is hardly rough and has holes of one pixel: all of it is outline."""
    noise = np.random.default_rng(2)
    z_m = floor_and_wall(CAMERA) * (1 + noise.normal(0, 3e-5, (60, 80)))
    return scene_of(z_m.astype(np.float32), noise.random(z_m.shape) < 0.95)


def test_also_where_they_are_many_and_the_surface_hardly_moves() -> None:
    full = perforated().mesh()
    faces = round(0.7 * len(full.faces))
    small = simplify(full, faces=faces)
    assert 0.95 * faces < len(small.faces) <= faces


def test_the_search_for_that_number_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    decimate = fast_simplification.simplify

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return decimate(*arguments, **options)

    monkeypatch.setattr("fast_simplification.simplify", counted)
    simplify(perforated().mesh(), faces=100)
    assert len(calls) < 22


def test_where_the_outline_is_long_the_surface_gets_its_share() -> None:
    x, y = np.meshgrid(np.arange(80), np.arange(60))
    z_m = 3 + 0.3 * np.sin(x / 9) * np.cos(y / 7)
    full = scene_of(z_m.astype(np.float32), np.random.default_rng(2).random(z_m.shape) < 0.99).mesh()
    count, depth, _ = seen(full)
    for faces in (1_800, 1_200):
        small_count, small_depth, _ = seen(simplify(full, faces=faces))
        both = (count > 0) & (small_count > 0)
        assert np.percentile(np.abs(small_depth[both] / depth[both] - 1), 99) < 4 / faces


def test_of_few_triangles_most_go_to_the_shape_of_a_bumpy_floor_and_the_rest_to_the_picture() -> None:
    bumps = 1 + 0.03 * np.sin(np.arange(80) / 6)
    full = scene_of((plane((0, 0.9, 0.43), 1.2, rays_of(CAMERA)) * bumps).astype(np.float32)).mesh()
    _, depth, _ = seen(full)
    count, small_depth, uv = seen(simplify(full, faces=400))
    assert np.percentile(np.abs(small_depth[count > 0] / depth[count > 0] - 1), 99) < 0.003
    x, y = np.meshgrid(np.arange(80) + 0.8, np.arange(60) + 0.8)
    assert np.hypot(uv[..., 0] * 80 - x, uv[..., 1] * 60 - y)[count > 0].max() < 6


def test_with_triangles_to_spare_the_outline_stays_vertex_by_vertex(room: Mesh) -> None:
    outline = open_vertices(room)
    kept = {tuple(at) for at in open_vertices(simplify(room, faces=4_000)).tolist()}
    assert all(tuple(at) in kept for at in outline.tolist())


def open_vertices(mesh: Mesh) -> NDArray[np.float32]:
    """(N, 3) positions of the vertices at edges of one face."""
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    return np.round(mesh.vertices[np.unique(unique[count == 1])], 4)
