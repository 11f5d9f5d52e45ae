"""The background extended behind the foreground: its position, and that it is invisible to the photo's camera."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from synthetic import CAMERA, floor_and_wall, plane, with_box

from recon.geometry.mesh.fill_background import CAMERA_MOVE, FILL_NOTE, continue_background
from recon.geometry.mesh.pixel_border import PixelBorder
from recon.geometry.unproject import project, rays_of
from recon.options import Options
from recon.scene import Scene
from recon.types import Connections, Intrinsics, Mesh, MetricDepth, Photo
from recon_cli.group import recon

RAYS = rays_of(CAMERA)
ROWS, COLS = slice(40, 80), slice(55, 105)
BOX_M = 2.0
TILTED = (0.3, 0.1, 1.0)
WALL = plane(TILTED, 6.0, RAYS)
RED, GREEN = (200, 30, 20), (20, 160, 40)


def scene_of(z_m: np.ndarray, camera: Intrinsics = CAMERA, **options: Any) -> Scene:
    """Whatever is nearer than 3 m is red, the rest is green; at the outline the two are mixed."""
    rgb = np.where(z_m[..., None] < 3, RED, GREEN).astype(np.float64)
    for axis in (0, 1):
        rgb = (np.roll(rgb, 1, axis) + 2 * rgb + np.roll(rgb, -1, axis)) / 4
    valid = np.isfinite(z_m)
    return Scene(
        Photo(rgb.astype(np.uint8)),
        camera,
        MetricDepth(np.where(valid, z_m, 1).astype(np.float32), valid),
        options=Options(**{"fill": False, **options}),
    )


def meshes_of(z_m: np.ndarray, camera: Intrinsics = CAMERA, **options: Any) -> tuple[Mesh, Mesh]:
    """Without and with the background continued."""
    return scene_of(z_m, camera, **options).mesh(), scene_of(z_m, camera, fill=True, **options).mesh()


def added(plain: Mesh, filled: Mesh) -> Mesh:
    """What the second has more than the first."""
    count = len(plain.vertices)
    assert filled.uv is not None and filled.rgb is not None and filled.normals is not None
    return Mesh(
        filled.vertices[count:],
        filled.faces[len(plain.faces) :] - np.int32(count),
        filled.uv[count:],
        filled.rgb[count:],
        filled.normals[count:],
    )


def inside_box(mesh: Mesh) -> np.ndarray:
    u, v = project(mesh.vertices, CAMERA).T
    return (u > COLS.start) & (u < COLS.stop) & (v > ROWS.start) & (v < ROWS.stop)


def first_hits(mesh: Mesh, camera: Intrinsics, offset_px: tuple[float, float]) -> np.ndarray:
    """Index of the face that the photo's camera sees next to each pixel's centre, (H, W); -1 where there is none."""
    open3d = pytest.importorskip("open3d")
    caster = open3d.t.geometry.RaycastingScene()
    tensor = open3d.core.Tensor
    caster.add_triangles(
        tensor(np.ascontiguousarray(mesh.vertices)),
        tensor(np.ascontiguousarray(mesh.faces.astype(np.uint32))),
    )
    u, v = np.meshgrid(
        np.arange(camera.width) + 0.5 + offset_px[0], np.arange(camera.height) + 0.5 + offset_px[1]
    )
    x, y = (u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy
    zero = np.zeros_like(x)
    rays = np.stack([zero, zero, zero, x, y, zero + 1], axis=-1).astype(np.float32)
    hit = caster.cast_rays(tensor(rays))
    numbers = hit["primitive_ids"].numpy().astype(np.int64)
    return np.where(np.isfinite(hit["t_hit"].numpy()), numbers, -1)


def test_a_tilted_wall_goes_on_in_its_plane_under_a_box() -> None:
    patch = added(*meshes_of(with_box(WALL, ROWS, COLS, BOX_M)))
    hidden = patch.vertices[inside_box(patch)]
    assert len(hidden) > 500
    off = np.abs(hidden @ np.array(TILTED) / 6.0 - 1)
    # Its border is slightly behind the visible wall.
    assert np.percentile(off, 80) < 5e-5 and off.max() < 6e-4


def test_a_floor_goes_on_too_and_no_farther_than_the_scene() -> None:
    z = with_box(floor_and_wall(height_m=0.8), slice(50, 110), COLS, BOX_M)
    patch = added(*meshes_of(z))
    u, v = project(patch.vertices, CAMERA).T
    on_floor = patch.vertices[(v > 92) & (v < 108) & (u > COLS.start) & (u < COLS.stop)]
    assert len(on_floor) > 50 and np.percentile(np.abs(on_floor[:, 1] - 0.8), 80) < 0.002
    assert patch.vertices[:, 2].max() <= 6.1


def test_the_strip_is_as_wide_as_a_small_move_uncovers() -> None:
    z = with_box(plane((0, 0, 1), 6.0, RAYS), ROWS, COLS, BOX_M)
    patch = added(*meshes_of(z))
    u, v = project(patch.vertices[inside_box(patch)], CAMERA).T
    depth = np.min([u - COLS.start, COLS.stop - u, v - ROWS.start, ROWS.stop - v], axis=0)
    parallax_px = CAMERA.fx * CAMERA_MOVE * BOX_M * (1 / BOX_M - 1 / 6.0)
    assert parallax_px <= depth.max() + 0.5 <= parallax_px + 4
    assert (depth > parallax_px - 2).sum() > 100, "the strip reaches its width all around"


def test_a_thin_pole_is_closed_behind_from_side_to_side() -> None:
    plain, filled = meshes_of(with_box(WALL, slice(0, 120), slice(80, 83), BOX_M))
    patch = added(plain, filled)
    u = project(patch.vertices, CAMERA)[:, 0]
    assert {80.5, 81.5, 82.5} <= set(np.round(u, 2).tolist())
    sides = (u.reshape(-1)[patch.faces] < 80).any(axis=1), (u[patch.faces] > 83).any(axis=1)
    assert sides[0].sum() > 100 and sides[1].sum() > 100


@pytest.mark.parametrize("offset_px", [(0.3, 0.2), (0.01, 0.02), (-0.4, 0.45)])
@pytest.mark.parametrize("stride", [1, 3])
def test_the_photo_s_camera_sees_the_same_faces_and_a_camera_next_to_it_fewer_holes(
    offset_px: tuple[float, float], stride: int
) -> None:
    z = with_box(with_box(WALL, ROWS, COLS, BOX_M), slice(20, 110), slice(70, 76), 1.2)
    plain, filled = meshes_of(z, stride=stride)
    before, after = (first_hits(mesh, CAMERA, offset_px) for mesh in (plain, filled))
    assert np.array_equal(after[before >= 0], before[before >= 0])
    left = np.array([0.06, 0, 0], np.float32)
    moved = [replace(mesh, vertices=mesh.vertices - left) for mesh in (plain, filled)]
    holes = [(first_hits(mesh, CAMERA, offset_px)[15:105, 15:135] < 0).sum() for mesh in moved]
    assert holes[0] > 300 and holes[1] < 0.06 * holes[0]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), noise=st.sampled_from([0.0, 0.002, 0.02]))
def test_whatever_the_scene_nothing_comes_before_what_the_photo_shows(seed: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    z = plane((rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), 1.0), 6.0, RAYS)
    for _ in range(5):
        row, col = rng.integers(0, 110), rng.integers(0, 150)
        box = plane((rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), 1.0), rng.uniform(1, 5), RAYS)
        window = (slice(row, row + rng.integers(2, 60)), slice(col, col + rng.integers(2, 60)))
        z[window] = np.minimum(z, box)[window]
    z *= 1 + noise * rng.standard_normal(z.shape).astype(np.float32)
    z[rng.random(z.shape) < 0.01] = np.inf
    plain, filled = meshes_of(z)
    before, after = (first_hits(mesh, CAMERA, (0.31, 0.17)) for mesh in (plain, filled))
    assert np.array_equal(after[before >= 0], before[before >= 0])
    assert np.isfinite(filled.vertices).all() and filled.vertices[:, 2].min() > 0
    assert filled.vertices[:, 2].max() <= 1.05 * plain.vertices[:, 2].max()


def test_the_colours_are_the_background_s_and_not_the_outline_s_mixture() -> None:
    scene = scene_of(with_box(WALL, ROWS, COLS, BOX_M), fill=True)
    patch = added(scene.with_options(Options(fill=False)).mesh(), scene.mesh())
    assert patch.rgb is not None and patch.uv is not None
    assert (patch.rgb == GREEN).all()
    cols, rows = np.floor(patch.uv * [CAMERA.width, CAMERA.height]).astype(int).T
    assert (scene.photo.rgb[rows, cols] == GREEN).all()
    # Linear interpolation over a face stays there, too.
    middle = patch.uv[patch.faces].mean(axis=1) * [CAMERA.width, CAMERA.height]
    cols, rows = np.floor(middle).astype(int).T
    assert (scene.photo.rgb[rows, cols] == GREEN).all()


def test_the_faces_turn_to_the_camera_and_so_do_the_normals() -> None:
    patch = added(*meshes_of(with_box(WALL, ROWS, COLS, BOX_M)))
    assert patch.normals is not None
    a, b, c = (patch.vertices[patch.faces[:, k]].astype(np.float64) for k in range(3))
    assert (np.einsum("fi,fi->f", np.cross(b - a, c - a), a) < 0).all()
    assert np.allclose(np.linalg.norm(patch.normals, axis=1), 1, atol=1e-5)
    expected = -np.array(TILTED) / np.linalg.norm(TILTED)
    assert np.percentile(patch.normals @ expected, 10) > 0.999
    assert (np.einsum("vi,vi->v", patch.normals, patch.vertices) < 0).all()


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"faces": 2000}, {"faces": 4}, {"error": 0.01}])
def test_it_goes_with_every_other_option(options: dict[str, Any]) -> None:
    mesh = scene_of(with_box(WALL, ROWS, COLS, BOX_M), fill=True, **options).mesh()
    assert mesh.uv is not None and mesh.faces.dtype == np.int32
    assert mesh.faces.min() == 0 and mesh.faces.max() == len(mesh.vertices) - 1
    assert mesh.uv.min() >= 0 and mesh.uv.max() <= 1
    if options.get("faces") == 2000:
        assert 1000 < len(mesh.faces) <= 2000
        assert inside_box(mesh)[mesh.vertices[:, 2] > 4].sum() > 20, "some of them close the cut"


def test_what_was_there_stays_first_and_unchanged() -> None:
    plain, filled = meshes_of(with_box(WALL, ROWS, COLS, BOX_M))
    for name in ("vertices", "faces", "uv", "rgb", "normals"):
        own = getattr(plain, name)
        assert np.array_equal(getattr(filled, name)[: len(own)], own) and len(getattr(filled, name)) > len(
            own
        )


def test_where_nothing_is_cut_nothing_is_added() -> None:
    for z, edge in ((WALL, 0.04), (with_box(WALL, ROWS, COLS, BOX_M), 0.0)):
        plain, filled = meshes_of(z, edge=edge)
        assert len(plain.faces) == len(filled.faces)


def test_sky_and_what_is_too_far_are_no_background() -> None:
    z = with_box(WALL, ROWS, COLS, BOX_M)
    far = meshes_of(z, max_depth=3.0)
    assert len(far[0].faces) == len(far[1].faces) > 1000
    z[:60] = np.where(z[:60] > 3, np.inf, z[:60])
    patch = added(*meshes_of(z))
    # The sky begins in row 60, whose pixels have no surface to extend: it stays empty.
    u, v = project(patch.vertices, CAMERA).T
    assert len(u) and not ((v < 59) & ~((u > COLS.start) & (u < COLS.stop))).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 2), (3, 200)])
def test_the_smallest_pictures(size: tuple[int, int]) -> None:
    camera = Intrinsics.from_focal(200.0, width=size[1], height=size[0], source="user")
    z = np.full(size, 6.0, np.float32)
    z[:, size[1] // 2 :] = 2.0
    plain, filled = meshes_of(z, camera)
    assert len(filled.faces) >= len(plain.faces)


def test_arrays_of_other_sizes_are_refused() -> None:
    links = Connections(np.ones((4, 4), bool), np.ones((3, 5), bool))
    camera = Intrinsics.from_focal(5.0, width=6, height=4, source="user")
    ones, none = np.ones((4, 5), bool), np.zeros((0, 3), np.float32)
    pixel_border = PixelBorder(none, np.zeros(0, np.int64), none[:, :2], none.astype(np.int32))
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(4, 6\)"):
        continue_background(ones.astype(np.float32), ones, ~ones, links, rays_of(camera), pixel_border)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo, and its measured depth in mm."""
    scene = scene_of(with_box(WALL, ROWS, COLS, BOX_M))
    Image.fromarray(scene.photo.rgb).save(tmp_path / "photo.jpg", quality=95)
    Image.fromarray(np.rint(scene.depth.z_m * 1000).astype(np.uint16)).save(tmp_path / "depth.png")
    return tmp_path


def build(folder: Path, *words: str) -> dict[str, Any]:
    given_words = [
        "build",
        str(folder / "photo.jpg"),
        "--depth",
        str(folder / "depth.png"),
        "--focal-px",
        "200",
    ]
    return dict(json.loads(CliRunner().invoke(recon, [*given_words, *words, "--json"]).stdout))


def test_the_command_fills_and_the_file_says_so(folder: Path) -> None:
    plain = build(folder, "-o", str(folder / "a.glb"), "--no-fill")["written"][0]["faces"]
    assert build(folder, "-o", str(folder / "b.glb"))["written"][0]["faces"] > plain
    assert FILL_NOTE.encode() in (folder / "b.glb").read_bytes()
    assert FILL_NOTE.encode() not in (folder / "a.glb").read_bytes()
    assert (folder / "photo.jpg").read_bytes() in (folder / "b.glb").read_bytes(), "the photo stays as it is"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["-o", "@a.ply", "--fill"], 1),
        (["-o", "@a.glb", "--fill", "--edge", "0"], 1),
        (["-o", "@a.ply", "-o", "@a.glb", "--fill"], 0),
        (["-o", "@a.ply", "--no-fill"], 0),
    ],
)
def test_an_option_without_effect_is_a_warning(folder: Path, words: list[str], count: int) -> None:
    words = [str(folder / word[1:]) if word.startswith("@") else word for word in words]
    warnings = build(folder, *words)["warnings"]
    assert len([each for each in warnings if each.startswith("--fill has no effect")]) == count
