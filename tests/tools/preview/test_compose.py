"""Scenes: the same seed is the same scene; depth is exact; the sky is where nothing is."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip(
    "open3d", reason="the ray caster needs Open3D and its system libraries", exc_type=ImportError
)

from tools.preview.camera import camera_at, draw_focal, pinhole_rays
from tools.preview.compose import COMPOSERS, SHARES, compose, kind_for, rng_for
from tools.preview.raycast import Raycaster
from tools.preview.render import Render, render
from tools.preview.scene import Builder, Camera, Material, Scene, Sky
from tools.preview.view import views

ROOT = Path(__file__).parents[3]
DIGEST = """
import hashlib
from tools.preview.compose import compose
g = compose(int({seed}), "{kind}").geometry()
print(hashlib.sha256((g.vertices * 1000).round().astype("i8").tobytes() + g.triangles.tobytes()).hexdigest())
"""


def _plain_scene(*, indoor: bool = False) -> tuple[Scene, Builder]:
    scene = Scene("test", 0, indoor=indoor)
    scene.sky = Sky((0.3, 0.8, -0.5), 1.0, (0.4, 0.4, 0.5), (0.2, 0.4, 0.9), (0.8, 0.9, 1.0), 0.0, 1e-4, 0)
    return scene, Builder(scene, rng_for(0, "test"))


def _shoot(scene: Scene, camera: Camera, width: int, height: int) -> Render:
    geometry = scene.geometry()
    return render(scene, geometry, Raycaster(geometry), camera, rng_for(0, "render"), width, height)


@pytest.mark.parametrize("kind", ["room", "street", "landscape", "portrait"])
def test_a_seed_gives_the_same_geometry_in_another_process(kind: str) -> None:
    digests = set()
    for hash_seed in ("1", "2"):  # nothing may hang on the order of sets or of object ids
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        code = DIGEST.format(seed=77, kind=kind)
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout.strip())
    here = compose(77, kind).geometry()
    data = (here.vertices * 1000).round().astype("i8").tobytes() + here.triangles.tobytes()
    digests.add(hashlib.sha256(data).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("kind", list(COMPOSERS))
def test_every_kind_gives_the_same_labelled_view_twice(kind: str) -> None:
    first, again = (views(5, 48, 36, 1, kind)[0] for _ in range(2))
    assert np.array_equal(first.rgb, again.rgb)
    np.testing.assert_allclose(first.z_m, again.z_m, rtol=1e-5)
    assert first.focal_over_width == again.focal_over_width
    assert first.rgb.std() > 3  # a picture, not one colour
    assert np.nanmin(first.z_m) > 0


def test_other_seeds_are_other_scenes() -> None:
    assert compose(1, "room").rows != compose(2, "room").rows


def test_kinds_come_in_their_shares() -> None:
    kinds = [kind_for(seed) for seed in range(600)]
    for kind, share in SHARES.items():
        assert abs(kinds.count(kind) / 600 - share) < 4 * np.sqrt(share / 600)


def test_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="unknown kind of scene 'attic'"):
        compose(1, "attic")


def test_depth_of_a_box_is_its_distance_along_the_axis() -> None:
    scene, b = _plain_scene()
    skin = b.material(Material((0.5, 0.5, 0.5)))
    b.add("box", (0, 0, 4.5), (2, 1, 1), skin)  # its face towards the camera is at z = 4
    shot = _shoot(scene, camera_at(np.zeros(3), 0, 0, 0, 0.8), 64, 48)
    u = (np.arange(64) + 0.5) / 64 - 0.5
    v = (np.arange(48) + 0.5 - 24) / 64
    inside = (np.abs(v / 0.8 * 4) < 0.49)[:, None] & (np.abs(u / 0.8 * 4) < 0.99)[None]
    outside = (np.abs(v / 0.8 * 4) > 0.51)[:, None] | (np.abs(u / 0.8 * 4) > 1.01)[None]
    np.testing.assert_allclose(shot.z_m[inside], 4.0, rtol=1e-6)  # z-depth, not the ray's length
    assert shot.sky[outside].all() and not shot.sky[inside].any()
    assert np.isinf(shot.z_m[shot.sky]).all() and np.isfinite(shot.linear).all()


def test_depth_of_the_ground_follows_the_horizon() -> None:
    scene, b = _plain_scene()
    b.add("box", (0, -0.5, 0), (900, 1, 900), b.material(Material((0.4, 0.4, 0.4))))
    height, pitch = 1.5, -0.2
    shot = _shoot(scene, camera_at(np.array([0, height, 0.0]), 0.3, pitch, 0, 0.8), 40, 30)
    v = (np.arange(30) + 0.5 - 15) / 40 / 0.8
    fall = np.sin(-pitch) + v * np.cos(pitch)  # how much a ray with z = 1 goes down
    below = fall > 0.02
    expected = np.repeat((height / fall[below])[:, None], 40, 1)
    np.testing.assert_allclose(shot.z_m[below], expected, rtol=1e-4)
    assert shot.sky[fall < -0.001].all()


def test_camera_axes_are_x_right_y_down_z_ahead() -> None:
    camera = camera_at(np.array([1.0, 2.0, 3.0]), yaw=np.pi / 2, pitch=0, roll=0, focal_over_width=0.5)
    rotation = camera.world_T_cam[:3, :3]
    assert np.linalg.det(rotation) == pytest.approx(-1)  # the scenes' world is left-handed
    np.testing.assert_allclose(rotation @ [0, 0, 1], [1, 0, 0], atol=1e-12)  # looks along +x
    np.testing.assert_allclose(rotation @ [0, 1, 0], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    rays = pinhole_rays(camera, 4, 2)
    np.testing.assert_allclose(rays[:, :3], np.tile([1, 2, 3], (8, 1)))
    np.testing.assert_allclose(rays[:, 3], 1)  # t is z-depth


def test_focal_lengths_are_those_of_photos() -> None:
    rng = rng_for(1, "focal")
    wide = np.array([draw_focal(rng, 4, 3) for _ in range(500)])
    tall = np.array([draw_focal(rng, 3, 4) for _ in range(500)])
    degrees = np.rad2deg(2 * np.arctan(0.5 / wide))
    assert degrees.min() >= 29.9 and degrees.max() <= 95.1
    assert abs(np.median(degrees) - 62) < 4
    assert np.median(tall) / np.median(wide) == pytest.approx(4 / 3, rel=0.06)


def test_a_thing_is_placed_and_turned_as_a_whole() -> None:
    scene, b = _plain_scene()
    skin = b.material(Material((0.5, 0.5, 0.5)))

    def thing(builder: Builder) -> tuple[float, float]:
        builder.add("box", (1.0, 0.5, 0.0), (0.2, 0.2, 0.2), skin)
        builder.target(1.0, 0.5, 0.0, 0.3)
        return 2.0, 1.0

    group = b.made(thing)
    assert scene.rows == [] and (group.width, group.depth) == (2.0, 1.0)
    b.put(group, 3.0, 4.0, np.pi / 2)
    np.testing.assert_allclose(scene.rows[0][:3], [3.0, 0.5, 3.0], atol=1e-12)  # +x turns to -z
    np.testing.assert_allclose(scene.targets[0], [3.0, 0.5, 3.0, 0.3], atol=1e-12)
    assert scene.rows[0][6] == pytest.approx(np.pi / 2)
