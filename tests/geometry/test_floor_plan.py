"""Floor plans: slices of boxes and of rooms whose size is known."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trimesh
from tilted_rooms import BACK, CAMERA, CEILING, FLOOR, room

import recon
from recon.errors import ExportError
from recon.geometry.floor_plan import joined, length_m, plan_of, sliced, straightened, turn_to_walls
from recon.outputs.floor_plan import scene_plan
from recon.scene import Scene
from recon.types import Mesh, MetricDepth, Photo

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
LEFT, RIGHT = ((-1, 0, 0), 2.2), ((1, 0, 0), 1.8)


def _scene(surfaces: list[tuple[tuple[float, float, float], float]], noise: float = 0.0) -> Scene:
    z_m = room(surfaces, -8.0, 3.0)
    valid = np.isfinite(z_m)
    z_m = np.where(valid, z_m, 1) * (1 + noise * np.random.default_rng(2).standard_normal(z_m.shape))
    rgb = np.full((*z_m.shape, 3), 128, np.uint8)
    return Scene(Photo(rgb), CAMERA, MetricDepth(z_m.astype(np.float32), valid))


@pytest.mark.parametrize("noise", [0.0, 0.001])
@pytest.mark.parametrize("height_m", [None, 0.5, 2.0])
def test_a_room_has_its_true_size(noise: float, height_m: float | None) -> None:
    """4 m wide, its back wall 5 m ahead; the camera is pitched by -8 and rolled by 3 degrees."""
    plan = scene_plan(_scene([FLOOR, CEILING, BACK, LEFT, RIGHT], noise), height_m)
    assert plan.above_floor and plan.height_m == (height_m or 1.2)
    outline = max(plan.lines, key=length_m)
    lengths = np.linalg.norm(np.diff(outline, axis=0), axis=1)
    assert len(outline) == 4, "the left wall, the back wall, the right wall"
    assert lengths[1] == pytest.approx(4.0, rel=0.01)
    corners = outline[1:3][np.argsort(outline[1:3, 0])]
    np.testing.assert_allclose(corners, [[-2.2, 5.0], [1.8, 5.0]], atol=0.04)
    # The walls come towards the camera, as far as it sees them.
    assert outline[[0, -1], 1].max() < 4.5
    assert np.degrees(turn_to_walls(plan.lines)) == pytest.approx(0, abs=0.5)


def test_the_sample_room_is_five_metres_wide() -> None:
    """Its generator, tools/sample_data/living_room.py, places the walls at x = -2.5 m and 2.5 m."""
    depth = str(SAMPLES / "living_room.depth.png")
    plan = scene_plan(recon.reconstruct(SAMPLES / "living_room.jpg", depth=depth, max_depth=8))
    turn = turn_to_walls(plan.lines)
    turned = [line @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] for line in plan.lines]
    walls = [
        (a[0] + b[0]) / 2
        for line in turned
        for a, b in pairwise(line)
        if np.linalg.norm(b - a) > 0.5 and abs(b[0] - a[0]) < 0.05
    ]
    assert max(walls) - min(walls) == pytest.approx(5.0, rel=0.01)


def test_a_box_is_cut_in_a_closed_rectangle() -> None:
    box = trimesh.creation.box((2, 1, 3)).subdivide().subdivide()
    mesh = Mesh(
        box.vertices.astype(np.float32),
        box.faces.astype(np.int32),
        rgb=np.zeros(box.vertices.shape, np.uint8),
    )
    (line,) = sliced(mesh, np.eye(4), 0.2)
    np.testing.assert_array_equal(line[0], line[-1])
    assert length_m(line) == pytest.approx(10)
    (outline,) = plan_of(mesh, np.eye(4), 0.2).lines
    np.testing.assert_allclose([outline.min(axis=0), outline.max(axis=0)], [[-1, -1.5], [1, 1.5]], atol=1e-6)
    assert 5 <= len(outline) <= 6
    assert sliced(mesh, np.eye(4), 0.7) == [] and plan_of(mesh, np.eye(4), -0.7).lines == ()


def test_crumbs_are_no_walls_and_small_columns_stay() -> None:
    def box(size_m: float, at_m: float) -> trimesh.Trimesh:
        made = trimesh.creation.box((size_m, 1, size_m))
        made.apply_translation((at_m, 0, 0))
        return made

    crumb = box(0.15, 1.0)
    crumb.update_faces(crumb.face_normals[:, 2] > 0.5)
    both = trimesh.util.concatenate([box(0.15, 0.0), crumb])
    mesh = Mesh(
        both.vertices.astype(np.float32),
        both.faces.astype(np.int32),
        rgb=np.zeros(both.vertices.shape, np.uint8),
    )
    assert len(sliced(mesh, np.eye(4), 0.2)) == 2
    (column,) = plan_of(mesh, np.eye(4), 0.2).lines
    assert column[:, 0].max() == pytest.approx(0.075)


def test_noise_does_not_round_a_corner() -> None:
    ramp = np.linspace(0, 2, 200)
    corner = np.concatenate([np.stack([ramp, 0 * ramp], axis=1), np.stack([2 + 0 * ramp, ramp], axis=1)])
    noisy = corner + 0.005 * np.random.default_rng(3).standard_normal(corner.shape)
    np.testing.assert_allclose(straightened(noisy), [[0, 0], [2, 0], [2, 2]], atol=0.02)
    np.testing.assert_allclose(straightened(corner[[0, -1]]), [[0, 0], [2, 2]], atol=1e-9)


def test_lines_with_close_ends_are_joined() -> None:
    a, b, far = (
        np.array(ends, float) for ends in ([[0, 0], [1, 0]], [[2, 0], [1.05, 0]], [[1.2, 1], [3, 1]])
    )
    lines = joined([a, far, b])
    assert sorted(len(line) for line in lines) == [2, 4]
    whole = max(lines, key=len)
    np.testing.assert_array_equal(sorted(whole[:, 0].tolist()), [0, 1, 1.05, 2])
    closed = [np.array([[0, 0], [1, 0], [1, 1]], float), np.array([[1, 1.01], [0, 1], [0, 0.01]], float)]
    (ring,) = joined(closed)
    np.testing.assert_array_equal(ring[0], ring[-1])
    assert len(ring) == 7 and joined([]) == []


def test_what_has_no_plan_is_refused() -> None:
    with pytest.raises(ExportError, match="shows no floor"):
        scene_plan(_scene([CEILING, BACK, LEFT, RIGHT]), 1.0)
    assert not scene_plan(_scene([CEILING, BACK, LEFT, RIGHT])).above_floor
    with pytest.raises(ExportError, match="nothing is 9 m above the floor"):
        scene_plan(_scene([FLOOR, CEILING, BACK, LEFT, RIGHT]), 9.0)
    bumps = _scene([BACK])
    z_m = np.random.default_rng(1).uniform(1, 9, bumps.depth.z_m.shape).astype(np.float32)
    with pytest.raises(ExportError, match="needs the direction of gravity"):
        scene_plan(Scene(bumps.photo, CAMERA, MetricDepth(z_m, np.ones(z_m.shape, bool))))
