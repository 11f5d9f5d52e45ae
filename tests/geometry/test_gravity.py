import json
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tilted_rooms import BACK, CAMERA, CEILING, FLOOR, SIDE, TABLE, Surface, level, room

from recon.frames import apply, gl_T_cam
from recon.geometry.gravity import MIN_CONFIDENCE, Levelling
from recon.geometry.unproject import rays_of, unproject
from recon.types import Intrinsics

ROOT = Path(__file__).resolve().parents[2]


def with_boxes(z_m: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Sloping fronts before the scene, turned every way: they agree with nothing."""
    z_m = z_m.copy()
    rays = rays_of(CAMERA)
    for _ in range(8):
        row, col = rng.integers(0, 180), rng.integers(0, 260)
        window = slice(row, row + 50), slice(col, col + 50)
        slope = rng.normal(0, 1, 2)
        face = 1 + slope[0] * rays.x[None, window[1]] + slope[1] * rays.y[window[0], None]
        z_m[window] = np.minimum(z_m[window], 1.6 / np.maximum(face, 0.4))
    return z_m


@pytest.mark.parametrize("pitch_deg, roll_deg", [(0, 0), (-12, 3), (-30, -8), (4, 5), (-3, 12)])
@pytest.mark.parametrize(
    "surfaces", [[FLOOR, BACK, SIDE], [FLOOR, CEILING, BACK], [FLOOR]], ids=["corner", "corridor", "plain"]
)
def test_a_known_tilt_is_found(surfaces: list[Surface], pitch_deg: float, roll_deg: float) -> None:
    result = level(room(surfaces, pitch_deg, roll_deg))
    assert result.pitch_deg == pytest.approx(pitch_deg, abs=0.1)
    assert result.roll_deg == pytest.approx(roll_deg, abs=0.1)
    assert result.camera_height_m == pytest.approx(1.5, rel=0.01)
    assert result.trusted and result.confidence > 0.7


@pytest.mark.parametrize("seed", range(5))
def test_noise_boxes_and_outliers_cost_less_than_half_a_degree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pitch_deg, roll_deg = rng.uniform(-25, 5), rng.uniform(-8, 8)
    z_m = with_boxes(room([FLOOR, BACK, SIDE], pitch_deg, roll_deg), rng)
    z_m *= 1 + rng.normal(0, 0.01, z_m.shape)
    # Blobs of wrong depth over 30 % of the picture: as what a network gets wrong, in one piece each.
    noise = cv2.GaussianBlur(rng.normal(size=z_m.shape), (0, 0), 4)
    wrong = noise > np.quantile(noise, 0.7)
    bumps = cv2.GaussianBlur(rng.normal(size=z_m.shape), (0, 0), 6)
    z_m[wrong] = 2.5 + 1.0 * (bumps / bumps.std())[wrong].clip(-1.5, 3)
    result = level(z_m)
    assert result.pitch_deg == pytest.approx(pitch_deg, abs=0.5)
    assert result.roll_deg == pytest.approx(roll_deg, abs=0.5)
    assert result.camera_height_m == pytest.approx(1.5, rel=0.03)
    assert result.trusted


def test_levelling_takes_little_memory() -> None:
    """Of 1,500 directions and thousands of patches, each pair together would need 200 MB."""
    z_m = room([FLOOR, BACK, SIDE], -12, 3)
    tracemalloc.start()
    level(z_m)
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak_mb < 60


def test_single_pixels_of_wrong_depth_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    z_m = room([FLOOR, BACK, SIDE], -10, 4)
    wrong = rng.random(z_m.shape) < 0.02
    z_m[wrong] = rng.uniform(0.5, 8, wrong.sum())
    result = level(z_m)
    assert result.pitch_deg == pytest.approx(-10, abs=0.5) and result.roll_deg == pytest.approx(4, abs=0.5)


def test_the_floor_is_below_the_table() -> None:
    z_m = room([FLOOR, BACK], -20, 0)
    table = room([TABLE], -20, 0)
    z_m[130:, 60:260] = table[130:, 60:260]
    assert level(z_m).camera_height_m == pytest.approx(1.5, rel=0.01)


def test_walls_without_a_floor_turn_the_scene_and_leave_its_height() -> None:
    other = ((-0.8, 0, -0.6), 3.0)
    result = level(room([BACK, SIDE, other], 6, -4))
    assert result.camera_height_m is None and result.trusted
    assert result.pitch_deg == pytest.approx(6, abs=0.2) and result.roll_deg == pytest.approx(-4, abs=0.2)
    assert result.level_T_gl[:3, 3].tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["nothing", "ball", "one wall", "heap"])
def test_without_evidence_of_gravity_the_scene_is_unchanged(kind: str) -> None:
    rng = np.random.default_rng(1)
    rays = rays_of(CAMERA)
    square = rays.x[None, :].astype(np.float64) ** 2 + rays.y[:, None] ** 2
    z_m = np.full((240, 320), np.inf)
    if kind == "ball":
        inside = 3.0**2 - (1 + square) * (3.0**2 - 1.2**2)
        z_m = np.where(inside > 0, (3.0 - np.sqrt(np.maximum(inside, 0))) / (1 + square), np.inf)
    elif kind == "one wall":
        z_m = room([BACK], 0, 0)
    elif kind == "heap":
        bumps = cv2.GaussianBlur(rng.normal(size=z_m.shape), (0, 0), 12)
        z_m = 2 + 0.5 * bumps / bumps.std()
        z_m = np.maximum(z_m, 0.5)
    result = level(z_m)
    assert not result.trusted and result.confidence < MIN_CONFIDENCE
    assert np.array_equal(result.level_T_gl, np.eye(4))


def test_the_level_frame_is_upright_with_the_floor_at_zero_and_the_heading_kept() -> None:
    z_m = room([FLOOR, BACK, SIDE], -17, 6)
    result = level(z_m)
    level_T_cam = result.level_T_gl @ gl_T_cam
    assert np.allclose(level_T_cam[:3, :3] @ level_T_cam[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(level_T_cam) == pytest.approx(1)
    points = apply(level_T_cam, unproject(z_m.astype(np.float32), rays_of(CAMERA)).reshape(-1, 3))
    assert result.camera_height_m is not None
    camera = apply(level_T_cam, np.zeros((1, 3), np.float32))[0]
    assert camera == pytest.approx([0, result.camera_height_m, 0], abs=1e-6)
    lowest = np.isclose(z_m, room([FLOOR], -17, 6)).reshape(-1)
    assert np.abs(points[lowest, 1]).max() < 0.02 and points[:, 1].min() > -0.02
    forward = level_T_cam[:3, 2]
    assert forward[0] == pytest.approx(0, abs=1e-9) and forward[2] < 0


def test_the_same_depth_gives_the_same_levelling_at_any_size() -> None:
    z_m = room([FLOOR, BACK, SIDE], -9, 3)
    small = level(z_m)
    large = level(
        cv2.resize(z_m, (960, 720), interpolation=cv2.INTER_NEAREST), CAMERA.resized(width=960, height=720)
    )
    assert level(z_m) == small
    assert large.pitch_deg == pytest.approx(small.pitch_deg, abs=0.2)
    assert large.roll_deg == pytest.approx(small.roll_deg, abs=0.2)


def test_frames_of_a_real_sequence_agree_about_gravity(shared_data: Path) -> None:
    pairs = json.loads((shared_data / "rgbd" / "pairs.json").read_text())
    ups_world = []
    for name in sorted(pairs):
        if "world_T_cam" not in pairs[name] or not name.endswith("50"):
            continue
        result = _level_file(shared_data / "rgbd", pairs[name], half_px=0.5)
        assert result.trusted
        ups_world.append(np.array(pairs[name]["world_T_cam"])[:3, :3] @ result.up_cam)
    ups = np.array(ups_world)
    angles = np.degrees(np.arccos(np.clip(ups @ ups.T, -1, 1)))
    assert len(ups) == 2 and angles.max() < 4


def test_the_sample_living_room_is_levelled() -> None:
    entry = json.loads((ROOT / "sample_data" / "pairs.json").read_text())["living_room"]
    result = _level_file(ROOT / "sample_data", entry, half_px=0.0)
    up = np.array(entry["world_T_cam"])[2, :3]
    assert np.degrees(np.arccos(up @ result.up_cam)) < 0.5
    assert result.camera_height_m == pytest.approx(entry["camera_height_m"], rel=0.01)


def _level_file(folder: Path, entry: dict, half_px: float) -> Levelling:
    stored = cv2.imread(str(folder / entry["depth"]), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    z_m = np.where(stored > 0, stored / entry["depth_units_per_metre"], np.inf)
    fx, fy, cx, cy = entry["K_fx_fy_cx_cy"]
    height, width = z_m.shape
    return level(z_m, Intrinsics(fx, fy, cx + half_px, cy + half_px, width, height))
