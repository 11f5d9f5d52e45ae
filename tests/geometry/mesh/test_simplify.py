import numpy as np
import pytest
from seen_meshes import BOX, CAMERA, RGB, Seen, faces_camera, noisy_room, scene_of, seen
from synthetic import plane, with_box

from recon.geometry.mesh.simplify import simplify
from recon.geometry.unproject import project, rays_of
from recon.options import Options
from recon.types import Mesh


@pytest.fixture(scope="module")
def room() -> Mesh:
    return noisy_room().mesh()


@pytest.fixture(scope="module")
def room_seen(room: Mesh) -> Seen:
    return seen(room)


@pytest.mark.parametrize("faces", [5_000, 800, 100, 30])
def test_there_are_at_most_as_many_faces_as_asked_for(room: Mesh, faces: int) -> None:
    small = simplify(room, faces=faces)
    assert 0.5 * faces < len(small.faces) <= faces
    assert faces_camera(small)
    assert len(np.unique(small.faces)) == len(small.vertices)


def test_a_mesh_that_is_small_enough_is_left_alone(room: Mesh) -> None:
    assert simplify(room, faces=len(room.faces)) is room


@pytest.mark.parametrize("options", [{"faces": 1_500}, {"error_m": 0.05}])
def test_the_photo_s_camera_sees_the_same(room: Mesh, room_seen: Seen, options: dict) -> None:
    count, depth, _ = room_seen
    small = simplify(room, **options)
    small_count, small_depth, uv = seen(small)
    assert len(small.faces) < 0.3 * len(room.faces)
    covered, still = count > 0, small_count > 0
    assert (covered & still).sum() > 0.99 * (covered | still).sum()
    both = covered & still
    x, y = np.meshgrid(np.arange(80) + 0.8, np.arange(60) + 0.8)
    slip_px = np.hypot(uv[..., 0] * 80 - x, uv[..., 1] * 60 - y)[both]
    assert slip_px.max() < 0.2
    assert np.percentile(np.abs(small_depth[both] / depth[both] - 1), 99) < 0.01


def test_the_outline_of_a_box_stays(room: Mesh) -> None:
    z_m = with_box(np.full((60, 80), np.inf, np.float32), *BOX, 2.0)
    valid = np.isfinite(z_m)
    box = scene_of(np.where(valid, z_m, 1).astype(np.float32), valid).mesh()
    covered, small_covered = seen(box)[0] > 0, seen(simplify(box, faces=20))[0] > 0
    assert (covered ^ small_covered).sum() <= 0.005 * covered.sum()


def test_a_plane_parallel_to_the_picture_needs_few_triangles() -> None:
    mesh = scene_of(np.full((60, 80), 2.0, np.float32)).mesh()
    small = simplify(mesh, error_m=1e-4)
    assert len(small.faces) <= 20
    assert np.abs(small.vertices[:, 2] - 2).max() < 1e-4
    assert np.allclose(small.vertices.min(axis=0), mesh.vertices.min(axis=0), atol=2e-3)
    assert np.allclose(small.vertices.max(axis=0), mesh.vertices.max(axis=0), atol=2e-3)


def test_a_slanted_plane_keeps_what_the_picture_needs() -> None:
    mesh = scene_of(plane((0, 0.6, 0.8), 2.0, rays_of(CAMERA))).mesh()
    small = simplify(mesh, error_m=1e-3)
    assert 20 < len(small.faces) < 0.1 * len(mesh.faces)
    count, _, uv = seen(small)
    x, y = np.meshgrid(np.arange(80) + 0.8, np.arange(60) + 0.8)
    slip_px = np.hypot(uv[..., 0] * 80 - x, uv[..., 1] * 60 - y)
    assert slip_px[count > 0].max() < 0.2


@pytest.mark.parametrize("error_m", [0.002, 0.01])
def test_the_surface_moves_no_farther_than_the_error(room: Mesh, room_seen: Seen, error_m: float) -> None:
    _, depth, _ = room_seen
    _, small_depth, _ = seen(simplify(room, error_m=error_m))
    # Not near the outline, where a pixel may show the surface behind; along the ray a floor moves farther than
    # across it.
    inner = np.s_[3:13, 3:77]
    moved_m = np.abs(small_depth[inner] - depth[inner])
    assert np.percentile(moved_m, 99) < error_m and moved_m.max() < 2 * error_m


@pytest.mark.parametrize("error_m", [100.0, 1e9, 1e300])
def test_an_error_larger_than_the_mesh_leaves_the_coarsest_mesh(room: Mesh, error_m: float) -> None:
    coarse, coarsest = simplify(room, error_m=1.0), simplify(room, error_m=error_m)
    assert 0 < len(coarsest.faces) <= 2 * len(coarse.faces) and faces_camera(coarsest)
    size = np.ptp(room.vertices, axis=0)
    assert np.allclose(np.ptp(coarsest.vertices, axis=0)[:2], size[:2], rtol=0.05)


def test_texture_coordinates_are_the_vertices_projection(room: Mesh) -> None:
    small = simplify(room, faces=600)
    assert small.uv is not None
    assert np.abs(project(small.vertices, CAMERA) - small.uv * [80, 60]).max() < 1e-3


def test_colours_and_normals_come_from_nearby(room: Mesh) -> None:
    small = simplify(room, faces=3_000)
    assert small.rgb is not None and small.normals is not None
    assert np.allclose(np.linalg.norm(small.normals, axis=1), 1, atol=1e-5)
    cols, rows = np.floor(project(small.vertices, CAMERA)).astype(int).clip(0, (79, 59)).T
    distance = np.abs(small.rgb.astype(int) - RGB[rows, cols]).max(axis=1)
    assert (distance == 0).mean() > 0.5


def test_it_is_deterministic_and_leaves_its_input_alone(room: Mesh) -> None:
    before = room.vertices.copy(), room.faces.copy()
    first, second = simplify(room, faces=600), simplify(room, faces=600)
    assert np.array_equal(first.vertices, second.vertices) and np.array_equal(first.faces, second.faces)
    assert np.array_equal(room.vertices, before[0]) and np.array_equal(room.faces, before[1])


def test_a_mesh_without_texture_or_colours_is_simplified_too(room: Mesh) -> None:
    bare = simplify(Mesh(vertices=room.vertices, faces=room.faces), faces=500)
    assert len(bare.faces) <= 500 and bare.uv is None and bare.rgb is None and bare.normals is None


def test_what_is_wrong_is_refused(room: Mesh) -> None:
    for options in ({}, {"faces": 3}, {"error_m": 0.0}, {"error_m": float("nan")}):
        with pytest.raises(ValueError):
            simplify(room, **options)
    with pytest.raises(ValueError, match="give one"):
        simplify(room, faces=100, error_m=0.1)
    assert room.uv is not None
    # As by a lens that bends the corners of the picture by half a thousandth of its width.
    bent = room.uv - 0.5
    bent = 0.5 + bent * (1 + 1.5e-3 * (bent**2).sum(axis=1, keepdims=True))
    for uv in (room.uv[:, ::-1], bent):
        with pytest.raises(ValueError, match="projection"):
            simplify(Mesh(vertices=room.vertices, faces=room.faces, uv=uv.astype(np.float32)), faces=100)


def test_options_reach_the_scene_s_mesh() -> None:
    scene = noisy_room()
    assert len(scene.with_options(Options(faces=300)).mesh().faces) <= 300
    assert len(scene.with_options(Options(error=0.05)).mesh().faces) < 0.3 * len(scene.mesh().faces)
    for wrong in ({"faces": 3}, {"error": 0.0}, {"error": -1.0}, {"faces": 100, "error": 0.1}):
        with pytest.raises(ValueError, match=r"faces|error"):
            Options(**wrong)
