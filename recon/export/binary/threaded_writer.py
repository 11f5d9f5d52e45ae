"""Writes a file with several threads: each thread creates runs of bytes and writes them at their positions.

Creating the bytes takes about as long as the kernel needs to copy them, so a separate writer thread would double the
time. Here, one thread creates a run while another one's is being copied.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from recon.threads import block_threads

Buffer = NDArray[np.uint8]


@dataclass(frozen=True)
class Run:
    """A run of bytes in a file, created on demand."""

    size: int
    """Bytes."""
    make: Callable[[Buffer], memoryview]
    """Returns the bytes: either fills the given buffer of ``size`` bytes, or returns an existing array's memory."""

    @classmethod
    def of(cls, data: memoryview) -> "Run":
        """A run of existing bytes."""
        return cls(data.nbytes, lambda _: data)


def write_runs(file: BinaryIO, runs: Iterable[Run], threads: int | None = None) -> None:
    """Writes runs one after another from the current position of the file, and leaves it at their end.

    Args:
        file: A file on disk. Pipes, and all files on Windows (which has no ``pwrite``), are written by one thread.
        runs: Taken one by one and created in any order; they must be independent.
        threads: As for ``in_order``. The result does not depend on it.

    Raises:
        OSError: The bytes cannot be written.
        ValueError: A run returned a number of bytes other than ``size``.
    """
    threads = block_threads(threads) if file.seekable() and hasattr(os, "pwrite") else 1
    if threads == 1:
        buffer = np.empty(0, np.uint8)
        for run in runs:
            buffer = _large_enough(buffer, run.size)
            file.write(_made(run, buffer))
        return
    file.flush()
    line = _Line(runs, file.tell())
    with ThreadPoolExecutor(threads, "recon-write") as pool:
        workers = [pool.submit(_work, file.fileno(), line) for _ in range(threads)]
        try:
            for worker in workers:
                worker.result()
        finally:
            line.close()
    file.seek(line.end)


class _Line:
    """The pending runs, and the position of the next one."""

    def __init__(self, runs: Iterable[Run], start: int) -> None:
        self.end = start
        self._runs: Iterator[Run] = iter(runs)
        self._lock = threading.Lock()

    def take(self) -> tuple[Run, int] | None:
        """The next run and its position in the file, or None."""
        with self._lock:
            run = next(self._runs, None)
            if run is None:
                return None
            place = self.end
            self.end += run.size
            return run, place

    def close(self) -> None:
        """Stops handing out runs, at the end or after an error."""
        with self._lock:
            self._runs = iter(())


def _work(descriptor: int, line: _Line) -> None:
    buffer = np.empty(0, np.uint8)
    try:
        while taken := line.take():
            run, place = taken
            buffer = _large_enough(buffer, run.size)
            _write_at(descriptor, _made(run, buffer), place)
    except BaseException:
        line.close()
        raise


def _made(run: Run, buffer: Buffer) -> memoryview:
    data = run.make(buffer[: run.size])
    if data.nbytes != run.size:
        raise ValueError(f"a run of {run.size} bytes returned {data.nbytes}")
    return data.cast("B") if run.size else memoryview(b"")


def _large_enough(buffer: Buffer, size: int) -> Buffer:
    # Reuse the memory: allocating is as slow as filling it.
    return buffer if len(buffer) >= size else np.empty(size, np.uint8)


def _write_at(descriptor: int, data: memoryview, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written
