"""`python -m tools.sample_data [NAME ...]`: render the sample pictures with Blender's Cycles."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from tools.sample_data import files, studio
from tools.sample_data.kitchen import KITCHEN
from tools.sample_data.living_room import LIVING_ROOM
from tools.sample_data.sample import Sample
from tools.sample_data.street import STREET

SAMPLES = {sample.name: sample for sample in (LIVING_ROOM, STREET, KITCHEN)}
DRAFT_SCALE = 0.5


def render(sample: Sample, folder: Path, samples: int, threads: int, draft: bool) -> None:
    """Build one scene, render it and write its files; a draft is a small PNG and nothing else."""
    studio.empty_scene()
    sample.build()
    studio.set_camera(sample.camera, DRAFT_SCALE if draft else 1.0)
    z_m = studio.render_depth(threads)
    entry = files.entry(sample, z_m)  # first: it finds a known length that is hidden before the long render
    rgb = files.develop(studio.render_colours(sample, samples, threads), seed=len(sample.name))
    if draft:
        Image.fromarray(rgb).save(folder / f"{sample.name}.draft.png")
        finite = z_m[np.isfinite(z_m)]
        print(f"{sample.name}: depth {finite.min():.2f} to {finite.max():.2f} m")
    if not draft:
        files.write_photo(folder / f"{sample.name}.jpg", rgb, sample)
        files.write_depth(folder / f"{sample.name}.depth.png", z_m, sample.depth_units_per_metre)
        files.update_pairs(folder / "pairs.json", sample.name, entry)


def main() -> None:
    """Read the command line and render what it names."""
    parser = argparse.ArgumentParser(prog="python -m tools.sample_data", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SAMPLES)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path("sample_data"), help="folder (default: %(default)s)")
    parser.add_argument(
        "--samples", type=int, default=96, help="light paths per pixel (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=2, help="of the processor (default: %(default)s)")
    parser.add_argument("--draft", action="store_true", help="only a small PNG of each, to look at")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(SAMPLES))
    if unknown:
        parser.error(f"no sample is called {', '.join(unknown)}; there are {', '.join(SAMPLES)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or SAMPLES:
        render(SAMPLES[name], options.out, options.samples, options.threads, options.draft)


if __name__ == "__main__":
    main()
