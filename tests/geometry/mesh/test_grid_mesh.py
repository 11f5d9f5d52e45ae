import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, plane, with_box

from recon.geometry.depth_edges import connect
from recon.geometry.mesh.grid_mesh import MeshGrid, grid_mesh
from recon.geometry.mesh.triangulate import border_to_edge, extend_to_edge, triangulate
from recon.geometry.normals import grid_normals
from recon.geometry.unproject import pixel_centres, rays_of, unproject
from recon.options import Options
from recon.scene import Scene
from recon.types import Connections, Intrinsics, MetricDepth, Photo, Rays

RAYS = rays_of(CAMERA)
ALL = np.ones((CAMERA.height, CAMERA.width), bool)


def signed_areas_px(faces: np.ndarray, width: int) -> np.ndarray:
    """Twice the area of each triangle in the picture; positive where it turns clockwise on the screen."""
    corners = np.stack([faces % width, faces // width], axis=-1).astype(float)
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def test_a_whole_grid_gives_two_triangles_a_square_counter_clockwise() -> None:
    z = floor_and_wall()
    faces = triangulate(unproject(z, RAYS), connect(z, ALL, RAYS, 0.04))
    assert len(faces) == 2 * 119 * 159
    # y goes down in the picture: counter-clockwise as one sees it is a negative cross product.
    assert (signed_areas_px(faces, 160) == -1).all()


def test_the_geometric_normals_face_the_camera() -> None:
    z = floor_and_wall()
    points = unproject(z, RAYS)
    corners = points.reshape(-1, 3)[triangulate(points, connect(z, ALL, RAYS, 0.04))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("fi,fi->f", normals, corners[:, 0]) < 0).all()


def test_no_triangle_bridges_an_object_and_the_wall() -> None:
    z = with_box(floor_and_wall(), slice(20, 60), slice(50, 100), 2.0)
    faces = triangulate(unproject(z, RAYS), connect(z, ALL, RAYS, 0.04))
    depths = z.reshape(-1)[faces]
    box = np.isclose(depths, 2.0).sum(axis=1)
    assert set(box.tolist()) <= {0, 3}


def test_a_cut_loses_no_vertex_of_either_side() -> None:
    z = with_box(floor_and_wall(), slice(20, 60), slice(50, 100), 2.0)
    faces = triangulate(unproject(z, RAYS), connect(z, ALL, RAYS, 0.04))
    assert len(np.unique(faces)) == z.size


@pytest.mark.parametrize("corner", range(4))
def test_a_cut_off_corner_leaves_the_other_three_pixels_a_triangle(corner: int) -> None:
    right, down = np.ones((2, 1), bool), np.ones((1, 2), bool)
    row, col = divmod(corner, 2)
    right[row, 0] = False
    down[0, col] = False
    points = unproject(np.ones((2, 2), np.float32), type(RAYS)(RAYS.x[:2], RAYS.y[:2]))
    faces = triangulate(points, Connections(right=right, down=down))
    assert sorted(faces[0].tolist()) == [i for i in range(4) if i != corner] and len(faces) == 1


def test_the_shorter_diagonal_is_taken() -> None:
    z = np.ones((2, 2), np.float32)
    z[0, 0] = 1.02
    points = unproject(z, type(RAYS)(RAYS.x[:2], RAYS.y[:2]))
    links = Connections(right=np.ones((2, 1), bool), down=np.ones((1, 2), bool))
    faces = triangulate(points, links)
    # The far corner 0 makes the diagonal 0-3 longer than 1-2.
    assert all({1, 2} <= set(face) for face in faces.tolist())


def grid_of(z: np.ndarray, keep: np.ndarray, links: Connections, rays: Rays) -> MeshGrid:
    height, width = z.shape
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    u, v = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    return MeshGrid(z, rays, rays, keep, links, rgb, u, v)


def test_a_mesh_without_cuts_has_the_pixels_as_vertices_and_no_border() -> None:
    z = floor_and_wall()
    links = connect(z, ALL, RAYS, 0.04)
    grid = grid_of(z, ALL, links, RAYS)
    mesh = grid_mesh(grid)[0]
    points = unproject(extend_to_edge(z, links, RAYS, RAYS), RAYS)
    assert np.array_equal(mesh.vertices, points[ALL]) and np.array_equal(mesh.rgb, grid.rgb[ALL])
    assert mesh.uv is not None and np.array_equal(mesh.normals, grid_normals(z, RAYS, links)[ALL])
    assert np.array_equal(mesh.uv, np.stack(np.meshgrid(grid.u, grid.v), axis=-1)[ALL])
    assert same_faces(mesh.faces, triangulate(points, links))


def same_faces(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_mesh_of_many_pieces_is_the_same_whatever_the_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = Intrinsics.from_focal(500, width=403, height=611, source="user")
    rays, noise = rays_of(camera), np.random.default_rng(0)
    z = (2 + noise.random((611, 403)) + (np.arange(403) > 200)).astype(np.float32)
    keep = noise.random(z.shape) < 0.9
    grid = grid_of(z, keep, connect(z, keep, rays, 0.3), rays)
    monkeypatch.setattr("recon.threads.cores", lambda: threads)
    mesh = grid_mesh(grid)[0]
    monkeypatch.setattr("recon.threads.BLOCK", 1 << 30)
    whole = grid_mesh(grid)[0]
    assert np.array_equal(mesh.vertices, whole.vertices) and np.array_equal(mesh.uv, whole.uv)
    assert same_faces(mesh.faces, whole.faces)


@pytest.mark.parametrize("stride", [1, 8, 16])
def test_the_border_lies_on_the_surface_and_so_do_its_normals(stride: int) -> None:
    normal = np.array([0.4, -0.3, 0.87]) / np.linalg.norm([0.4, -0.3, 0.87])
    z = plane((normal[0], normal[1], normal[2]), 3.0, RAYS)
    scene = Scene(
        Photo(np.zeros((120, 160, 3), np.uint8)),
        CAMERA,
        MetricDepth(z, np.ones(z.shape, bool)),
        options=Options(stride=stride),
    )
    mesh = scene.mesh()
    assert mesh.normals is not None
    assert np.abs(mesh.vertices @ normal - 3.0).max() < 1e-4
    assert (mesh.normals @ normal < -0.9999).all()


@pytest.mark.parametrize("size", [(6, 8), (4, 20), (8, 10)])
def test_a_plane_on_a_coarse_grid_stays_whole(size: tuple[int, int]) -> None:
    camera = Intrinsics.from_focal(size[1], width=size[1], height=size[0], source="user")
    rays = rays_of(camera)
    z = plane((0.3, -0.2, 1.0), 3.0, rays)
    links = connect(z, np.ones(z.shape, bool), rays, 0.04)
    assert links.right.mean() > 0.95 and links.down.mean() > 0.95


def test_no_connection_no_mesh() -> None:
    z = floor_and_wall()
    faces = triangulate(unproject(z, RAYS), connect(z, ~ALL, RAYS, 0.04))
    assert faces.shape == (0, 3)


def test_the_border_moves_to_the_picture_s_edge() -> None:
    moved = border_to_edge(pixel_centres(160, 4), 160)
    assert moved[0] == 0 and moved[-1] == 160
    assert np.array_equal(moved[1:-1], pixel_centres(160, 4)[1:-1])
