"""Feeds mutated files to every file reader, each in a child process with limits.

    python -m tools.fuzz --seconds 60             # all readers, one minute in total
    python -m tools.fuzz --inputs 50000           # this many inputs, spread over the readers
    python -m tools.fuzz --reader info --seed 7   # one reader; other files with another seed

A fault is any exception but a ReconError, more than 10 s of processor time, more than 2 GB of memory, or a crash.
Faults are saved to ``--keep``: the minimised input and a report. The exit code is 1 if there is one. The same seed
makes the same inputs.
"""

import argparse
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tools.fuzz.readers import READERS

ROOT = Path(__file__).parents[2]
_BATCH = 100_000
_SILENT_S = 300.0
"""Wall-clock limit of one input, after which the child is killed; the child limits processor time."""
_LIMIT_MB = 2048


@dataclass
class Tally:
    """The results of one reader."""

    reader: str
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    peak_mb: float = 0.0

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return sum(self.outcomes.values())

    @property
    def faults(self) -> dict[str, int]:
        """By signature."""
        return {what: count for what, count in self.outcomes.items() if what not in ("read", "refused")}


def fuzz(reader: str, *, seed: int, seconds: float, inputs: int, keep: Path) -> Tally:
    """Feeds one reader until either the time since its first input or the number of inputs is reached."""
    tally, number = Tally(reader), 0
    clock = _Clock(seconds)
    while number < inputs and not clock.is_over:
        with tempfile.TemporaryDirectory(prefix="recon-fuzz-") as temporary:  # a crash leaves files in it
            number = _child(tally, seed, number, inputs, clock, keep, temporary)
    return tally


@dataclass
class _Clock:
    """Starts at the first input, since loading the libraries of a reader takes longer than many inputs."""

    seconds: float
    ends: float = float("inf")

    def start(self) -> None:
        """Starts the clock at the first call."""
        if self.ends == float("inf"):
            self.ends = time.monotonic() + self.seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.ends

    @property
    def patience_s(self) -> float:
        """Seconds to wait for the next report."""
        return min(_SILENT_S, max(0.1, self.ends - time.monotonic()))


def _child(tally: Tally, seed: int, first: int, last: int, clock: _Clock, keep: Path, temporary: str) -> int:
    """Runs one child until it ends, crashes or stops responding; returns the number of the next input."""
    command = [sys.executable, "-m", "tools.fuzz.child", tally.reader, str(seed), str(first), str(last)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "apps")])
    env = {
        **os.environ,
        "TMPDIR": temporary,
        "PYTHONPATH": paths,
        "FUZZ_KEEP": str(keep),
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    begun: int | None = None
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=env, cwd=ROOT) as child,
        selectors.DefaultSelector() as selector,
    ):
        assert child.stdout is not None
        selector.register(child.stdout, selectors.EVENT_READ)
        while not clock.is_over:
            if not selector.select(clock.patience_s):
                if not clock.is_over:
                    child.kill()
                    tally.outcomes["silent"] += 1
                break
            line = child.stdout.readline()
            if not line:
                break
            clock.start()
            news = json.loads(line)
            begun = news.get("begun")
            if begun is None:
                _count(tally, news)
                first = news["ended"] + 1
        if clock.is_over:
            child.kill()
            return last
        status = child.wait()
        if begun is not None or (status and first < last):
            errors.seek(0)
            if begun is None:
                raise SystemExit(f"{tally.reader}: the process could not start:\n{errors.read()[-2000:]}")
            what = f"ended with {status}"
            tally.outcomes[what] += 1
            (keep / f"{tally.reader}-{begun}.txt").write_text(f"{what}\n{errors.read()[-2000:]}")
            return begun + 1
    return first


def _count(tally: Tally, news: dict[str, object]) -> None:
    seconds, peak_mb = float(str(news["seconds"])), float(str(news["peak_mb"]))
    tally.outcomes[str(news["outcome"])] += 1
    tally.slowest_s, tally.peak_mb = max(tally.slowest_s, seconds), max(tally.peak_mb, peak_mb)


def table(tallies: list[Tally]) -> str:
    """A line for each reader."""
    lines = [
        f"{'reader':<12} {'inputs':>7} {'read':>7} {'refused':>8} {'faults':>7} {'slowest':>9} {'memory':>9}"
    ]
    for one in tallies:
        faults = sum(one.faults.values())
        lines.append(
            f"{one.reader:<12} {one.inputs:>7} {one.outcomes['read']:>7} {one.outcomes['refused']:>8} {faults:>7} "
            f"{one.slowest_s:>7.2f} s {one.peak_mb:>6.0f} MB"
        )
        lines += [f"    {count} x {what}" for what, count in sorted(one.faults.items())]
    return "\n".join(lines)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=None, help="in all, shared by the readers")
    parser.add_argument("--inputs", type=int, default=None, help="in all, shared by the readers")
    parser.add_argument("--reader", action="append", choices=sorted(READERS), help="one of them; repeatable")
    parser.add_argument("--keep", type=Path, default=None, help="folder for found inputs; default: a new one")
    given = parser.parse_args()
    readers = given.reader or list(READERS)
    keep = given.keep or Path(tempfile.mkdtemp(prefix="recon-fuzz-found-"))
    keep.mkdir(parents=True, exist_ok=True)
    seconds = 60.0 if given.seconds is None and given.inputs is None else given.seconds
    share_s = float("inf") if seconds is None else seconds / len(readers)
    share = _BATCH if given.inputs is None else -(-given.inputs // len(readers))
    tallies = []
    for reader in readers:
        tallies.append(fuzz(reader, seed=given.seed, seconds=share_s, inputs=share, keep=keep))
        print(f"{reader} done", file=sys.stderr)
    print(table(tallies))
    faults = sum(sum(one.faults.values()) for one in tallies)
    print(
        f"{sum(one.inputs for one in tallies):,} inputs, {faults} faults"
        + (f", kept in {keep}" if faults else "")
    )
    if given.keep is None and not faults:
        shutil.rmtree(keep)
    large = [one.reader for one in tallies if one.peak_mb > _LIMIT_MB]
    if large:
        print(f"more than {_LIMIT_MB} MB: {', '.join(large)}")
    return 1 if faults or large else 0


if __name__ == "__main__":
    sys.exit(main())
