"""The true moved views of a sample picture, for ``tools.bench.fill --true-views``: rendered with Blender's Cycles.

    .venv-bpy/bin/python -m tools.bench.fill_views living_room views/

They have half the size of the photo, because each takes minutes; z-depth is saved with each as ``right_5cm.npy``.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tools.sample_data import files, studio
from tools.sample_data.__main__ import DRAFT_SCALE, SAMPLES

MOVES_CM = (0, 5, 10, 20)
"""To the right."""


def main() -> None:
    """Renders them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(SAMPLES))
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--samples", type=int, default=48, help="light paths per pixel (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=2, help="of the processor (default: %(default)s)")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    sample = SAMPLES[chosen.name]
    for move_cm in MOVES_CM:
        studio.empty_scene()
        sample.build()
        right = sample.camera.world_T_cam[:3, 0]
        x, y, z = (np.array(sample.camera.position) + 0.01 * move_cm * right).tolist()
        studio.set_camera(replace(sample.camera, position=(x, y, z)), DRAFT_SCALE)
        z_m = studio.render_depth(chosen.threads)
        rgb = files.develop(
            studio.render_colours(sample, chosen.samples, chosen.threads), seed=len(sample.name)
        )
        np.save(chosen.folder / f"right_{move_cm}cm.npy", z_m.astype(np.float32))
        Image.fromarray(rgb).save(chosen.folder / f"right_{move_cm}cm.png")


if __name__ == "__main__":
    main()
