"""Fit the curve of depth by image row from generated scenes: what `preview` falls back to.

  python -m tools.preview.fit_prior -o tools/preview/row_prior.json

For each of 33 rows: the median of log canonical inverse depth, log(f / (W z)), over scenes of all kinds with
their natural shares, sky left out, smoothed. Landscape views: there f / W is that of the long side. Nothing
but generated scenes enters.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.preview.batches import log_canonical_inverse
from tools.preview.camera import pinhole_rays, place_camera
from tools.preview.compose import compose, kind_for, rng_for
from tools.preview.raycast import Raycaster

ROWS = 33
FIRST_SEED = 2_000_000_000
WIDTH, HEIGHT = 64, 48


def depth_view(seed: int) -> tuple[NDArray[np.float32], float, float]:
    """Return z-depth (HEIGHT, WIDTH) in metres (inf: sky), f / W and the camera's height (m) of one scene."""
    scene = compose(seed, kind_for(seed))
    geometry = scene.geometry()
    caster = Raycaster(geometry)
    camera = place_camera(scene, geometry, caster, rng_for(seed, "camera0"), WIDTH, HEIGHT)
    z = caster.cast(pinhole_rays(camera, WIDTH, HEIGHT)).t.reshape(HEIGHT, WIDTH)
    return z, camera.focal_over_width, float(camera.world_T_cam[1, 3])


def row_medians(maps: NDArray[np.float32], skies: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (ROWS,) medians of log canonical inverse depth (N, H, W) at v = 0, 1/32, .. 1, smoothed over rows.

    Raises ValueError where some row of the picture shows nothing but sky.
    """
    height = maps.shape[1]
    centres = (np.arange(height) + 0.5) / height
    curve = np.empty(height)
    for row in range(height):
        seen = maps[:, row][~skies[:, row]]
        if not len(seen):
            raise ValueError(f"row {row} of {height} shows nothing but sky in all {len(maps)} views")
        curve[row] = np.median(seen)
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    padded = np.concatenate([2 * curve[0] - curve[4:0:-1], curve, 2 * curve[-1] - curve[-2:-6:-1]])
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    v = np.linspace(0, 1, ROWS)
    inner = np.interp(v, centres, smooth)
    ends = 0.5 / height  # beyond the outer pixel centres: go on along the slope
    inner[0] = smooth[0] - (smooth[1] - smooth[0]) * ends * height
    inner[-1] = smooth[-1] + (smooth[-1] - smooth[-2]) * ends * height
    return inner


def fit(first_seed: int, scenes: int) -> dict[str, object]:
    """Return the table as it is written to the JSON file."""
    maps, skies, focals, heights = [], [], [], []
    for seed in range(first_seed, first_seed + scenes):
        z, focal, height = depth_view(seed)
        maps.append(log_canonical_inverse(z, focal))
        skies.append(~np.isfinite(z))
        focals.append(focal)
        heights.append(height)
    curve = row_medians(np.stack(maps), np.stack(skies))
    return {
        "rows": [round(float(v), 5) for v in np.linspace(0, 1, ROWS)],
        "log_canonical_inverse_depth": [round(float(c), 4) for c in curve],
        "focal_over_width": round(float(np.median(focals)), 4),
        "camera_height_m": round(float(np.median(heights)), 3),
        "source": f"python -m tools.preview.fit_prior --scenes {scenes} --seed {first_seed}: medians over "
        f"{scenes} generated scenes (landscape 4:3), no photo",
    }


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("tools/preview/row_prior.json"))
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    args = parser.parse_args()
    table = fit(args.seed, args.scenes)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(table, indent=2) + "\n")
    print(f"{args.output}: {args.scenes} scenes, f / W {table['focal_over_width']}")


if __name__ == "__main__":
    main()
