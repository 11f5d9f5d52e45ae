"""A batch on a Ray cluster of this machine against the same batch without Ray, on the same cores.

    python -m tools.bench.ray_batch [--photos 200] [--rounds 2] [--size 160] [--model]

Each run is a command of its own, in turn: processor time and memory are those of all its processes, Ray's own too.
Photos have measured depth, so that reading, geometry and writing are compared; ``--model`` takes the preview instead.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tools.bench.batch import make_photos
from tools.bench.timing import machine, table

_EVERY_S = 0.5
WAYS = {
    "without Ray": (),
    "1 worker": ("--ray", "local", "--ray-actors", "1", "--ray-cpus", "2"),
    "2 workers": ("--ray", "local", "--ray-actors", "2", "--ray-cpus", "1"),
}
TITLES = ("way", "wall time", "processor time", "most memory")


@dataclass
class Used:
    """What a process and those that it started have used; they are looked at twice a second."""

    cpu_s: dict[int, float] = field(default_factory=dict)
    most_bytes: int = 0
    wall_s: float = 0.0

    def look(self, process: psutil.Process) -> None:
        """Adds what they use now. A process that ends between two looks keeps what it had used at the last one."""
        now = 0
        for each in [process, *process.children(recursive=True)]:
            try:
                times = each.cpu_times()
                self.cpu_s[each.pid] = times.user + times.system
                now += each.memory_full_info().uss
            except psutil.Error:
                continue
        self.most_bytes = max(self.most_bytes, now)


def run_command(words: list[str]) -> Used:
    """Runs ``recon`` and measures it; an error ends the benchmark."""
    used, start = Used(), time.perf_counter()
    # Ray's workers leave a busy machine to others, the batch without Ray does not.
    environment = {**os.environ, "RAY_worker_niceness": "0", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "-m", "recon_cli.main", *words], env=environment)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            try:
                used.look(psutil.Process(process.pid))
            except psutil.Error:
                return

    watching = threading.Thread(target=watch)
    watching.start()
    code = process.wait()
    ended.set()
    watching.join()
    used.wall_s = time.perf_counter() - start
    if code:
        raise SystemExit(f"recon {' '.join(words)} ended with {code}")
    return used


def main() -> None:
    """Prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--size", type=int, default=160, help="width of the photos, px")
    parser.add_argument("--model", action="store_true", help="the preview, not measured depth")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_photos(folder, arguments.photos, width=arguments.size, height=arguments.size * 3 // 4)
        words = ["build", str(folder / "photos"), "--format", "ply", "-q", "--focal-px", str(arguments.size)]
        if not arguments.model:
            words += ["--depth", str(folder / "depths")]
        for number in range(arguments.rounds):
            for way, more in WAYS.items():
                output = folder / "scenes"
                used = run_command([*words, "-o", str(output), *more])
                shutil.rmtree(output)
                cpu_s = sum(used.cpu_s.values())
                memory = f"{used.most_bytes / 1e6:,.0f} MB"
                rows.append((f"{way}, {number + 1}", f"{used.wall_s:.1f} s", f"{cpu_s:.1f} s", memory))
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; {arguments.photos} photos\n")
    print(table(TITLES, rows))


if __name__ == "__main__":
    main()
