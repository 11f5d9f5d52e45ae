"""A batch on a Ray cluster of this machine against the same batch without Ray, on the same cores.

    python -m tools.bench.ray_batch [--photos 2000] [--few 50] [--rounds 1] [--size 160] [--model] [--kills 3]

Each run is a command of its own, in turn: a few photos and then all of them, so that what the start costs and what
each further photo costs are known apart. Processor time and memory are those of all its processes, Ray's own too: on
a busy machine, wall time says little. Photos have measured depth, so that reading, geometry and writing are compared;
``--model`` takes the preview instead. ``--kills`` ends a worker so many times in a last run, and checks what it left.
"""

import argparse
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

import psutil

from tools.bench.batch import make_photos
from tools.bench.process_tree import Used, run_command
from tools.bench.timing import machine, table

WAYS = {
    "without Ray": (),
    "1 worker": ("--ray", "local", "--ray-actors", "1", "--ray-cpus", "2"),
    "2 workers": ("--ray", "local", "--ray-actors", "2", "--ray-cpus", "1"),
}
TITLES = ("way", "photos", "wall time", "processor time", "times", "each further photo", "times",
          "memory at 25, 50, 75, 100 %")  # fmt: skip


class Killer:
    """Kills a worker each time when a further share of the photos is written."""

    def __init__(self, output: Path, photos: int, kills: int) -> None:
        self.output, self.killed = output, 0
        self.after = [photos * k // (kills + 1) for k in range(1, kills + 1)]

    def __call__(self, process: psutil.Process) -> None:
        """Kills at most one."""
        written = len(list(self.output.glob("*.ply")))
        if self.killed == len(self.after) or written < self.after[self.killed]:
            return
        workers = [
            each for each in process.children(recursive=True) if each.name().startswith("ray::MapWorke")
        ]
        if workers:
            workers[0].kill()
            self.killed += 1

    def check(self, photos: int) -> str:
        """What the run left, or the end of the benchmark if that is not each photo once."""
        rows = [json.loads(line) for line in (self.output / "batch.jsonl").read_text().splitlines()]
        done = Counter(row["photo"] for row in rows if row["kind"] == "photo" and row["ok"])
        files = len(list(self.output.glob("*.ply")))
        left = {path.name for path in self.output.iterdir() if path.suffix != ".ply"} - {"batch.jsonl"}
        if (
            self.killed < len(self.after)
            or len(done) != photos
            or files != photos
            or left
            or max(done.values()) > 1
        ):
            raise SystemExit(
                f"{self.killed} kills, {len(done)} photos in the record, {files} files, also {left}"
            )
        return f"{self.killed} workers killed: {files} files and {len(done)} rows, each photo once, nothing else."


def row_of(way: str, photos: int, few: int, runs: dict[str, list[tuple[Used, Used]]]) -> tuple[str, ...]:
    """One line of the table, of the medians over the rounds."""

    def total(name: str) -> float:
        return median(all_of.cpu_s for _, all_of in runs[name])

    def each(name: str) -> float:
        return median((all_of.cpu_s - first.cpu_s) / (photos - few) for first, all_of in runs[name])

    longest = max((all_of for _, all_of in runs[way]), key=lambda used: used.most_bytes)
    memory = ", ".join(f"{longest.bytes_at(share) / 1e6:,.0f}" for share in (0.25, 0.5, 0.75, 0.95))
    first_cpu_s, wall_s = (
        median(pair[k].cpu_s if k == 0 else pair[k].wall_s for pair in runs[way]) for k in (0, 1)
    )
    local = next(iter(WAYS))
    return (
        way,
        f"{few}, {photos}",
        f"{wall_s:.0f} s",
        f"{first_cpu_s:.1f} s, {total(way):.1f} s",
        f"{total(way) / total(local):.2f}",
        f"{1000 * each(way):.1f} ms",
        f"{each(way) / each(local):.2f}",
        f"{memory} MB",
    )


def main() -> None:
    """Prints a table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--few", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--size", type=int, default=160, help="width of the photos, px")
    parser.add_argument("--model", action="store_true", help="the preview, not measured depth")
    parser.add_argument("--kills", type=int, default=0)
    arguments = parser.parse_args()
    photos, few = arguments.photos, arguments.few
    runs: dict[str, list[tuple[Used, Used]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name), Path(name, "scenes")
        make_photos(folder, photos, width=arguments.size, height=arguments.size * 3 // 4)
        (folder / "few").mkdir()
        for path in sorted((folder / "photos").iterdir())[:few]:
            (folder / "few" / path.name).hardlink_to(path)
        words = ["--format", "ply", "-q", "--focal-px", str(arguments.size), "-o", str(output)]
        words += ["--model", "preview"] if arguments.model else ["--depth", str(folder / "depths")]

        def used(inputs: str, *more: str, killer: Killer | None = None) -> Used:
            how = {} if killer is None else {"looked": killer}
            one = run_command(["build", str(folder / inputs), *words, *more], **how)
            if killer is not None:
                print(killer.check(photos))
            shutil.rmtree(output)
            return one

        for _ in range(arguments.rounds):
            for way, more in WAYS.items():
                runs[way].append((used("few", *more), used("photos", *more)))
        if arguments.kills:
            used("photos", *WAYS["2 workers"], killer=Killer(output, photos, arguments.kills))
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}\n")
    print(table(TITLES, [row_of(way, photos, few, runs) for way in WAYS]))


if __name__ == "__main__":
    main()
