"""Memory needed to write a scene, without its inputs, relative to the size of the file.

    python -m tools.bench.memory [--folder DIR]

Each case runs in a separate process: its peak resident memory, minus the memory after the inputs were loaded.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.bench.geometry import our_file, our_plain_cloud, scene_of
from tools.bench.timing import table

TITLES = ("work", "file", "peak beyond the inputs", "part of the file")
SIZES = {"12 MP": (4000, 3000), "100 MP": (11600, 8700)}
CASES: dict[str, tuple[str, bool, Callable[..., None]]] = {
    "cloud, 15 bytes a point": ("a.ply", False, lambda scene, path: our_plain_cloud(scene, path)),
    "cloud, normals, edges cut": ("a.ply", True, lambda scene, path: our_file(scene, path, "cloud")),
    "mesh PLY": ("a.ply", True, lambda scene, path: our_file(scene, path, "mesh")),
    "mesh GLB": ("a.glb", True, lambda scene, path: our_file(scene, path, "mesh")),
}


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _child(case: str, size: str, folder: Path) -> None:
    name, _, write = CASES[case]
    warm = scene_of(640, 480)
    write(warm, folder / name)  # loads modules and tables that are loaded only once
    width, height = SIZES[size]
    scene = scene_of(width, height)
    before = _resident_mb()
    # Reset the peak (Linux).
    Path("/proc/self/clear_refs").write_text("5")
    write(scene, folder / name)
    status = Path("/proc/self/status").read_text().splitlines()
    peak_mb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024 / 1e6
    print(peak_mb - before, (folder / name).stat().st_size / 1e6)


def report(folder: Path | None = None) -> str:
    """The table."""
    lines = []
    for size in SIZES:
        for case in CASES:
            if (size, case) == ("100 MP", "mesh GLB"):
                continue  # more than a GLB can hold
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                command = [sys.executable, "-m", "tools.bench.memory", "--case", case, "--size", size]
                done = subprocess.run(
                    [*command, "--folder", temporary], capture_output=True, text=True, check=True
                )
            peak_mb, file_mb = map(float, done.stdout.split()[-2:])
            lines.append(
                [f"{size} {case}", f"{file_mb:,.0f} MB", f"{peak_mb:,.0f} MB", f"{peak_mb / file_mb:.2f}"]
            )
    return table(TITLES, lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="where the files are written")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--size", choices=SIZES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        _child(given.case, given.size, given.folder)
    else:
        print(report(given.folder))
