"""Runs of bytes end up in their order, whatever the number of threads and whatever goes wrong."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recon.export.binary.threaded_writer import Buffer, Run, write_runs

SIZES = [70_000, 1, 0, 300_000, 5, 120_000] * 4


def filled(value: int, size: int) -> Run:
    def make(buffer: Buffer) -> memoryview:
        assert len(buffer) == size
        buffer[:] = value
        return buffer.data

    return Run(size, make)


def mixed() -> Iterator[Run]:
    """Some fill the buffer, some have their bytes."""
    for k, size in enumerate(SIZES):
        yield filled(k, size) if k % 2 else Run.of(np.full(size, k, np.uint8).data)


EXPECTED = b"".join(bytes([k]) * size for k, size in enumerate(SIZES))


@pytest.mark.parametrize("threads", [1, 2, 7, None])
def test_runs_follow_what_is_there_and_are_followed(threads: int | None, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.write(b"before")
        write_runs(file, mixed(), threads)
        write_runs(file, [], threads)
        file.write(b"after")
    assert (tmp_path / "file").read_bytes() == b"before" + EXPECTED + b"after"


def test_runs_of_numbers_are_their_bytes(tmp_path: Path) -> None:
    numbers = np.arange(6, dtype="<f4").reshape(2, 3)
    with (tmp_path / "file").open("wb") as file:
        write_runs(file, [Run.of(numbers.data)], 2)
    assert (tmp_path / "file").read_bytes() == numbers.tobytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_gets_them_in_order(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    result: list[bytes] = []
    reader = threading.Thread(target=lambda: result.append((tmp_path / "pipe").read_bytes()), daemon=True)
    reader.start()
    with (tmp_path / "pipe").open("wb") as file:
        write_runs(file, mixed(), 4)
    reader.join(30)
    assert result == [EXPECTED]


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_run_raises_is_raised_and_the_others_are_left(threads: int, tmp_path: Path) -> None:
    taken: list[int] = []

    def runs() -> Iterator[Run]:
        for k in range(1000):
            taken.append(k)
            yield filled(k % 256, 10) if k != 5 else Run(10, lambda _: bytes_of_nothing())

    def bytes_of_nothing() -> memoryview:
        raise MemoryError("the sixth")

    with (tmp_path / "file").open("wb") as file, pytest.raises(MemoryError, match="the sixth"):
        write_runs(file, runs(), threads)
    assert len(taken) < 1000


@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_of_another_size_than_it_said_is_refused(threads: int, tmp_path: Path) -> None:
    short = Run(10, lambda buffer: buffer[:9].data)
    with (tmp_path / "file").open("wb") as file, pytest.raises(ValueError, match="10 bytes returned 9"):
        write_runs(file, [filled(1, 5), short], threads)


def test_an_array_without_rows_is_a_run_of_nothing(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        write_runs(file, [Run.of(np.empty((0, 3), np.float32).data), filled(7, 3)], 2)
    assert (tmp_path / "file").read_bytes() == bytes([7] * 3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_full_disk_is_an_error(threads: int) -> None:
    with pytest.raises(OSError) as failed, open("/dev/full", "wb", buffering=0) as file:
        write_runs(file, mixed(), threads)
    assert failed.value.errno == errno.ENOSPC
