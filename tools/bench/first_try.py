"""Time of a first try: ``recon build photo.jpg`` with the preview network, to a GLB and to a web page.

The sample living room is resized to 1, 12 and 50 MP. Processor time is listed next to wall-clock time, since the
latter is that of a machine that others use, too.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

PHOTO = Path(__file__).parents[2] / "sample_data" / "living_room.jpg"
SIZES = {"1 MP": (1152, 864), "12 MP": (4032, 3024), "50 MP": (8160, 6120)}
SUFFIXES = {"GLB": ".glb", "page": ".html"}


def build(photo: Path, output: Path) -> tuple[float, float]:
    """Runs the command; returns wall-clock and processor time, s."""
    command = [sys.executable, "-m", "recon_cli.main", "build", "-q", str(photo), "-o", str(output)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, "--model", "preview", "--overwrite"], check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Prints the table."""
    picture = cv2.imread(str(PHOTO))
    assert picture is not None
    cells = [f"{name}: {what}" for name in SUFFIXES for what in ("time", "processor time", "size")]
    print(f"| photo | {' | '.join(cells)} |\n" + "|---" * (len(cells) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            photo = Path(folder) / "photo.jpg"
            cv2.imwrite(str(photo), cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC))
            cells = []
            for suffix in SUFFIXES.values():
                output = photo.with_suffix(suffix)
                wall, processor = build(photo, output)
                cells += [f"{wall:.1f} s", f"{processor:.1f} s", f"{os.path.getsize(output) / 1e6:.1f} MB"]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
