"""Runs of a file's bytes, made by several threads and written by them, each at its own place in the file.

A file of pixels is made in about the time that the kernel takes to copy its bytes, so that a thread which only writes
would double the time: here one makes its run while another one's is being copied.
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
    """Bytes of a file that are made when their turn comes."""

    size: int
    """Bytes."""
    make: Callable[[Buffer], memoryview]
    """Gives the bytes: those of the buffer of ``size`` bytes, which it has filled, or of an array that has them."""

    @classmethod
    def of(cls, data: memoryview) -> "Run":
        """Bytes that are there."""
        return cls(data.nbytes, lambda _: data)


def write_runs(file: BinaryIO, runs: Iterable[Run], threads: int | None = None) -> None:
    """Writes runs one after another from where the file stands, and leaves it at their end.

    Args:
        file: A file on disk; a pipe is written by one thread, as is everything on Windows, which has no ``pwrite``.
        runs: Taken one by one, and made in any order: each depends on nothing but its own data.
        threads: As for ``in_order``. The bytes are the same whatever their number.

    Raises:
        OSError: The bytes cannot be written.
        ValueError: A run made other than ``size`` bytes.
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
    """The runs that wait, and the place of the next one."""

    def __init__(self, runs: Iterable[Run], start: int) -> None:
        self.end = start
        self._runs: Iterator[Run] = iter(runs)
        self._lock = threading.Lock()

    def take(self) -> tuple[Run, int] | None:
        """The next run and its place in the file; None: there is no more."""
        with self._lock:
            run = next(self._runs, None)
            if run is None:
                return None
            place = self.end
            self.end += run.size
            return run, place

    def close(self) -> None:
        """Nothing more is taken: all is written, or something failed."""
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
        raise ValueError(f"a run of {run.size} bytes made {data.nbytes}")
    return data.cast("B") if run.size else memoryview(b"")


def _large_enough(buffer: Buffer, size: int) -> Buffer:
    # The same memory for run after run: new memory is as slow as the bytes that are put into it.
    return buffer if len(buffer) >= size else np.empty(size, np.uint8)


def _write_at(descriptor: int, data: memoryview, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written
