"""Time to import the Depth Pro class of transformers and of recon, alternating, each in a separate process.

    python -m tools.bench.imports --repeats 9

Also measures whether reading a 12-megapixel photo in a thread overlaps with the import: decoding releases the
interpreter lock, importing holds it.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

READ = "from PIL import Image; Image.open({photo!r}).convert('RGB')"
OURS = "from recon.depth.nets.depth_pro import DepthProNet; from recon.depth.nets import checkpoint"
THEIRS = "from transformers import DepthProForDepthEstimation"
CASES = {
    "`pass`": "pass",
    "torch alone": "import torch",
    "before: Depth Pro's class of transformers": THEIRS,
    "the same by its module, without the Auto classes": "import transformers.models.depth_pro.modeling_depth_pro",
    "**after**: recon's own network": OURS,
    "after, and reading a 12 MP JPEG before it": f"{READ}; {OURS}",
    "after, and reading it meanwhile in a thread": (
        "import threading; from PIL import Image, JpegImagePlugin; "
        "photo = threading.Thread(target=lambda: Image.open({photo!r}).convert('RGB')); photo.start(); "
        f"{OURS}; photo.join()"
    ),
}
"""Program of each child process; ``{photo!r}`` is replaced by the file."""
_HEAVY = ("transformers", "sympy", "torch._dynamo", "torch.distributed.tensor", "torchvision")
"""Heavy modules that are listed if they are imported."""


def _seconds(program: str) -> tuple[float, str]:
    """Wall-clock time of a new Python process that runs it, and the heavy modules that it loaded."""
    report = f"; import sys; print(', '.join(name for name in {_HEAVY!r} if name in sys.modules))"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, done.stdout.strip()


def table(repeats: int = 9) -> str:
    """The table in markdown: medians of alternating runs, after one that is not counted.

    Args:
        repeats: Number of runs of each.
    """
    times: dict[str, list[float]] = {name: [] for name in CASES}
    loaded: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        coarse = np.random.default_rng(0).integers(0, 256, (375, 500, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((4000, 3000), Image.Resampling.BICUBIC).save(photo, quality=92)
        for k in range(repeats + 1):
            for name, program in CASES.items():
                seconds, loaded[name] = _seconds(program.replace("{photo!r}", repr(str(photo))))
                if k:
                    times[name].append(seconds)
    before = median(times["before: Depth Pro's class of transformers"])
    lines = ["| start-up | s (least to most) | of the time before | also imports |", "|---|---|---|---|"]
    for name, of in times.items():
        lines.append(
            f"| {name} | {median(of):.2f} ({min(of):.2f} to {max(of):.2f}) | {median(of) / before:.2f} "
            f"| {loaded[name] or 'nothing of these'} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=9, help="runs of each (default: %(default)s)")
    print(table(parser.parse_args().repeats))


if __name__ == "__main__":
    main()
