"""The continued background: how many triangles it has, and how far from an outline its colours come."""

from typing import Any

import numpy as np
from synthetic import CAMERA, plane, with_box

from recon.geometry.unproject import rays_of
from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, MetricDepth, Photo

RED, GREEN = (200, 30, 20), (20, 160, 40)
BOX = (slice(40, 80), slice(55, 105))


def meshes_of(z: np.ndarray, rgb: np.ndarray, camera: Intrinsics, **options: Any) -> tuple[Mesh, Mesh]:
    """Without and with the background continued."""
    depth = MetricDepth(z.astype(np.float32), np.ones(z.shape, bool))
    scene = Scene(Photo(rgb), camera, depth, options=Options(fill=False, **options))
    return scene.mesh(), scene.with_options(Options(fill=True, **options)).mesh()


def pole(width: int, between: int) -> tuple[np.ndarray, np.ndarray, Intrinsics]:
    """A red pole of 100 px before a green wall; to both sides of its outlines colours are mixed over some pixels."""
    camera = Intrinsics.from_focal(1000.0, width=width, height=24, source="user")
    z = np.full((24, width), 6.0, np.float32)
    left = width // 2 - 50
    z[:, left : left + 100] = 2.0
    rgb = np.where(z[..., None] < 3, RED, GREEN).astype(np.uint8)
    for edge in (left, left + 100):
        rgb[:, edge - between : edge + between] = (np.array(RED) + GREEN) // 2
    return z, rgb, camera


def added_colours(plain: Mesh, filled: Mesh, camera: Intrinsics) -> tuple[np.ndarray, np.ndarray]:
    """Colours of what was added, (N, 3), and the columns that they come from."""
    count = len(plain.vertices)
    assert filled.rgb is not None and filled.uv is not None and len(filled.vertices) > count
    return filled.rgb[count:], filled.uv[count:, 0] * camera.width


def test_the_colours_come_from_just_beyond_what_is_mixed() -> None:
    for width, between in ((400, 2), (4800, 4)):
        z, rgb, camera = pole(width, between)
        colours, columns = added_colours(*meshes_of(z, rgb, camera), camera)
        outlines = np.array([width / 2 - 50, width / 2 + 50])
        assert (colours == GREEN).all(), width
        assert np.abs(columns[:, None] - outlines).min(axis=1).max() < between + 4, width


def test_a_wide_strip_has_fewer_triangles_than_pixels_and_most_of_its_vertices_are_shared() -> None:
    camera = Intrinsics.from_focal(1500.0, width=400, height=200, source="user")
    z = with_box(plane((0, 0, 1), 6.0, rays_of(camera)), slice(60, 200), slice(100, 300), 2.0)
    plain, filled = meshes_of(z, np.zeros((200, 400, 3), np.uint8), camera)
    faces, vertices = len(filled.faces) - len(plain.faces), len(filled.vertices) - len(plain.vertices)
    hidden_px = 2 * 50 * 140 + 100 * 50
    assert 0.1 * hidden_px < faces < hidden_px and vertices < faces


def test_where_the_wall_is_rough_the_strip_has_no_holes() -> None:
    noise = 1 + 0.004 * np.random.default_rng(0).standard_normal((120, 160))
    z = with_box((plane((0.3, 0.1, 1), 6.0, rays_of(CAMERA)) * noise).astype(np.float32), *BOX, 2.0)
    plain, filled = meshes_of(z, np.zeros((120, 160, 3), np.uint8), CAMERA)
    # Seen from the front: half the area of each triangle in the picture.
    at = filled.vertices[filled.faces[len(plain.faces) :]].astype(np.float64)
    x, y = (200 * at[..., k] / at[..., 2] for k in (0, 1))
    area_px = 0.5 * np.abs(
        (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    )
    strip_px = 40 * 50 - (40 - 2 * 6.7) * (50 - 2 * 6.7)
    assert area_px.sum() > 0.9 * strip_px


def test_of_the_faces_asked_for_a_quarter_at_most_closes_the_cuts() -> None:
    z = with_box(plane((0.3, 0.1, 1), 6.0, rays_of(CAMERA)), *BOX, 2.0)
    rgb = np.zeros((120, 160, 3), np.uint8)
    _, filled = meshes_of(z, rgb, CAMERA, faces=1000, full=True)
    # The surfaces themselves are three planes, which need few faces.
    depth = filled.vertices[filled.faces][..., 2].min(axis=1)
    at = filled.vertices[filled.faces].mean(axis=1)
    u, v = (200 * at[:, k] / at[:, 2] + (80, 60)[k] for k in (0, 1))
    behind = (depth > 4) & (u > 57) & (u < 103) & (v > 42) & (v < 78)
    assert 100 < behind.sum() <= 250
