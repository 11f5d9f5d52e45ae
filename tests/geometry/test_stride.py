from dataclasses import replace

import numpy as np
import pytest
from synthetic import CAMERA, floor_and_wall, with_box

from recon.geometry.stride import TRIANGLES, grid_triangles, stride_for
from recon.geometry.surface import Surface, every_nth, surface_of
from recon.geometry.unproject import rays_of
from recon.journal import Journal
from recon.options import Options
from recon.scene import Scene
from recon.stage_reports import report_faces
from recon.types import FloatMap, Intrinsics, MetricDepth, Photo


@pytest.mark.parametrize(
    ("width", "height", "step"),
    [(640, 480, 1), (1152, 864, 1), (1000, 1001, 2), (4000, 3000, 5), (8160, 6120, 10), (1, 1, 1)],
)
def test_a_million_triangles_or_as_near_as_a_whole_stride_comes(width: int, height: int, step: int) -> None:
    assert stride_for(TRIANGLES, width=width, height=height) == step
    left = 2 * width * height / step**2
    assert (left < TRIANGLES / 2 and step == 1) or 0.5 <= left / TRIANGLES <= 2


@pytest.mark.parametrize(
    ("faces", "width", "height", "step"),
    [(1_000, 1000, 1000, 1), (500_000, 1000, 1000, 1), (40_000, 4000, 3000, 3), (2_000_000, 4000, 3000, 2)],
)
def test_few_faces_are_simplified_from_a_grid_whose_outlines_are_in_place(
    faces: int, width: int, height: int, step: int
) -> None:
    assert stride_for(grid_triangles(faces), width=width, height=height) == step


def test_the_default_mesh_is_the_grid_itself() -> None:
    assert grid_triangles(None) == TRIANGLES


def surface_from(z_m: FloatMap) -> Surface:
    height, width = z_m.shape
    camera = replace(CAMERA, width=width, height=height)
    return surface_of(MetricDepth(z_m, np.ones_like(z_m, bool)), None, camera, edge=0.04)


@pytest.mark.parametrize("step", [2, 3, 5, 7])
def test_a_coarser_grid_has_the_cuts_of_the_full_one_and_no_depth_between_two_surfaces(step: int) -> None:
    surface = surface_from(with_box(floor_and_wall(), slice(30, 90), slice(50, 100), 2.0))
    z_m, keep, connections = every_nth(surface, step, rays_of(CAMERA, step), 0.04)
    assert np.array_equal(z_m, surface.z_m[::step, ::step]) and keep.all()
    box = np.zeros((120, 160), bool)
    box[30:90, 50:100] = True
    box = box[::step, ::step]
    # Cut at the box's outline, and nowhere else.
    assert np.array_equal(connections.right, box[:, 1:] == box[:, :-1])
    assert np.array_equal(connections.down, box[1:] == box[:-1])


def test_what_is_not_cut_in_the_full_grid_stays_whole_in_a_coarse_one() -> None:
    # A ball's outer part is steep: from every 8th pixel to the next the depth changes as at an edge.
    rows, cols = np.mgrid[:120, :160].astype(np.float32)
    away = np.hypot(rows - 60, cols - 80) / 70
    z_m = np.where(away < 0.9, 3 - 1.5 * np.sqrt(np.clip(1 - away**2, 0, 1)), 6).astype(np.float32)
    surface = surface_from(z_m)
    _, _, connections = every_nth(surface, 8, rays_of(CAMERA, 8), 0.04)
    fine = surface.connections.right[::8][:, : 8 * connections.right.shape[1]]
    uncut = fine.reshape(*connections.right.shape, 8).all(axis=2)
    assert uncut.sum() > 200 and connections.right[uncut].all()


def test_a_wall_goes_on_behind_a_pole_that_the_stride_steps_over() -> None:
    z_m = np.full((60, 60), 4, np.float32)
    z_m[:, 22:24] = 2
    surface = surface_from(z_m)
    assert not surface.connections.right[:, 21].any()
    camera = replace(CAMERA, width=60, height=60)
    _, _, connections = every_nth(surface, 5, rays_of(camera, 5), 0.04)
    assert connections.right.all()


def wall(width: int, height: int, **options: object) -> Scene:
    return Scene(
        Photo(np.zeros((height, width, 3), np.uint8)),
        Intrinsics.from_focal(float(width), width=width, height=height, source="user"),
        MetricDepth(np.full((height, width), 2, np.float32), np.ones((height, width), bool)),
        options=Options(**options),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("options", "mesh", "cloud"),
    [
        ({}, 2, 1),
        ({"full": True}, 1, 1),
        ({"stride": 3}, 3, 3),
        ({"faces": 50_000}, 2, 1),
        ({"faces": 50_000, "full": True}, 1, 1),
        ({"error": 0.01}, 1, 1),
    ],
)
def test_meshes_have_a_budget_and_clouds_have_none(options: dict, mesh: int, cloud: int) -> None:
    scene = wall(2000, 1200, **options)
    assert scene.stride_of("mesh") == mesh and scene.stride_of("cloud") == cloud


def test_a_large_wall_becomes_the_mesh_that_the_budget_names() -> None:
    scene, journal = wall(2000, 1200), Journal()
    mesh = scene.mesh()
    assert len(mesh.faces) == 2 * 999 * 599
    report_faces(scene, mesh, journal)
    assert [entry.message for entry in journal.entries] == [
        "1.2 of 4.8 million triangles (every 2nd pixel); --full keeps all"
    ]


def test_stride_and_full_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="stride and full"):
        Options(stride=2, full=True)
