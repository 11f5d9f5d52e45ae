"""Times of several ways to do one thing, alternating in one run, since a machine's speed drifts."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    def over(self, other: "Times") -> "Ratio":
        """Ratio to the other time in each round."""
        return Ratio(tuple(a / b for a, b in zip(self.seconds, other.seconds, strict=True)))


@dataclass(frozen=True)
class Ratio:
    """Ratio of two times in each round."""

    rounds: tuple[float, ...]

    def __str__(self) -> str:
        low, middle, high = (
            statistics.quantiles(self.rounds, n=4) if len(self.rounds) > 1 else self.rounds * 3
        )
        return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def alternate(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Runs each way once untimed, then all of them ``rounds`` times in turn."""
    result: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            result[name].append(time.perf_counter() - start)
    return {name: Times(tuple(seconds)) for name, seconds in result.items()}


def milliseconds(times: Times) -> str:
    """For a table."""
    return f"{1e3 * times.median:,.0f} ms"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def machine() -> str:
    """The machine in one line."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            model = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def versions(*names: str) -> str:
    """``numpy 2.4.0, ...`` of installed packages."""
    return ", ".join(f"{name} {version(name)}" for name in names)
