"""Look at what the generator makes: a sheet of views with their depth, one row for each kind.

python -m tools.preview.sheet -o runs/preview/sheet.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.preview.compose import SHARES
from tools.preview.view import View, views


def tile(view: View) -> NDArray[np.uint8]:
    """Return the picture above its depth (logarithmic, 0.3 m red to 60 m blue, sky black), BGR."""
    sky = ~np.isfinite(view.z_m)
    z = np.where(sky, 1.0, view.z_m)
    level = np.clip(255 * np.log(60 / z) / np.log(200), 0, 255).astype(np.uint8)
    depth = np.asarray(cv2.applyColorMap(level, cv2.COLORMAP_TURBO), np.uint8)
    depth[sky] = 0
    return np.concatenate([view.rgb[..., ::-1], depth])


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/preview/sheet.png"))
    parser.add_argument("--kinds", default=",".join(SHARES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--width", type=int, default=160)
    args = parser.parse_args()
    rows = []
    for kind in args.kinds.split(","):
        seeds = range(args.seed, args.seed + args.columns)
        made = [views(seed, args.width, args.width * 3 // 4, 1, kind)[0] for seed in seeds]
        rows.append(np.concatenate([tile(v) for v in made], 1))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.output), np.concatenate(rows))
    print(args.output)


if __name__ == "__main__":
    main()
