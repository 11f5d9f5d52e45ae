"""Measures what predicted normals do for depth edges and levelling, on generated scenes with true normals.

    python -m tools.bench.normals --scenes 12

The depth is that of a perfect network whose map is smaller than the photo: the logarithm of the true one, reduced by
area and interpolated. For levelling, it is also bent by a smooth error of 5 %. The normals are the true ones, reduced
alike, with an error of 5 or 15 degrees, which is alike over some 20 pixels. A pixel is blurred where the depth is off
by over 2 %, and right within 0.5 %: wanted are all of the first, and none of the second.
"""

import argparse

import cv2
import numpy as np
from numpy.typing import NDArray

from recon.geometry.depth_edges import connect, flying
from recon.geometry.gravity import MIN_CONFIDENCE, estimate_levelling
from recon.geometry.unproject import rays_of
from recon.types import BoolMap, Intrinsics, MetricDepth
from tools.bench.level import angle_deg
from tools.bench.timing import table
from tools.preview.camera import pinhole_rays, place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.raycast import Raycaster

_WIDTH, _HEIGHT = 768, 576
_EDGE = 0.04
_OFF_DEG, _BENT = (5.0, 15.0), 0.05
Array = NDArray[np.float32]


def view(seed: int) -> tuple[Array, BoolMap, Array, Intrinsics, NDArray[np.float64]]:
    """True z, where something is hit, true normals that face the camera, the camera, and up; cam frame."""
    scene = compose(seed, kind_for(seed))
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    camera = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), _WIDTH, _HEIGHT)
    rays = pinhole_rays(camera, _WIDTH, _HEIGHT)
    hits = caster.cast(rays)
    hit = np.isfinite(hits.t) & (hits.t < 200)
    towards = np.sign(-np.einsum("ni,ni->n", hits.normal, rays[:, 3:]))[:, None]
    normals = np.where(hit[:, None], towards * hits.normal, 0) @ camera.world_T_cam[:3, :3]
    z_m = np.where(hit, hits.t, 100).astype(np.float32)
    focal_px = camera.focal_over_width * _WIDTH
    size = (_HEIGHT, _WIDTH)
    return (
        z_m.reshape(size),
        hit.reshape(size),
        normals.astype(np.float32).reshape(*size, 3),
        Intrinsics.from_focal(focal_px, width=_WIDTH, height=_HEIGHT, source="user"),
        camera.world_T_cam[1, :3],
    )


def reduced(values: Array, factor: int) -> Array:
    """As a map that is smaller by the factor, interpolated."""
    small = cv2.resize(values, (_WIDTH // factor, _HEIGHT // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_LINEAR), np.float32)


def predicted(normals: Array, factor: int, rng: np.random.Generator) -> list[tuple[str, Array | None]]:
    """What the depth goes with: nothing, and normals as a network might predict them."""
    return [
        ("depth", None),
        *((f"normals off by {off:g}°", _off(normals, factor, off, rng)) for off in _OFF_DEG),
    ]


def _off(normals: Array, factor: int, off_deg: float, rng: np.random.Generator) -> Array:
    noise = cv2.GaussianBlur(rng.normal(size=normals.shape), (0, 0), 6)
    noise *= np.tan(np.radians(off_deg)) / np.sqrt(2) / noise.std()
    off = reduced(normals, factor) + noise.astype(np.float32)
    return off / np.linalg.norm(off, axis=2, keepdims=True)


def main() -> None:
    """Prints the two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=12, help="generated scenes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3_000_000_000, help="of the first (default: %(default)s)")
    given = parser.parse_args()
    counts: dict[tuple[int, str], list[tuple[int, int, int, int]]] = {}
    errors: dict[str, list[tuple[float, float]]] = {}
    for seed in range(given.seed, given.seed + given.scenes):
        rng = np.random.default_rng(seed)
        z_m, hit, normals, camera, up_cam = view(seed)
        for factor in (4, 8):
            blurred = np.exp(reduced(np.log(z_m), factor))
            off = np.abs(blurred / z_m - 1)
            wrong, right = hit & (off > 0.02), hit & (off < 0.005)
            for way, used in predicted(normals, factor, rng):
                cut = flying(connect(blurred, hit, rays_of(camera), _EDGE, used), hit)
                parts = (wrong.sum(), (wrong & cut).sum(), right.sum(), (right & cut).sum())
                counts.setdefault((factor, way), []).append(parts)
        bend = cv2.GaussianBlur(rng.normal(size=z_m.shape), (0, 0), 150)
        bent = (z_m * np.exp(_BENT * bend / bend.std())).astype(np.float32)
        for way, used in predicted(normals, 4, rng):
            found = estimate_levelling(MetricDepth(bent, hit, normals=used), hit, camera)
            error_deg = angle_deg(up_cam, np.array(found.up_cam))
            errors.setdefault(way, []).append((found.confidence, error_deg))
    rows = []
    for (factor, way), each in counts.items():
        wrong_all, wrong_cut, right_all, right_cut = np.sum(each, axis=0)
        shares = (f"{100 * wrong_cut / wrong_all:.1f} %", f"{100 * right_cut / right_all:.2f} %")
        rows.append([f"1 / {factor}", way, *shares])
    print(table(("size of the map", "edges with", "blurred pixels found", "right pixels lost"), rows))
    rows = []
    for way, pairs in errors.items():
        confidence, error_deg = np.array(pairs).T
        sure = error_deg[confidence >= MIN_CONFIDENCE]
        within = 100 * (sure < 1).sum() / len(pairs)
        rows.append(
            [way, f"{100 * len(sure) / len(pairs):.0f} %", f"{np.median(sure):.2f}°", f"{within:.0f} %"]
        )
    print(table(("upright by", "levelled", "error: median", "within 1°"), rows))


if __name__ == "__main__":
    main()
