"""Measures how well --level estimates gravity, on generated scenes and samples with ground truth, and on real pairs.

    python -m tools.bench.level --scenes 60 --photos 60

Generated scenes are seen twice: exactly, and with errors as a network makes them: 1 % noise of every pixel, and a
bend of 3 % (one standard deviation) over a third of the picture. Real pairs have no true gravity; of the sequence
with poses, the directions estimated from single frames are compared in the world, where they should be one.
Rendered photos with the preview's depth and with the true one are levelled from the surfaces alone and with lines.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.depth.preview import Preview
from recon.geometry.gravity import MIN_CONFIDENCE, SURE_CONFIDENCE, Levelling, estimate_levelling
from recon.journal import Journal
from recon.types import Intrinsics, MetricDepth, Photo
from tools.preview.camera import pinhole_rays, place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.raycast import Raycaster
from tools.preview.view import views

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_data"
PAIRS = ROOT.parent / "shared" / "data" / "rgbd"
SIZE = (640, 480)

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One generated view."""

    kind: str
    levelling: Levelling
    error_deg: float
    """Angle between the true and the estimated up."""
    untouched_deg: float
    """The same without levelling."""
    height_error: float | None
    """Relative error of the camera height; None without a floor."""


def generated(seed: int, distorted: bool) -> Result:
    """Levels one generated view whose camera is known."""
    scene = compose(seed, kind_for(seed))
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    width, height = SIZE
    camera = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), width, height)
    z_m = caster.cast(pinhole_rays(camera, width, height)).t.reshape(height, width)
    valid = np.isfinite(z_m) & (z_m < 200)
    z_m = np.where(valid, z_m, 1).astype(np.float32)
    if distorted:
        rng = np.random.default_rng(seed)
        bend = cv2.resize(rng.normal(0, 0.03, (4, 4)), SIZE, interpolation=cv2.INTER_CUBIC)
        z_m *= (1 + bend + rng.normal(0, 0.01, z_m.shape)).astype(np.float32).clip(0.5, 2)
    focal_px = camera.focal_over_width * width
    intrinsics = Intrinsics.from_focal(focal_px, width=width, height=height, source="user")
    levelling = estimate_levelling(MetricDepth(z_m, valid), valid, intrinsics)
    up = camera.world_T_cam[1, :3]
    true_height_m = float(camera.world_T_cam[1, 3])
    height_m = levelling.camera_height_m
    return Result(
        kind="indoor" if scene.indoor else "outdoor",
        levelling=levelling,
        error_deg=angle_deg(up, np.array(levelling.up_cam)),
        untouched_deg=angle_deg(up, np.array([0.0, -1.0, 0.0])),
        height_error=None if height_m is None else abs(height_m / true_height_m - 1),
    )


def print_photos(first_seed: int, count: int) -> None:
    """One line per depth and way: how many rendered photos are levelled, by --level and by default, and how well."""
    estimator = Preview()
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed in range(first_seed, first_seed + count):
        view = views(seed, *SIZE, 1, kind_for(seed))[0]
        known = np.isfinite(view.z_m) & (view.z_m < 200)
        camera = Intrinsics.from_focal(
            view.focal_over_width * SIZE[0], width=SIZE[0], height=SIZE[1], source="user"
        )
        guess = estimator.estimate(Photo(view.rgb), focal_px=camera.fx, journal=Journal()).depth
        assert isinstance(guess, MetricDepth)
        true = MetricDepth(np.where(known, view.z_m, 1).astype(np.float32), known)
        for name, depth in (("preview", guess), ("true depth", true)):
            for way, rgb in (("surfaces", None), ("surfaces and lines", view.rgb)):
                levelling = estimate_levelling(depth, depth.valid, camera, rgb)
                error_deg = angle_deg(view.up_cam, np.array(levelling.up_cam))
                found.setdefault((name, way), []).append((levelling.confidence, error_deg))
    columns = "depth | from | confidence from | levelled | within 2° | wrong by over 5° | error: median"
    print(f"\n| {columns} |\n" + "|---" * 7 + "|")
    for (name, way), pairs in found.items():
        confidence, error_deg = np.array(pairs).T
        for least in (MIN_CONFIDENCE, SURE_CONFIDENCE):
            errors = error_deg[confidence >= least]
            shares = (100 * part.sum() / count for part in (errors > -1, errors < 2, errors > 5))
            percent = " | ".join(f"{share:.0f} %" for share in shares)
            print(
                f"| {name} | {way} | {least} | {percent} | {np.median(errors) if len(errors) else np.nan:.2f}° |"
            )


def angle_deg(a: Vector, b: Vector) -> float:
    """Angle between two unit vectors."""
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def print_generated(first_seed: int, count: int) -> None:
    """One line per kind of place, exact and distorted."""
    columns = (
        "generated scenes | views | levelled | tilt before | error: median | 90 % | largest | height: median"
    )
    print(f"| {columns} |\n" + "|---" * 8 + "|")
    for distorted in (False, True):
        results = [generated(first_seed + k, distorted) for k in range(count)]
        for kind in ("indoor", "outdoor"):
            chosen = [r for r in results if r.kind == kind]
            levelled = [r for r in chosen if r.levelling.trusted]
            errors = [r.error_deg for r in levelled] or [np.nan]
            heights = [r.height_error for r in levelled if r.height_error is not None] or [np.nan]
            print(
                f"| {kind}, {'distorted' if distorted else 'exact'} | {len(chosen)} | {len(levelled)} "
                f"| {np.median([r.untouched_deg for r in chosen]):.1f}° | {np.median(errors):.2f}° "
                f"| {np.percentile(errors, 90):.2f}° | {max(errors):.1f}° | {100 * np.median(heights):.1f} % |"
            )


def level_file(folder: Path, entry: dict) -> Levelling:
    """Levels a pair of ``pairs.json``; an unknown camera is assumed to have a field of view of 65 degrees."""
    stored = cv2.imread(str(folder / entry["depth"]), cv2.IMREAD_UNCHANGED)
    if stored is None:
        raise FileNotFoundError(folder / entry["depth"])
    z_m = (stored / entry["depth_units_per_metre"]).astype(np.float32)
    height, width = z_m.shape
    if entry["K_fx_fy_cx_cy"] is None:
        intrinsics = Intrinsics.from_fov(65.0, width=width, height=height, source="default")
    else:
        fx, fy, cx, cy = entry["K_fx_fy_cx_cy"]
        # Datasets put the centre of the first pixel at 0.
        half = 0.0 if "width_height" in entry else 0.5
        photo = entry.get("width_height") or _size(folder / entry["rgb"])
        intrinsics = Intrinsics(fx, fy, cx + half, cy + half, *photo).resized(width=width, height=height)
    valid = z_m > 0
    return estimate_levelling(MetricDepth(np.where(valid, z_m, 1), valid), valid, intrinsics)


def _size(path: Path) -> tuple[int, int]:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(path)
    return picture.shape[1], picture.shape[0]


def print_pairs(folder: Path) -> None:
    """One line per pair, with the error if its world has z up, as in the samples."""
    print(
        "\n| pair | pitch | roll | camera height | floor | walls | confidence | error |\n" + "|---" * 8 + "|"
    )
    ups_world = []
    for name, entry in json.loads((folder / "pairs.json").read_text()).items():
        levelling = level_file(folder, entry)
        text = ""
        if "levels" in entry:
            up = np.array(entry["world_T_cam"])[2, :3]
            text = (
                f"{angle_deg(up, np.array(levelling.up_cam)):.2f}°, true height {entry['camera_height_m']} m"
            )
        elif "world_T_cam" in entry:
            ups_world.append(np.array(entry["world_T_cam"])[:3, :3] @ np.array(levelling.up_cam))
        height_m = levelling.camera_height_m
        print(
            f"| {name} | {levelling.pitch_deg:+.1f}° | {levelling.roll_deg:+.1f}° "
            f"| {'not seen' if height_m is None else f'{height_m:.2f} m'} | {100 * levelling.floor_share:.0f} % "
            f"| {100 * levelling.wall_share:.0f} % "
            f"| {levelling.confidence:.2f}{'' if levelling.trusted else ' (unchanged)'} "
            f"| {text} |"
        )
    if ups_world:
        ups = np.array(ups_world)
        middle = ups.mean(axis=0) / np.linalg.norm(ups.mean(axis=0))
        angles_deg = [angle_deg(up, middle) for up in ups]
        print(
            f"\nGravity of {len(ups)} frames in the world: {np.median(angles_deg):.2f}° from their mean (median), "
            f"{np.percentile(angles_deg, 90):.2f}° (90 %), {max(angles_deg):.2f}° (largest)."
        )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=60, help="generated scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3_000_000_000, help="of the first (default: %(default)s)")
    parser.add_argument("--photos", type=int, default=60, help="rendered photos (default: %(default)s)")
    options = parser.parse_args()
    print_photos(options.seed, options.photos)
    print_generated(options.seed, options.scenes)
    for folder in (SAMPLES, PAIRS):
        if (folder / "pairs.json").is_file():
            print_pairs(folder)


if __name__ == "__main__":
    main()
