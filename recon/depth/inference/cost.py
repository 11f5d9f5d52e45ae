"""Time and memory that a model takes for one photo."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recon.depth.estimator import Estimator
from recon.estimator_names import CARRIED, MEASURED, RELATIVE_FILE
from recon.journal import Entry, Journal
from recon.malloc_trim import trim_memory
from recon.types import DepthEstimate, Photo

_PREPARATIONS = ("Loading ", "Downloading ", "Checking ")
"""How the stages begin that belong to the first photo alone."""


@dataclass(frozen=True)
class Cost:
    """What one photo took."""

    seconds: float
    """Wall time, without loading or downloading the weights."""
    loading_s: float
    """Wall time for loading (and downloading) the weights."""
    processor_s: float
    """Time of all processor cores, with loading."""
    memory_bytes: int | None
    """Peak of the process's memory above what it used before, with the weights; None where the system does not say
    (only Linux does)."""
    gpu_bytes: int | None
    """Peak of the GPU memory that torch allocated; None without a GPU."""


def estimate_with_cost(
    estimator: Estimator, photo: Photo, *, focal_px: float | None, journal: Journal
) -> tuple[DepthEstimate, Cost]:
    """Runs an estimator on a photo and measures what it takes.

    Args:
        estimator: One that has not loaded its weights.
        photo: As for ``Estimator.estimate``.
        focal_px: As for ``Estimator.estimate``.
        journal: As for ``Estimator.estimate``.

    Raises:
        ReconError: As ``Estimator.estimate``.
    """
    if estimator.name not in (MEASURED, CARRIED, RELATIVE_FILE) and not estimator.name.startswith("onnx:"):
        import torch  # noqa: F401  (the first network would pay for all)
    _reset_gpu_peak()
    trim_memory()
    before = _start_of_peak()
    timed = _TimedJournal(journal)
    start, processor = time.perf_counter(), time.process_time()
    estimate = estimator.estimate(photo, focal_px=focal_px, journal=timed)
    seconds, processor_s = time.perf_counter() - start, time.process_time() - processor
    peak = _status_bytes("VmHWM")
    memory = None if before is None or peak is None else max(0, peak - before)
    return estimate, Cost(seconds - timed.preparing_s, timed.preparing_s, processor_s, memory, _gpu_peak())


class _TimedJournal(Journal):
    """Passes everything on, and measures the stages that prepare a model."""

    def __init__(self, inner: Journal) -> None:
        super().__init__()
        self.entries = inner.entries
        self._inner = inner
        self._inside = 0
        self.preparing_s = 0.0

    def show(self, entry: Entry) -> None:
        """Shows it as the other journal does, which holds it already."""
        self._inner.show(entry)

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
        """A stage of the other journal."""
        prepares = name.startswith(_PREPARATIONS)
        start = time.perf_counter()
        self._inside += prepares
        try:
            with self._inner.stage(name, total) as progress:
                yield progress
        finally:
            self._inside -= prepares
            # A stage within such a stage counts once.
            if prepares and not self._inside:
                self.preparing_s += time.perf_counter() - start


def _start_of_peak() -> int | None:
    """The memory in use, bytes, from which on the system records a new peak; None where it cannot."""
    if sys.platform != "linux":
        return None
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return None
    return _status_bytes("VmRSS")


def _status_bytes(name: str) -> int | None:
    """A number of bytes from the status of this process on Linux."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            lines = [line for line in file if line.startswith(f"{name}:")]
    except OSError:
        return None
    return 1024 * int(lines[0].split()[1]) if lines else None


def _reset_gpu_peak() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _gpu_peak() -> int | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return int(torch.cuda.max_memory_allocated())
