"""Measures what a moved camera sees with and without --fill, on generated scenes with rendered moved views.

    python -m tools.bench.fill --scenes 2 --pictures moved/
    python -m tools.bench.fill --pair sample_data living_room --true-views views/

A scene's true depth becomes a mesh, with and without the continued background; both are looked at by rays from a
camera that stands to the side, and compared with what it would really see: the same scene rendered from there. A hole
is a pixel that shows a surface inside the photo's frame, where the mesh has none; holes are black in the comparison.
Changed elsewhere are pixels of another colour where there was no hole (with --faces also since both meshes have as
many faces then). Of a pair there are true views only where ``tools.bench.fill_views`` rendered them.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.options import Options
from recon.scene import Scene
from recon.types import Intrinsics, Mesh, MetricDepth, Photo
from tools.bench.simplify import surface, tensor
from tools.preview.camera import place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.raycast import Raycaster
from tools.preview.render import render
from tools.preview.scene import Camera

MOVES_M = (0.0, 0.05, 0.10, 0.20)
"""To the right."""

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """A view: (H, W, 3) colours and (H, W) z-depth, m, infinite without a surface."""

    rgb: Picture
    z_m: Floats


@dataclass(frozen=True)
class Case:
    """A scene, and its true moved views if there are any."""

    name: str
    scene: Scene
    truth: Callable[[float], View | None]


def generated(seed: int, width: int, height: int) -> Case:
    """A scene of the preview model's generator, developed without noise."""
    world = compose(seed, kind_for(seed))
    geometry = world.geometry()
    caster = Raycaster(geometry)
    camera = place_camera(world, geometry, caster, rng_for(seed, "camera0"), width, height)

    def shoot(move_m: float) -> tuple[Floats, Floats]:
        world_T_cam = camera.world_T_cam.copy()
        world_T_cam[:3, 3] += move_m * world_T_cam[:3, 0]
        moved = Camera(world_T_cam, camera.focal_over_width)
        shot = render(world, geometry, caster, moved, rng_for(seed, "render0"), width, height)
        return shot.linear, shot.z_m

    linear, z_m = shoot(0.0)
    exposure = 0.45 / max(float(np.median(linear.mean(axis=2))), 1e-3)

    def develop(light: Floats) -> Picture:
        return np.asarray(np.rint(255 * np.clip(exposure * light, 0, 1) ** (1 / 2.2)), np.uint8)

    def truth(move_m: float) -> View:
        light, far = shoot(move_m)
        return View(develop(light), far)

    seen = np.isfinite(z_m)
    focal_px = camera.focal_over_width * width
    scene = Scene(
        Photo(develop(linear)),
        Intrinsics.from_focal(focal_px, width=width, height=height, source="user"),
        MetricDepth(np.where(seen, z_m, 1).astype(np.float32), seen),
    )
    return Case(f"generated {seed} ({kind_for(seed)})", scene, truth)


def pair(folder: Path, name: str, views: Path | None) -> Case:
    """A photo with its depth, of a folder with a ``pairs.json``."""
    entry = json.loads((folder / "pairs.json").read_text())[name]
    photo = cv2.imread(str(folder / entry["rgb"]))
    stored = cv2.imread(str(folder / entry["depth"]), cv2.IMREAD_UNCHANGED)
    if photo is None or stored is None:
        raise FileNotFoundError(folder / entry["rgb"])
    height, width = photo.shape[:2]
    stored = cv2.resize(stored, (width, height), interpolation=cv2.INTER_NEAREST)
    fx, fy, cx, cy = entry["K_fx_fy_cx_cy"]
    half = 0.0 if "width_height" in entry else 0.5
    z_m = stored.astype(np.float32) / np.float32(entry["depth_units_per_metre"])
    scene = Scene(
        Photo(cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)),
        Intrinsics(fx, fy, cx + half, cy + half, width, height),
        MetricDepth(np.where(stored > 0, z_m, 1).astype(np.float32), stored > 0),
    )

    def truth(move_m: float) -> View | None:
        path = None if views is None else views / f"right_{round(100 * move_m)}cm.png"
        picture = None if path is None else cv2.imread(str(path))
        if path is None or picture is None:
            return None
        far = np.load(path.with_suffix(".npy"))
        return View(
            cv2.cvtColor(cv2.resize(picture, (width, height)), cv2.COLOR_BGR2RGB),
            cv2.resize(far, (width, height), interpolation=cv2.INTER_NEAREST),
        )

    return Case(name, scene, truth)


def look(mesh: Mesh, scene: Scene, move_m: float) -> View:
    """The mesh seen by a camera ``move_m`` to the right of the photo's camera."""
    assert mesh.uv is not None
    camera = scene.intrinsics
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    # Slightly off the pixel centres, which are the positions of vertices.
    x, y = (u + 0.013 - camera.cx) / camera.fx, (v + 0.007 - camera.cy) / camera.fy
    zero = np.zeros_like(x)
    rays = np.stack([zero + move_m, zero, zero, x, y, zero + 1], axis=-1).astype(np.float32)
    cast = surface(mesh).cast_rays(tensor(rays))
    z_m, triangle, share = (cast[key].numpy() for key in ("t_hit", "primitive_ids", "primitive_uvs"))
    hit = np.isfinite(z_m)
    corners = mesh.uv[mesh.faces[np.where(hit, triangle, 0)]]
    b, c = share[..., :1], share[..., 1:]
    uv = corners[..., 0, :] * (1 - b - c) + corners[..., 1, :] * b + corners[..., 2, :] * c
    at = (uv * [camera.width, camera.height] - 0.5).astype(np.float32)
    rgb = cv2.remap(
        scene.photo.rgb, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return View(np.where(hit[..., None], rgb, 0).astype(np.uint8), z_m)


def in_frame(truth_m: Floats, camera: Intrinsics, move_m: float) -> NDArray[np.bool_]:
    """Which pixels of the moved view show a surface that lies inside the photo's frame, if it is not hidden."""
    u = np.arange(camera.width) + 0.5
    with np.errstate(invalid="ignore"):
        back = u + camera.fx * move_m / truth_m
    return np.isfinite(truth_m) & (back >= 0.5) & (back <= camera.width - 0.5)


def psnr(one: Picture, other: Picture, where: NDArray[np.bool_]) -> float:
    """Peak signal-to-noise ratio, dB."""
    if not where.any():
        return float("nan")
    squared = (one[where].astype(np.float64) - other[where]) ** 2
    return float(10 * np.log10(255**2 / max(squared.mean(), 1e-9)))


def rows_of(case: Case, options: Options, folder: Path | None) -> list[str]:
    """The rows of a scene: one for each move."""
    meshes, seconds = [], []
    for fill in (False, True):
        scene = Scene(
            case.scene.photo,
            case.scene.intrinsics,
            case.scene.depth,
            options=Options(fill=fill, faces=options.faces, error=options.error, stride=options.stride),
        )
        start = time.perf_counter()
        meshes.append(scene.mesh())
        seconds.append(time.perf_counter() - start)
    faces = [len(mesh.faces) for mesh in meshes]
    print(
        f"{case.name}: {faces[0]:,} faces in {seconds[0]:.2f} s; with --fill {faces[1]:,} in {seconds[1]:.2f} s",
        flush=True,
    )
    rows = []
    for move_m in MOVES_M:
        truth = case.truth(move_m)
        without, filled = (look(mesh, case.scene, move_m) for mesh in meshes)
        rows.append(_row(case, move_m, truth, without, filled))
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            pictures = [view.rgb for view in (truth, without, filled) if view is not None]
            name = f"{case.name.split(' (')[0].replace(' ', '_')}_{round(100 * move_m)}cm.png"
            cv2.imwrite(str(folder / name), cv2.cvtColor(np.hstack(pictures), cv2.COLOR_RGB2BGR))
    return rows


def _row(case: Case, move_m: float, truth: View | None, without: View, filled: View) -> str:
    camera = case.scene.intrinsics
    known = in_frame(filled.z_m if truth is None else truth.z_m, camera, move_m)
    hole, left = known & ~np.isfinite(without.z_m), known & ~np.isfinite(filled.z_m)
    both = np.isfinite(without.z_m) & np.isfinite(filled.z_m)
    changed = both & (filled.rgb != without.rgb).any(axis=2)
    cells = [case.name, f"{100 * move_m:.0f} cm"]
    cells += [f"{100 * part.sum() / max(1, known.sum()):.2f} %" for part in (hole, left, changed)]
    if truth is not None:
        now = hole & ~left
        cells += [f"{psnr(truth.rgb, view.rgb, known):.1f} dB" for view in (without, filled)]
        cells.append(f"{psnr(truth.rgb, filled.rgb, now):.1f} dB")
        off = np.abs(filled.z_m[now] / truth.z_m[now] - 1) if now.any() else np.array([np.nan])
        cells.append(f"{100 * np.median(off):.2f} %, {100 * (off < 0.05).mean():.0f} %")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=2, help="generated scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3_000_000_000, help="of the first (default: %(default)s)")
    parser.add_argument("--size", type=int, nargs=2, default=(1024, 768), metavar=("W", "H"))
    parser.add_argument("--pair", nargs=2, metavar=("FOLDER", "NAME"), help="in place of generated scenes")
    parser.add_argument("--true-views", type=Path, metavar="FOLDER", help="of the pair")
    parser.add_argument("--faces", type=int)
    parser.add_argument("--error", type=float)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="truth, without and with --fill, as PNG"
    )
    chosen = parser.parse_args()
    if chosen.pair:
        cases = [pair(Path(chosen.pair[0]), chosen.pair[1], chosen.true_views)]
    else:
        cases = [generated(chosen.seed + k, *chosen.size) for k in range(chosen.scenes)]
    options = Options(faces=chosen.faces, error=chosen.error, stride=chosen.stride)
    rows = [row for case in cases for row in rows_of(case, options, chosen.pictures)]
    columns = (
        "scene | to the right | holes without | holes with | changed elsewhere | PSNR without | PSNR with "
        "| PSNR of what is filled | its depth off, median; within 5 %"
    )
    print(f"\n| {columns} |\n" + "|---" * 9 + "|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
