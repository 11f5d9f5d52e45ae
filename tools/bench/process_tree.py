"""Processor time and memory of a command and of all processes that it starts."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

_EVERY_S = 0.5


@dataclass
class Used:
    """What a process and those that it started have used; they are looked at twice a second."""

    cpu_of_s: dict[int, float] = field(default_factory=dict)
    curve: list[tuple[float, int]] = field(default_factory=list)
    """Seconds since the start, and bytes that are used by all of them and shared with no other process."""
    wall_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        """Processor time of all of them, s."""
        return sum(self.cpu_of_s.values())

    @property
    def most_bytes(self) -> int:
        """At the highest point of the curve."""
        return max((size for _, size in self.curve), default=0)

    def bytes_at(self, share: float) -> int:
        """The highest point within a tenth of the run around a share of it."""
        near = [size for at, size in self.curve if abs(at / self.wall_s - share) <= 0.05]
        return max(near, default=0)

    def look(self, process: psutil.Process, after_s: float) -> None:
        """Adds what they use now. A process that ends between two looks keeps what it had used at the last one."""
        now = 0
        for each in [process, *process.children(recursive=True)]:
            try:
                times = each.cpu_times()
                self.cpu_of_s[each.pid] = times.user + times.system
                now += each.memory_full_info().uss
            except psutil.Error:
                continue
        self.curve.append((after_s, now))


def run_command(
    words: Sequence[str], looked: Callable[[psutil.Process], None] = lambda process: None
) -> Used:
    """Runs ``recon`` and measures it; an error ends the benchmark.

    Args:
        words: What follows ``recon``.
        looked: Called twice a second with its process.
    """
    used, start = Used(), time.perf_counter()
    # Ray's workers leave a busy machine to others, the batch without Ray does not.
    environment = {**os.environ, "RAY_worker_niceness": "0", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "-m", "recon_cli.main", *words], env=environment)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            try:
                tree = psutil.Process(process.pid)
                used.look(tree, time.perf_counter() - start)
                looked(tree)
            except psutil.Error:
                continue

    watching = threading.Thread(target=watch)
    watching.start()
    code = process.wait()
    ended.set()
    watching.join()
    used.wall_s = time.perf_counter() - start
    if code:
        raise SystemExit(f"recon {' '.join(words)} ended with {code}")
    return used
