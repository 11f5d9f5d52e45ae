"""Each kind of scene: its depths lie in the range that such photos have, and its things have their true size."""

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip(
    "open3d", reason="the ray caster needs Open3D and its system libraries", exc_type=ImportError
)

from tools.preview import beasts, figures, things, vehicles
from tools.preview.bodies import body_meshes
from tools.preview.compose import COMPOSERS, SHARES, compose, rng_for
from tools.preview.landscape import landscape
from tools.preview.lens import defocus, faults
from tools.preview.moods import FOG, NIGHT, in_a_mood
from tools.preview.relief import Layer, Noise, Relief, fan
from tools.preview.render import Render
from tools.preview.scene import Builder, Material, Scene, Sky
from tools.preview.view import views

# the median depth (m) of the median photo of a kind
MIDDLE = {
    "room": (0.7, 4.0), "hall": (1.5, 9), "corridor": (1, 8), "desk": (0.5, 2.5), "street": (3, 30),
    "park": (3, 40), "plaza": (2, 40), "yard": (1.5, 15), "landscape": (8, 3000), "portrait": (0.5, 6),
    "crowd": (1, 15), "animal": (0.5, 15), "closeup": (0.2, 1.5), "vehicle": (1, 15), "cab": (0.4, 4),
    "shop": (0.8, 6), "desks": (0.8, 6), "works": (1, 9), "stairs": (1, 6), "church": (1.5, 20),
    "sheet": (0.2, 2.5),
}  # fmt: skip


def _sky() -> Sky:
    return Sky((0.3, 0.8, -0.5), 1.0, (0.4, 0.4, 0.5), (0.2, 0.4, 0.9), (0.8, 0.9, 1.0), 0.0, 1e-4, 0)


def _extent(make: Callable[[Builder], object], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of what `make` builds."""
    scene = Scene("test", seed, indoor=True)
    make(Builder(scene, rng_for(seed, "test")))
    vertices = scene.geometry().vertices
    return vertices.min(0), vertices.max(0)


def test_every_kind_has_a_share_and_a_range() -> None:
    assert set(SHARES) == set(COMPOSERS) == set(MIDDLE)
    assert sum(SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", list(COMPOSERS))
def test_depths_of_a_kind_lie_in_its_range(kind: str) -> None:
    result = [view for seed in range(5) for view in views(seed, 48, 36, 1, kind)]
    middles = [float(np.median(v.z_m[np.isfinite(v.z_m)])) for v in result]
    assert MIDDLE[kind][0] < np.median(middles) < MIDDLE[kind][1]
    for view in result:
        seen = view.z_m[np.isfinite(view.z_m)]
        assert len(seen) and seen.min() > 0.02 and seen.max() < 65_000  # a shard's float16 holds no more
        np.testing.assert_allclose(seen.astype(np.float16).astype(np.float32), seen, rtol=1e-3)


def test_landscapes_have_sky_and_reach_kilometres() -> None:
    result = [views(seed, 48, 36, 1, "landscape")[0] for seed in range(12)]
    sky = np.array([np.isinf(v.z_m).mean() for v in result])
    far = np.array([v.z_m[np.isfinite(v.z_m)].max() for v in result])
    assert (sky > 0.02).mean() > 0.8 and (far > 1000).mean() > 0.7


@pytest.mark.parametrize("kind", ["landscape", "portrait", "closeup", "sheet"])
def test_a_seed_gives_the_same_scene(kind: str) -> None:
    first, again = (compose(9, kind).geometry() for _ in range(2))
    assert np.array_equal(first.vertices, again.vertices)
    other = compose(10, kind).geometry()
    assert first.vertices.shape != other.vertices.shape or not np.array_equal(first.vertices, other.vertices)


def test_the_ground_is_level_under_the_camera_and_its_corners_follow_the_relief() -> None:
    layers = (Layer(0.5, 30, 3, 40, 3), Layer(1500, 6000, 500, 5000, 6, ridged=True))
    relief = Relief(Noise(rng_for(1, "relief")), layers)
    assert relief.at(0.0, 0.0) == 0
    x, z, triangles = fan(20_000, 60, 40)
    y = relief.height(x, z)
    assert np.hypot(x, z).max() > 19_900 and y.max() > 200
    crest = relief.height(x, z + 1.0)
    assert np.abs(crest - y).max() < 5  # no cliffs of noise
    a, b, c = (np.stack([x, z], 1)[triangles[:, k]] for k in range(3))
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (area > 0).all() or (area < 0).all()  # the fan does not fold


def test_landscape_land_meets_the_feet_of_the_photographer() -> None:
    for seed in range(4):
        scene = landscape(seed, rng_for(seed, "compose"))
        near = np.hypot(scene.own["land"].vertices[:, 0], scene.own["land"].vertices[:, 2]) < 2
        assert np.abs(scene.own["land"].vertices[near, 1]).max() < 0.2


@pytest.mark.parametrize("pose", ["stand", "walk"])
def test_a_person_is_as_tall_as_asked(pose: str) -> None:
    for seed in range(6):
        low, high = _extent(lambda b: figures.figure(b, 1.75, pose), seed)
        assert -0.06 < low[1] < 0.1
        assert high[1] == pytest.approx(1.77, abs=0.14) or high[1] > 1.8  # an arm may be up
        assert high[1] < 2.4


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [("horse", 1.4, 2.7), ("cow", 1.2, 2.3), ("dog", 0.2, 1.2), ("cat", 0.2, 0.75)],
)
def test_animals_have_their_size(name: str, lowest: float, highest: float) -> None:
    for seed in range(6):
        low, high = _extent(lambda b: beasts.quadruped(b, name, "stand"), seed)
        assert -0.03 < low[1] < 0.05 and lowest < high[1] < highest


@pytest.mark.parametrize(
    ("make", "narrow", "wide"),
    [
        (lambda b: things.plate(b, 0.0), 0.17, 0.36),
        (lambda b: things.cup(b, 0.0), 0.06, 0.2),
        (vehicles.bicycle, 1.6, 1.9),
        (vehicles.motorbike, 1.7, 2.3),
        (vehicles.bus, 6.9, 80),
    ],
)
def test_things_have_their_size(make: Callable[[Builder], object], narrow: float, wide: float) -> None:
    for seed in range(6):
        low, high = _extent(make, seed)
        assert narrow < max(high[0] - low[0], high[2] - low[2]) < wide
        assert low[1] > -0.02


@pytest.mark.parametrize("name", sorted(body_meshes()))
def test_body_meshes_fill_the_unit_cube_with_sound_triangles(name: str) -> None:
    mesh = body_meshes()[name]
    assert np.abs(mesh.vertices).max() <= 0.501
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
    assert mesh.triangles.min() >= 0 and mesh.triangles.max() < len(mesh.vertices)


def _check_shot() -> Render:
    z = np.full((60, 80), 1.0, np.float32)
    z[:, 56:] = 40.0
    linear = np.repeat((np.indices((60, 80)).sum(0) % 2).astype(np.float32)[..., None], 3, 2)
    return Render(linear, z, np.zeros((60, 80), bool))


def test_what_is_far_behind_the_focus_is_blurred_and_depth_stays() -> None:
    shot = _check_shot()
    blurred = defocus(shot, rng_for(2, "lens"))
    assert blurred.z_m is shot.z_m
    assert np.abs(np.diff(blurred.linear[:, 70:78, 0], axis=1)).mean() < 0.3
    np.testing.assert_allclose(blurred.linear[:, :50], shot.linear[:, :50], atol=1e-5)


def test_faults_keep_the_picture_recognisable() -> None:
    rgb = np.full((40, 60, 3), 100, np.uint8)
    rgb[10:30, 20:40] = 200
    spoiled = [faults(rgb, rng_for(seed, "lens")) for seed in range(40)]
    assert any(not np.array_equal(s, rgb) for s in spoiled) and any(np.array_equal(s, rgb) for s in spoiled)
    assert all(s[15:25, 25:35].mean() > s[:5, :5].mean() for s in spoiled[:20] if s[:5, :5].mean() < 110)


class _Fixed:
    """A generator whose first number is given."""

    def __init__(self, first: float) -> None:
        self._first, self._rest = [first], rng_for(3, "fixed")

    def random(self) -> float:
        return self._first.pop() if self._first else float(self._rest.random())

    def __getattr__(self, name: str) -> object:
        return getattr(self._rest, name)


@pytest.mark.parametrize(("draw", "mood"), [(FOG / 2, "fog"), (FOG + NIGHT / 2, "night"), (0.99, "day")])
def test_moods(draw: float, mood: str) -> None:
    scene = Scene("street", 0, indoor=False, sky=_sky(), stand=[(-1, 1, -1, 1)], heading=0.0)
    scene.materials.append(Material((0.5, 0.5, 0.5), texture="facade"))
    done = in_a_mood(scene, _Fixed(draw))  # type: ignore[arg-type]
    assert done.sky is not None
    if mood == "day":
        assert done.sky == _sky() and not done.lamps
    elif mood == "fog":
        assert done.sky.sun == 0 and done.sky.haze_per_m > 0.009 and not done.lamps
    else:
        assert max(done.sky.ambient) < 0.1 and done.lamps and done.materials[0].glow > 0


def test_a_picture_of_the_scenes_own_is_seen_on_its_sheet() -> None:
    scene = compose(3, "sheet")
    assert len(scene.pictures) == 1 and scene.pictures[0].std() > 3
    assert any(m.texture == "own" for m in scene.materials)
