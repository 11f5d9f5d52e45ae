"""A first try: ``recon build photo.jpg`` with the preview network, to a GLB and to a web page.

The sample living room is resized to 1, 12 and 50 MP. Processor time is listed next to wall-clock time, since the
latter is that of a machine that others use, too. The page is opened in headless Chromium and drawn by the processor:
it first shows the photo, then the scene; the processor time is that of all processes of the browser. It needs node,
Chromium and ``npm ci --prefix tests/node``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from tools.bench.photo_to_file import measured

_ROOT = Path(__file__).parents[2]
PHOTO = _ROOT / "sample_data" / "living_room.jpg"
SIZES = {"1 MP": (1152, 864), "12 MP": (4032, 3024), "50 MP": (8160, 6120)}
SUFFIXES = {"GLB": ".glb", "page": ".html"}


def build(photo: Path, output: Path) -> list[str]:
    """Runs the command; returns its time, processor time, peak memory and the file's size, as text."""
    command = [sys.executable, "-m", "recon_cli.main", "build", "-q", str(photo), "-o", str(output)]
    start = time.perf_counter()
    run = measured([*command, "--model", "preview", "--overwrite"])
    wall_s, size_mb = time.perf_counter() - start, os.path.getsize(output) / 1e6
    return [f"{wall_s:.1f} s", f"{run.processor_s:.1f} s", f"{run.peak_mb:,.0f} MB", f"{size_mb:.1f} MB"]


def shown(page: Path) -> list[str]:
    """Times from opening a page to its photo and scene, and the browser's processor time; "-" without a browser."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    program = _ROOT / "tests" / "node" / "browse.mjs"
    if node is None or chromium is None or not (program.parent / "node_modules").is_dir():
        return ["-"] * 3
    options = json.dumps({"viewport": {"width": 1280, "height": 720}})
    command = [node, str(program), chromium, str(page), "[]", options]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if found["problem"]:
        raise RuntimeError(f"the page has no picture: {found['problem']}")
    return [f"{found[key]:.1f} s" for key in ("photo_s", "ready_s", "processor_s")]


def main() -> None:
    """Prints the table."""
    picture = cv2.imread(str(PHOTO))
    assert picture is not None
    kinds = ("time", "processor time", "peak memory", "size")
    titles = [
        *(f"{name}: {kind}" for name in SUFFIXES for kind in kinds),
        "page shows the photo",
        "the scene",
        "of the processor",
    ]
    print(f"| photo | {' | '.join(titles)} |\n" + "|---" * (len(titles) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            photo = Path(folder) / "photo.jpg"
            cv2.imwrite(str(photo), cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC))
            cells = [cell for suffix in SUFFIXES.values() for cell in build(photo, photo.with_suffix(suffix))]
            cells += shown(photo.with_suffix(".html"))
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
